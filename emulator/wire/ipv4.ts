/**
 * IPv4 header. Follows RFC 791; RFC 6864 (identification). Options are kept in place but not interpreted.
 *
 *   version|ihl(1) tos(1) length(2) id(2) flags|offset(2) ttl(1) protocol(1) checksum(2) src(4) dst(4)
 */
import { put16be, put32be, u16be, u32be } from '../base/bytes.ts';
import type { Ipv4Addr } from '../base/address.ts';
import { addWords, checksum, finish } from './checksum.ts';

const VERSION_IHL = 0;
const TOS = 1;
const LENGTH = 2;
const ID = 4;
const FLAGS_OFFSET = 6;
const TTL = 8;
const PROTOCOL = 9;
const CHECKSUM = 10;
const SRC = 12;
const DST = 16;
export const IPV4_HEADER = 20;

export const IPV4_DF = 0x4000;
export const IPV4_MF = 0x2000;
export const PROTO_ICMP = 1;
export const PROTO_TCP = 6;
export const PROTO_UDP = 17;
/** ICMP of IPv6; the two share one table of numbers. */
export const PROTO_ICMPV6 = 58;

export type Ipv4Fault =
  | 'truncated'
  | 'not-version-4'
  | 'header-length-below-minimum'
  | 'header-past-end'
  | 'length-below-header'
  | 'length-past-end'
  | 'bad-checksum';

/** An IPv4 packet in place, `bytes[at..end)`. Call `fault()` once before any getter. `end` may include link padding. */
export class Ipv4View {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** The first thing wrong with the header, in the order of RFC 1122 §3.2.1. */
  fault(): Ipv4Fault | undefined {
    const room = this.end - this.at;
    if (room < IPV4_HEADER) return 'truncated';
    if (this.bytes[this.at]! >>> 4 !== 4) return 'not-version-4';
    const header = this.headerLength;
    if (header < IPV4_HEADER) return 'header-length-below-minimum';
    if (header > room) return 'header-past-end';
    if (this.length < header) return 'length-below-header';
    if (this.length > room) return 'length-past-end';
    if (checksum(this.bytes, this.at, this.at + header) !== 0) return 'bad-checksum';
    return undefined;
  }

  /** "IHL" in bytes. */
  get headerLength(): number {
    return (this.bytes[this.at + VERSION_IHL]! & 0x0f) << 2;
  }
  get tos(): number {
    return this.bytes[this.at + TOS]!;
  }
  /** "Total Length". */
  get length(): number {
    return u16be(this.bytes, this.at + LENGTH);
  }
  get id(): number {
    return u16be(this.bytes, this.at + ID);
  }
  get dontFragment(): boolean {
    return (this.bytes[this.at + FLAGS_OFFSET]! & 0x40) !== 0;
  }
  get moreFragments(): boolean {
    return (this.bytes[this.at + FLAGS_OFFSET]! & 0x20) !== 0;
  }
  /** "Fragment Offset" in bytes. */
  get fragmentOffset(): number {
    return (u16be(this.bytes, this.at + FLAGS_OFFSET) & 0x1fff) << 3;
  }
  get isFragment(): boolean {
    return this.moreFragments || this.fragmentOffset !== 0;
  }
  get ttl(): number {
    return this.bytes[this.at + TTL]!;
  }
  get protocol(): number {
    return this.bytes[this.at + PROTOCOL]!;
  }
  get src(): Ipv4Addr {
    return u32be(this.bytes, this.at + SRC) as Ipv4Addr;
  }
  get dst(): Ipv4Addr {
    return u32be(this.bytes, this.at + DST) as Ipv4Addr;
  }
  /** Where the payload starts. */
  get payload(): number {
    return this.at + this.headerLength;
  }
  /** Where the packet ends (link padding excluded). */
  get packetEnd(): number {
    return this.at + this.length;
  }
}

export interface Ipv4Fields {
  readonly tos: number;
  /** Total length with header. */
  readonly length: number;
  readonly id: number;
  /** `IPV4_DF`, `IPV4_MF` and the offset in units of 8 bytes. */
  readonly flagsOffset: number;
  readonly ttl: number;
  readonly protocol: number;
  readonly src: Ipv4Addr;
  readonly dst: Ipv4Addr;
}

/** Writes a 20-byte header with its checksum. */
export function putIpv4(b: Uint8Array, at: number, f: Ipv4Fields): void {
  b[at + VERSION_IHL] = 0x45;
  b[at + TOS] = f.tos;
  put16be(b, at + LENGTH, f.length);
  put16be(b, at + ID, f.id);
  put16be(b, at + FLAGS_OFFSET, f.flagsOffset);
  b[at + TTL] = f.ttl;
  b[at + PROTOCOL] = f.protocol;
  put16be(b, at + CHECKSUM, 0);
  put32be(b, at + SRC, f.src);
  put32be(b, at + DST, f.dst);
  put16be(b, at + CHECKSUM, finish(addWords(0, b, at, at + IPV4_HEADER)));
}
