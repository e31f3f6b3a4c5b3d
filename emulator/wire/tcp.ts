/**
 * TCP header and options. Follows RFC 9293 §3.1–3.2, RFC 7323 (window scale, timestamps), RFC 2018 (SACK).
 *
 *   srcPort(2) dstPort(2) seq(4) ack(4) offset|reserved|flags(2) window(2) checksum(2) urgent(2) options
 */
import { put16be, put32be, u16be, u32be } from '../base/bytes.ts';
import type { Ipv4Addr } from '../base/address.ts';
import { addWords, finish, pseudoHeader } from './checksum.ts';
import { PROTO_TCP } from './ipv4.ts';

const SRC_PORT = 0;
const DST_PORT = 2;
const SEQ = 4;
const ACK = 8;
const OFFSET = 12;
const FLAGS = 13;
const WINDOW = 14;
const CHECKSUM = 16;
const URGENT = 18;
export const TCP_HEADER = 20;
/** Where the checksum field is, for checksum offload. */
export const TCP_CHECKSUM_OFFSET = CHECKSUM;

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK_FLAG = 0x10;
export const URG = 0x20;
export const ECE = 0x40;
export const CWR = 0x80;

export const OPT_END = 0;
export const OPT_NOP = 1;
export const OPT_MSS = 2;
export const OPT_WINDOW_SCALE = 3;
export const OPT_SACK_PERMITTED = 4;
export const OPT_SACK = 5;
export const OPT_TIMESTAMPS = 8;

export type TcpFault = 'truncated' | 'data-offset-below-header' | 'data-offset-past-end' | 'bad-checksum';

/** A TCP segment in place, `bytes[at..end)`. Call `fault()` once before any getter. */
export class TcpView {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  fault(src: Ipv4Addr, dst: Ipv4Addr): TcpFault | undefined {
    if (this.end - this.at < TCP_HEADER) return 'truncated';
    if (this.headerLength < TCP_HEADER) return 'data-offset-below-header';
    if (this.at + this.headerLength > this.end) return 'data-offset-past-end';
    const sum = addWords(
      pseudoHeader(src, dst, PROTO_TCP, this.end - this.at),
      this.bytes,
      this.at,
      this.end,
    );
    if (finish(sum) !== 0) return 'bad-checksum';
    return undefined;
  }

  get srcPort(): number {
    return u16be(this.bytes, this.at + SRC_PORT);
  }
  get dstPort(): number {
    return u16be(this.bytes, this.at + DST_PORT);
  }
  get seq(): number {
    return u32be(this.bytes, this.at + SEQ);
  }
  get ack(): number {
    return u32be(this.bytes, this.at + ACK);
  }
  /** "Data Offset" in bytes. */
  get headerLength(): number {
    return (this.bytes[this.at + OFFSET]! >>> 4) << 2;
  }
  get flags(): number {
    return this.bytes[this.at + FLAGS]!;
  }
  /** As sent, without scaling. */
  get window(): number {
    return u16be(this.bytes, this.at + WINDOW);
  }
  get urgent(): number {
    return u16be(this.bytes, this.at + URGENT);
  }
  get payload(): number {
    return this.at + this.headerLength;
  }
  get payloadLength(): number {
    return this.end - this.at - this.headerLength;
  }
}

/** The options a stack acts on; what a segment does not carry is `null` (or empty). */
export interface TcpOptions {
  readonly mss: number | null;
  readonly windowScale: number | null;
  readonly sackPermitted: boolean;
  readonly timestamps: { readonly value: number; readonly echo: number } | null;
  /** Pairs of left and right edge, flattened. */
  readonly sack: readonly number[];
}

export const NO_TCP_OPTIONS: TcpOptions = {
  mss: null,
  windowScale: null,
  sackPermitted: false,
  timestamps: null,
  sack: [],
};

