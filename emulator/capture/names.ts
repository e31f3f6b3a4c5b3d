/** Names of numbers, as Wireshark words them, for packet list and field tree. Sources: the IANA registries named at each table. */
type Names = Readonly<Record<number, string>>;

/** The name, or `otherwise`. */
export const nameOf = (names: Names, value: number, otherwise = 'Unknown'): string =>
  Object.hasOwn(names, value) ? names[value]! : otherwise;

export const hex2 = (n: number): string => `0x${n.toString(16).padStart(2, '0')}`;
export const hex4 = (n: number): string => `0x${n.toString(16).padStart(4, '0')}`;
export const hex8 = (n: number): string => `0x${n.toString(16).padStart(8, '0')}`;

/** IEEE 802 numbers. */
export const ETHERTYPES: Names = {
  0x0800: 'IPv4',
  0x0806: 'ARP',
  0x8035: 'RARP',
  0x8100: '802.1Q Virtual LAN',
  0x86dd: 'IPv6',
  0x8863: 'PPPoE Discovery',
  0x8864: 'PPPoE Session',
  0x88a8: '802.1ad Provider Bridge (Q-in-Q)',
  0x88b5: 'Local Experimental Ethertype 1',
  0x88b6: 'Local Experimental Ethertype 2',
  0x88cc: '802.1 Link Layer Discovery Protocol (LLDP)',
};

/** Protocol numbers. */
export const IP_PROTOCOLS: Names = {
  0: 'IPv6 Hop-by-Hop Option',
  1: 'ICMP',
  2: 'IGMP',
  4: 'IPIP',
  6: 'TCP',
  17: 'UDP',
  41: 'IPv6',
  43: 'Routing Header for IPv6',
  44: 'Fragment Header for IPv6',
  47: 'Generic Routing Encapsulation',
  50: 'Encap Security Payload',
  58: 'ICMPv6',
  59: 'IPv6 no next header',
  60: 'Destination Options for IPv6',
  89: 'OSPF',
  99: 'any private encryption scheme',
  132: 'SCTP',
};

export const ARP_OPERATIONS: Names = { 1: 'request', 2: 'reply', 3: 'reverse request', 4: 'reverse reply' };

/** ICMP parameters. */
export const ICMP_TYPES: Names = {
  0: 'Echo (ping) reply',
  3: 'Destination unreachable',
  4: 'Source quench (flow control)',
  5: 'Redirect',
  8: 'Echo (ping) request',
  9: 'Router advertisement',
  10: 'Router solicitation',
  11: 'Time-to-live exceeded',
  12: 'Parameter problem',
  13: 'Timestamp request',
  14: 'Timestamp reply',
  15: 'Information request',
  16: 'Information reply',
  17: 'Address mask request',
  18: 'Address mask reply',
};

export const ICMP_CODES: Readonly<Record<number, Names>> = {
  3: {
    0: 'Network unreachable',
    1: 'Host unreachable',
    2: 'Protocol unreachable',
    3: 'Port unreachable',
    4: 'Fragmentation needed',
    5: 'Source route failed',
    6: 'Destination network unknown',
    7: 'Destination host unknown',
    8: 'Source host isolated',
    9: 'Network administratively prohibited',
    10: 'Host administratively prohibited',
    11: 'Network unreachable for TOS',
    12: 'Host unreachable for TOS',
    13: 'Communication administratively filtered',
    14: 'Host precedence violation',
    15: 'Precedence cutoff in effect',
  },
  5: {
    0: 'Redirect for network',
    1: 'Redirect for host',
    2: 'Redirect for TOS and network',
    3: 'Redirect for TOS and host',
  },
  11: { 0: 'Time to live exceeded in transit', 1: 'Fragment reassembly time exceeded' },
  12: { 0: 'Pointer indicates the error', 1: 'Required option missing', 2: 'Bad length' },
};

/** ICMPv6 parameters. */
export const ICMPV6_TYPES: Names = {
  1: 'Destination Unreachable',
  2: 'Packet Too Big',
  3: 'Time Exceeded',
  4: 'Parameter Problem',
  128: 'Echo (ping) request',
  129: 'Echo (ping) reply',
  130: 'Multicast Listener Query',
  131: 'Multicast Listener Report',
  132: 'Multicast Listener Done',
  133: 'Router Solicitation',
  134: 'Router Advertisement',
  135: 'Neighbor Solicitation',
  136: 'Neighbor Advertisement',
  137: 'Redirect',
  143: 'Multicast Listener Report Message v2',
};

