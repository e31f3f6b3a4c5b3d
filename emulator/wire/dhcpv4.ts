/**
 * DHCP and BOOTP messages. Follows RFC 951, RFC 2131 §2, RFC 2132. Options are an ordered list of code and bytes;
 * overloading of `sname` and `file` (option 52) is not followed.
 */
import { put16be, put32be, put48be, u16be, u32be, u48be } from '../base/bytes.ts';
import { IPV4_ANY, MAC_NONE, type Ipv4Addr, type MacAddr } from '../base/address.ts';

export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;
export const BOOTREQUEST = 1;
export const BOOTREPLY = 2;

const HLEN_ETHERNET = 6;
const MAGIC = 0x6382_5363;
const OPTIONS = 240;
/** Length of a BOOTP header with the magic cookie. */
export const DHCP_HEADER = OPTIONS;

export const DHCPDISCOVER = 1;
export const DHCPOFFER = 2;
export const DHCPREQUEST = 3;
export const DHCPDECLINE = 4;
export const DHCPACK = 5;
export const DHCPNAK = 6;
export const DHCPRELEASE = 7;
export const DHCPINFORM = 8;

export const OPT_SUBNET_MASK = 1;
export const OPT_ROUTER = 3;
export const OPT_DNS = 6;
export const OPT_HOST_NAME = 12;
export const OPT_DOMAIN_NAME = 15;
export const OPT_REQUESTED_IP = 50;
export const OPT_LEASE_TIME = 51;
export const OPT_MESSAGE_TYPE = 53;
export const OPT_SERVER_ID = 54;
export const OPT_PARAMETER_LIST = 55;
export const OPT_MESSAGE = 56;
export const OPT_RENEWAL_TIME = 58;
export const OPT_REBINDING_TIME = 59;
export const OPT_VENDOR_CLASS = 60;
export const OPT_CLIENT_ID = 61;

export interface DhcpOption {
  readonly code: number;
  readonly data: Uint8Array;
}

export interface Dhcp {
  readonly op: number;
  readonly xid: number;
  readonly secs: number;
  /** Bit 15: BROADCAST. */
  readonly flags: number;
  readonly ciaddr: Ipv4Addr;
  readonly yiaddr: Ipv4Addr;
  readonly siaddr: Ipv4Addr;
  readonly giaddr: Ipv4Addr;
  readonly chaddr: MacAddr;
  readonly file: string;
  readonly options: readonly DhcpOption[];
}

/** A request with nothing filled in, to be spread into a message that has something. */
export const BLANK_DHCP: Dhcp = {
  op: BOOTREQUEST,
  xid: 0,
  secs: 0,
  flags: 0,
  ciaddr: IPV4_ANY,
  yiaddr: IPV4_ANY,
  siaddr: IPV4_ANY,
  giaddr: IPV4_ANY,
  chaddr: MAC_NONE,
  file: '',
  options: [],
};

export type DhcpFault = 'truncated' | 'not-ethernet' | 'no-magic-cookie';

/** Parses `b[at..end)`. A truncated option ends the list without a fault: what stands before it still counts. */
export function parseDhcp(b: Uint8Array, at: number, end: number): Dhcp | DhcpFault {
  if (end - at < OPTIONS) return 'truncated';
  if (b[at + 1] !== 1 || b[at + 2] !== HLEN_ETHERNET) return 'not-ethernet';
  if (u32be(b, at + 236) !== MAGIC) return 'no-magic-cookie';
  let file = '';
  for (let i = at + 108; i < at + 236 && b[i] !== 0; i++) file += String.fromCharCode(b[i]!);
  const options: DhcpOption[] = [];
  let p = at + OPTIONS;
  while (p < end && b[p] !== 255) {
    if (b[p] === 0) {
      p++;
      continue;
    }
    if (p + 1 >= end || p + 2 + b[p + 1]! > end) break;
    options.push({ code: b[p]!, data: b.slice(p + 2, p + 2 + b[p + 1]!) });
    p += 2 + b[p + 1]!;
  }
  return {
    op: b[at]!,
    xid: u32be(b, at + 4),
    secs: u16be(b, at + 8),
    flags: u16be(b, at + 10),
    ciaddr: u32be(b, at + 12) as Ipv4Addr,
    yiaddr: u32be(b, at + 16) as Ipv4Addr,
    siaddr: u32be(b, at + 20) as Ipv4Addr,
    giaddr: u32be(b, at + 24) as Ipv4Addr,
    chaddr: u48be(b, at + 28) as MacAddr,
    file,
    options,
  };
}

/** Bytes `putDhcp` will write, before padding to `minimum`. */
export const dhcpLength = (m: Dhcp): number =>
  OPTIONS + m.options.reduce((sum, o) => sum + 2 + o.data.length, 0) + 1;

/** Writes the message and zeros up to `length` (at least `dhcpLength(m)`; RFC 2131 asks receivers for 576-byte packets, BOOTP for 300). */
export function putDhcp(b: Uint8Array, at: number, m: Dhcp, length: number): void {
  b.fill(0, at, at + length);
  b[at] = m.op;
  b[at + 1] = 1;
  b[at + 2] = HLEN_ETHERNET;
  put32be(b, at + 4, m.xid);
  put16be(b, at + 8, m.secs);
  put16be(b, at + 10, m.flags);
  put32be(b, at + 12, m.ciaddr);
  put32be(b, at + 16, m.yiaddr);
  put32be(b, at + 20, m.siaddr);
  put32be(b, at + 24, m.giaddr);
  put48be(b, at + 28, m.chaddr);
  for (let i = 0; i < m.file.length && i < 127; i++) b[at + 108 + i] = m.file.charCodeAt(i);
  put32be(b, at + 236, MAGIC);
  let p = at + OPTIONS;
  for (const { code, data } of m.options) {
    b[p] = code;
    b[p + 1] = data.length;
    b.set(data, p + 2);
    p += 2 + data.length;
  }
  b[p] = 255;
}

/** The first option with this code. */
export const dhcpOption = (m: Dhcp, code: number): Uint8Array | undefined =>
  m.options.find((o) => o.code === code)?.data;

/** Option 53, or 0 (plain BOOTP). */
export const dhcpMessageType = (m: Dhcp): number => dhcpOption(m, OPT_MESSAGE_TYPE)?.[0] ?? 0;

/** An option of one IPv4 address, or null. */
export function dhcpAddress(m: Dhcp, code: number): Ipv4Addr | null {
  const data = dhcpOption(m, code);
  return data && data.length >= 4 ? (u32be(data, 0) as Ipv4Addr) : null;
}

export function addressOption(code: number, ...addresses: readonly Ipv4Addr[]): DhcpOption {
  const data = new Uint8Array(4 * addresses.length);
  addresses.forEach((a, i) => put32be(data, 4 * i, a));
  return { code, data };
}

export function u32Option(code: number, value: number): DhcpOption {
  const data = new Uint8Array(4);
  put32be(data, 0, value);
  return { code, data };
}