/** Reads the options of a segment whose `fault()` was undefined. A malformed option ends the reading (RFC 9293 §3.2). */
export function parseTcpOptions(view: TcpView): TcpOptions {
  const b = view.bytes;
  const end = view.payload;
  let at = view.at + TCP_HEADER;
  if (at === end) return NO_TCP_OPTIONS;
  let mss: number | null = null;
  let windowScale: number | null = null;
  let sackPermitted = false;
  let timestamps: TcpOptions['timestamps'] = null;
  const sack: number[] = [];
  while (at < end) {
    const kind = b[at]!;
    if (kind === OPT_END) break;
    if (kind === OPT_NOP) {
      at++;
      continue;
    }
    if (at + 1 >= end) break;
    const length = b[at + 1]!;
    if (length < 2 || at + length > end) break;
    if (kind === OPT_MSS && length === 4) mss = u16be(b, at + 2);
    else if (kind === OPT_WINDOW_SCALE && length === 3) windowScale = Math.min(b[at + 2]!, 14);
    else if (kind === OPT_SACK_PERMITTED && length === 2) sackPermitted = true;
    else if (kind === OPT_TIMESTAMPS && length === 10)
      timestamps = { value: u32be(b, at + 2), echo: u32be(b, at + 6) };
    else if (kind === OPT_SACK && (length - 2) % 8 === 0)
      for (let i = at + 2; i < at + length; i += 4) sack.push(u32be(b, i));
    at += length;
  }
  return { mss, windowScale, sackPermitted, timestamps, sack };
}

/**
 * Writes the options at `at` in the order Linux sends them (MSS, SACK permitted, timestamps, NOP, window scale in a SYN;
 * NOP NOP timestamps, NOP NOP SACK otherwise) and returns their length, a multiple of 4 and at most 40.
 */
export function putTcpOptions(b: Uint8Array, at: number, o: TcpOptions): number {
  let p = at;
  if (o.mss !== null) {
    b[p] = OPT_MSS;
    b[p + 1] = 4;
    put16be(b, p + 2, o.mss);
    p += 4;
  }
  if (o.timestamps !== null) {
    if (o.sackPermitted) {
      b[p++] = OPT_SACK_PERMITTED;
      b[p++] = 2;
    } else {
      b[p++] = OPT_NOP;
      b[p++] = OPT_NOP;
    }
    b[p] = OPT_TIMESTAMPS;
    b[p + 1] = 10;
    put32be(b, p + 2, o.timestamps.value);
    put32be(b, p + 6, o.timestamps.echo);
    p += 10;
  } else if (o.sackPermitted) {
    b[p++] = OPT_NOP;
    b[p++] = OPT_NOP;
    b[p++] = OPT_SACK_PERMITTED;
    b[p++] = 2;
  }
  if (o.windowScale !== null) {
    b[p++] = OPT_NOP;
    b[p++] = OPT_WINDOW_SCALE;
    b[p++] = 3;
    b[p++] = o.windowScale;
  }
  const blocks = Math.min(o.sack.length >> 1, (40 - (p - at) - 4) >> 3);
  if (blocks > 0) {
    b[p++] = OPT_NOP;
    b[p++] = OPT_NOP;
    b[p++] = OPT_SACK;
    b[p++] = 2 + 8 * blocks;
    for (let i = 0; i < 2 * blocks; i++, p += 4) put32be(b, p, o.sack[i]!);
  }
  return p - at;
}

export interface TcpFields {
  readonly srcPort: number;
  readonly dstPort: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  /** As sent, without scaling. */
  readonly window: number;
  readonly urgent: number;
}

/** Writes the header before options and data (which must already stand behind it, `headerLength` counting the options) and the checksum. */
export function putTcp(
  b: Uint8Array,
  at: number,
  end: number,
  headerLength: number,
  src: Ipv4Addr,
  dst: Ipv4Addr,
  f: TcpFields,
): void {
  put16be(b, at + SRC_PORT, f.srcPort);
  put16be(b, at + DST_PORT, f.dstPort);
  put32be(b, at + SEQ, f.seq);
  put32be(b, at + ACK, f.ack);
  b[at + OFFSET] = (headerLength >> 2) << 4;
  b[at + FLAGS] = f.flags;
  put16be(b, at + WINDOW, f.window);
  put16be(b, at + CHECKSUM, 0);
  put16be(b, at + URGENT, f.urgent);
  put16be(b, at + CHECKSUM, finish(addWords(pseudoHeader(src, dst, PROTO_TCP, end - at), b, at, end)));
}

/** `SYN,ACK` – flags by name, for logs and packet lists. */
export function flagNames(flags: number): string {
  const names = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];
  return names.filter((_, bit) => flags & (1 << bit)).join(',');
}