export const ICMPV6_CODES: Readonly<Record<number, Names>> = {
  1: {
    0: 'no route to destination',
    1: 'Administratively prohibited',
    2: 'Beyond scope of source address',
    3: 'Address unreachable',
    4: 'Port unreachable',
  },
  3: { 0: 'hop limit exceeded in transit', 1: 'fragment reassembly time exceeded' },
};

/** RFC 9293 §3.1, RFC 3168, RFC 3540 (bit 8), from bit 0. */
export const TCP_FLAG_NAMES: readonly string[] = [
  'FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR', 'AE',
]; // prettier-ignore

/** Bits 0 to 8 of the flags as `SYN, ACK`; `<None>` when none is set. */
export function tcpFlagText(flags: number): string {
  const set = TCP_FLAG_NAMES.filter((_, bit) => flags & (1 << bit));
  return set.length > 0 ? set.join(', ') : '<None>';
}

/** RFC 2132 §9.6. */
export const DHCP_MESSAGE_TYPES: Names = {
  1: 'Discover',
  2: 'Offer',
  3: 'Request',
  4: 'Decline',
  5: 'ACK',
  6: 'NAK',
  7: 'Release',
  8: 'Inform',
};

/** BOOTP vendor extensions and DHCP options. */
export const DHCP_OPTIONS: Names = {
  1: 'Subnet Mask',
  2: 'Time Offset',
  3: 'Router',
  4: 'Time Server',
  5: 'Name Server',
  6: 'Domain Name Server',
  7: 'Log Server',
  12: 'Host Name',
  15: 'Domain Name',
  17: 'Root Path',
  26: 'Interface MTU',
  28: 'Broadcast Address',
  33: 'Static Route',
  40: 'Network Information Service Domain',
  41: 'Network Information Service Servers',
  42: 'Network Time Protocol Servers',
  43: 'Vendor-Specific Information',
  44: 'NetBIOS over TCP/IP Name Server',
  50: 'Requested IP Address',
  51: 'IP Address Lease Time',
  52: 'Option Overload',
  53: 'DHCP Message Type',
  54: 'DHCP Server Identifier',
  55: 'Parameter Request List',
  56: 'Message',
  57: 'Maximum DHCP Message Size',
  58: 'Renewal Time Value',
  59: 'Rebinding Time Value',
  60: 'Vendor class identifier',
  61: 'Client identifier',
  66: 'TFTP Server Name',
  67: 'Bootfile name',
  80: 'Rapid Commit',
  81: 'Client Fully Qualified Domain Name',
  82: 'Agent Information Option',
  119: 'Domain Search',
  121: 'Classless Static Route',
  255: 'End',
};

/** DNS parameters. */
export const DNS_TYPES: Names = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  13: 'HINFO',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  41: 'OPT',
  43: 'DS',
  46: 'RRSIG',
  47: 'NSEC',
  48: 'DNSKEY',
  64: 'SVCB',
  65: 'HTTPS',
  255: 'ANY',
  257: 'CAA',
};

export const DNS_OPCODES: Names = {
  0: 'Standard query',
  1: 'Inverse query',
  2: 'Server status request',
  4: 'Zone change notification',
  5: 'Dynamic update',
};

export const DNS_RCODES: Names = {
  0: 'No error',
  1: 'Format error',
  2: 'Server failure',
  3: 'No such name',
  4: 'Not implemented',
  5: 'Refused',
  6: 'Name exists',
  7: 'RRset exists',
  8: 'RRset does not exist',
  9: 'Not authoritative',
  10: 'Name out of zone',
};

/** RFC 1350 §5. */
export const TFTP_OPCODES: Names = {
  1: 'Read Request',
  2: 'Write Request',
  3: 'Data Packet',
  4: 'Acknowledgement',
  5: 'Error Code',
  6: 'Option Acknowledgement',
};

export const TFTP_ERRORS: Names = {
  0: 'Not defined',
  1: 'File not found',
  2: 'Access violation',
  3: 'Disk full or allocation exceeded',
  4: 'Illegal TFTP Operation',
  5: 'Unknown transfer ID',
  6: 'File already exists',
  7: 'No such user',
  8: 'Option negotiation failed',
};
