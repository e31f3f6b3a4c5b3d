/**
 * What a user-mode NAT can be told: address plan, services, limits, and the profile that says which of libslirp's habits it has.
 * Addresses and defaults are QEMU's (`-netdev user`). Leaves out IPv6, SMB, guest forwards and TFTP.
 */
import { IPV4_BROADCAST, ipv4, prefixMask, sameNetwork } from '../base/address.ts';
import type { Ipv4Addr, MacAddr } from '../base/address.ts';
import { MILLISECOND, SECOND, type Nanos } from '../base/clock.ts';
import type { HostPolicy } from '../base/host-sockets.ts';
import { SLIRP_TCP, type TcpConfig } from '../net/tcp/config.ts';

/**
 * How the NAT differs from one generation of slirp to the next, as data. Only switches the code reads are here; what concerns TCP itself
 * (buffers, MSS, timers, acknowledgements) is the engine's own record, `tcp`.
 */
export interface SlirpProfile {
  readonly name: string;
  readonly tcp: TcpConfig;
  /** Initial sequence numbers: RFC 6528's keyed hash, or slirp's counter that starts at 64001. */
  readonly iss: 'hash' | 'counter';
  /** What a guest sees when the far side resets. */
  readonly resetFromHost: 'reset' | 'fin';
  /** What the far side sees when the guest resets. */
  readonly resetToHost: 'reset' | 'close';
  /** A connect that fails for another reason than refusal, found out later: an ICMP error, or a reset as in QEMU 1.4. */
  readonly lateConnectError: 'icmp' | 'reset';
  /** Zeros up to 60 bytes (since libslirp 4.8). */
  readonly padTo60: boolean;
  /** Every port of the DNS address leads to the name server, not just 53 (before libslirp 4.3). */
  readonly dnsAnyPort: boolean;
  /** UDP passes the guest's TTL less one on and answers TTL 1 with "time exceeded". */
  readonly udpTtl: boolean;
  /** The same for pings. */
  readonly pingTtl: boolean;
  /** Who may answer a guest's UDP socket: hosts it has written to, or anyone (full cone). */
  readonly udpFilter: 'address' | 'none';
  /** Source of a forwarded ICMP error: the offender as the guest knows it, or as the host does (leaks 127.0.0.1). */
  readonly errorSource: 'translated' | 'host';
  /** Addresses of the virtual network that nobody owns: refused with 3/1, or handed to the host. */
  readonly unusedAddresses: 'refuse' | 'hand-on';
  /** Broadcast datagrams: dropped, or delivered to the host's loopback. */
  readonly broadcast: 'drop' | 'loopback';
  /** Loopback addresses written by the guest itself (127/8, 0/8): refused, or connected to. */
  readonly loopbackAddresses: 'refuse' | 'hand-on';
  readonly ipIdStart: 'random' | 'zero';
  /** DHCPNAK carries option 54 and yiaddr 0 (RFC 2131 table 3), instead of neither. */
  readonly nakByTheBook: boolean;
  /** ARP requests for one address: one a second, or one for each waiting packet. */
  readonly arpRequests: 'per-second' | 'per-packet';
}

/** Our own: slirp's visible addresses and services, none of its defects, with limits. */
export const LAB_PROFILE: SlirpProfile = {
  name: 'lab',
  tcp: SLIRP_TCP,
  iss: 'hash',
  resetFromHost: 'reset',
  resetToHost: 'reset',
  lateConnectError: 'icmp',
  padTo60: true,
  dnsAnyPort: false,
  udpTtl: true,
  pingTtl: true,
  udpFilter: 'address',
  errorSource: 'translated',
  unusedAddresses: 'refuse',
  broadcast: 'drop',
  loopbackAddresses: 'refuse',
  ipIdStart: 'random',
  nakByTheBook: true,
  arpRequests: 'per-second',
};

/** Every queue and table has an end. libslirp has hardly any of these limits. */
export interface SlirpLimits {
  readonly tcpFlows: number;
  /** Host connects without a result. */
  readonly halfOpen: number;
  readonly udpFlows: number;
  /** Remote endpoints remembered for one UDP flow. */
  readonly udpRemotes: number;
  /** Datagrams of one UDP flow that wait for the guest before the host socket is no longer read. */
  readonly udpQueue: number;
  /** Ping sockets, one for each guest address and echo identifier. */
  readonly pingFlows: number;
  /** Echo requests without an answer, over all sockets. */
  readonly pingsOutstanding: number;
  readonly reassemblyQueues: number;
  readonly reassemblyFragments: number;
  readonly reassemblyBytes: number;
  /** Packets that wait for one guest address to be resolved, and addresses waited for. */
  readonly arpWaitPackets: number;
  readonly arpWaitAddresses: number;
  /** Packets in one chain of the output queue. */
  readonly chainPackets: number;
  /** Accepted host connections not yet looked at. */
  readonly acceptQueue: number;
  /** Host sockets opened: sustained rate and burst, so that a guest's port scan does not become ours. */
  readonly socketsPerSecond: number;
  readonly socketsBurst: number;
  /** Frames to the guest per main-loop turn. */
  readonly framesPerTurn: number;
}

