/**
 * ARP for IPv4 over Ethernet. Follows RFC 826; RFC 5227 for probes and announcements. Leaves out other hardware and protocol types.
 */
import { put16be, put32be, put48be, u16be, u32be, u48be } from '../base/bytes.ts';
import type { Ipv4Addr, MacAddr } from '../base/address.ts';
import { ETHERNET_HEADER } from './ethernet.ts';

const HTYPE = 0;
const PTYPE = 2;
const HLEN = 4;
const PLEN = 5;
const OPER = 6;
const SHA = 8;
const SPA = 14;
const THA = 18;
const TPA = 24;
export const ARP_LENGTH = 28;
/** Bytes of an unpadded ARP frame. */
export const ARP_FRAME = ETHERNET_HEADER + ARP_LENGTH;

export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;

export interface Arp {
  readonly oper: number;
  readonly sha: MacAddr;
  readonly spa: Ipv4Addr;
  readonly tha: MacAddr;
  readonly tpa: Ipv4Addr;
}

export type ArpFault = 'truncated' | 'not-ethernet-ipv4';

/** Parses the ARP packet at `b[at..end)`. */
export function parseArp(b: Uint8Array, at: number, end: number): Arp | ArpFault {
  if (end - at < ARP_LENGTH) return 'truncated';
  if (
    u16be(b, at + HTYPE) !== 1 ||
    u16be(b, at + PTYPE) !== 0x0800 ||
    b[at + HLEN] !== 6 ||
    b[at + PLEN] !== 4
  )
    return 'not-ethernet-ipv4';
  return {
    oper: u16be(b, at + OPER),
    sha: u48be(b, at + SHA) as MacAddr,
    spa: u32be(b, at + SPA) as Ipv4Addr,
    tha: u48be(b, at + THA) as MacAddr,
    tpa: u32be(b, at + TPA) as Ipv4Addr,
  };
}

export function putArp(b: Uint8Array, at: number, arp: Arp): void {
  put16be(b, at + HTYPE, 1);
  put16be(b, at + PTYPE, 0x0800);
  b[at + HLEN] = 6;
  b[at + PLEN] = 4;
  put16be(b, at + OPER, arp.oper);
  put48be(b, at + SHA, arp.sha);
  put32be(b, at + SPA, arp.spa);
  put48be(b, at + THA, arp.tha);
  put32be(b, at + TPA, arp.tpa);
}