export const DEFAULT_LIMITS: SlirpLimits = {
  tcpFlows: 512,
  halfOpen: 64,
  udpFlows: 256,
  udpRemotes: 32,
  udpQueue: 4,
  pingFlows: 32,
  pingsOutstanding: 32,
  reassemblyQueues: 16,
  reassemblyFragments: 64,
  reassemblyBytes: 256 * 1024,
  arpWaitPackets: 16,
  arpWaitAddresses: 16,
  chainPackets: 64,
  acceptQueue: 64,
  socketsPerSecond: 50,
  socketsBurst: 100,
  framesPerTurn: 64,
};

/** A port of the host that leads into the guest. */
export interface HostForward {
  readonly protocol: 'tcp' | 'udp';
  readonly hostAddr: Ipv4Addr;
  readonly hostPort: number;
  /** 10.0.2.15 unless the guest is known to have another one. */
  readonly guestAddr: Ipv4Addr;
  readonly guestPort: number;
}

export interface SlirpConfig {
  readonly network: Ipv4Addr;
  readonly prefix: number;
  /** The gateway: to the guest, "the host". */
  readonly host: Ipv4Addr;
  readonly dns: Ipv4Addr;
  readonly dhcpStart: Ipv4Addr;
  readonly dhcpLeases: number;
  /** Of the guest's link, 68 to 65521. */
  readonly mtu: number;
  /** No way out: only ARP, DHCP, ping to our own addresses, and forwards. */
  readonly restricted: boolean;
  /** 10.0.2.2 does not lead to the host's own services. */
  readonly disableHostLoopback: boolean;
  readonly disableDns: boolean;
  readonly disableDhcp: boolean;
  /** DHCP option 12, at most 32 characters; '' sends none. */
  readonly hostname: string;
  /** Option 15. */
  readonly domainName: string;
  /** Option 119. */
  readonly dnsSearch: readonly string[];
  /** BOOTP `file`, shorter than 128; an http(s) URL adds option 60 `HTTPClient`. */
  readonly bootfile: string;
  /** Option 66. */
  readonly tftpServerName: string;
  readonly forwards: readonly HostForward[];
  readonly profile: SlirpProfile;
  readonly limits: SlirpLimits;
  /** Decides on translated addresses; mandatory in front of a real network. */
  readonly policy: HostPolicy | null;
}

export const DEFAULT_CONFIG: SlirpConfig = {
  network: ipv4('10.0.2.0'),
  prefix: 24,
  host: ipv4('10.0.2.2'),
  dns: ipv4('10.0.2.3'),
  dhcpStart: ipv4('10.0.2.15'),
  dhcpLeases: 16,
  mtu: 1500,
  restricted: false,
  disableHostLoopback: false,
  disableDns: false,
  disableDhcp: false,
  hostname: '',
  domainName: '',
  dnsSearch: [],
  bootfile: '',
  tftpServerName: '',
  forwards: [],
  profile: LAB_PROFILE,
  limits: DEFAULT_LIMITS,
  policy: null,
};

/** A UDP flow or ping socket without traffic ends after this long. */
export const UDP_IDLE_NS: Nanos = 240 * SECOND;
/** A DNS flow ends this long after its answer. */
export const DNS_IDLE_NS: Nanos = 10 * SECOND;
/** A host connect without a result is given up. */
export const CONNECT_NS: Nanos = 75 * SECOND;
/** A FIN no one acknowledges, or a connection whose host side is gone, is given up. */
export const LINGER_NS: Nanos = 60 * SECOND;
/** Incomplete datagrams are forgotten (RFC 791 lets the receiver choose; slirp: 60 ticks of half a second). */
export const REASSEMBLY_NS: Nanos = 30 * SECOND;
/** A packet waits this long for an ARP answer. */
export const ARP_WAIT_NS: Nanos = SECOND;
/** SYN-ACK this long after the SYN when the host side never tells a connect's result. */
export const BLIND_CONNECT_NS: Nanos = 150 * MILLISECOND;

export const isOwn = (config: SlirpConfig, addr: Ipv4Addr): boolean =>
  addr === config.host || addr === config.dns;

export const inNetwork = (config: SlirpConfig, addr: Ipv4Addr): boolean =>
  sameNetwork(addr, config.network, config.prefix);

export const networkBroadcast = (config: SlirpConfig): Ipv4Addr =>
  ((config.network | ~prefixMask(config.prefix)) >>> 0) as Ipv4Addr;

/** Limited or network broadcast. */
export const isBroadcast = (config: SlirpConfig, addr: Ipv4Addr): boolean =>
  addr === IPV4_BROADCAST || addr === networkBroadcast(config);

/** 127/8 or 0/8: never on a wire (RFC 1122 §3.2.1.3). */
export const isLoopback = (addr: Ipv4Addr): boolean => addr >>> 24 === 127 || addr >>> 24 === 0;

/** 52:55 and the address: the MAC of an address the NAT owns. */
export const macOf = (addr: Ipv4Addr): MacAddr => (0x5255_0000_0000 + addr) as MacAddr;

/** An IPv4 endpoint as one number (48 bits), for map keys. */
export const endpointKey = (addr: Ipv4Addr, port: number): number => addr * 0x1_0000 + port;
export const keyAddr = (key: number): Ipv4Addr => Math.floor(key / 0x1_0000) as Ipv4Addr;
export const keyPort = (key: number): number => key % 0x1_0000;
