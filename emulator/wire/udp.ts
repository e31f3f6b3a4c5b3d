/** UDP header. Follows RFC 768, RFC 1122 §4.1. */
import { put16be, u16be } from '../base/bytes.ts';
import type { Ipv4Addr } from '../base/address.ts';
import { addWords, finish, pseudoHeader } from './checksum.ts';
import { PROTO_UDP } from './ipv4.ts';

const SRC_PORT = 0;
const DST_PORT = 2;
const LENGTH = 4;
const CHECKSUM = 6;
export const UDP_HEADER = 8;

export type UdpFault = 'truncated' | 'length-below-header' | 'length-past-end' | 'bad-checksum';

/** A UDP datagram in place, `bytes[at..end)`. Call `fault()` once before any getter. */
export class UdpView {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** With the addresses of the packet: a zero checksum means none was computed. */
  fault(src: Ipv4Addr, dst: Ipv4Addr): UdpFault | undefined {
    if (this.end - this.at < UDP_HEADER) return 'truncated';
    if (this.length < UDP_HEADER) return 'length-below-header';
    if (this.at + this.length > this.end) return 'length-past-end';
    if (u16be(this.bytes, this.at + CHECKSUM) !== 0) {
      const sum = addWords(
        pseudoHeader(src, dst, PROTO_UDP, this.length),
        this.bytes,
        this.at,
        this.at + this.length,
      );
      if (finish(sum) !== 0) return 'bad-checksum';
    }
    return undefined;
  }

  get srcPort(): number {
    return u16be(this.bytes, this.at + SRC_PORT);
  }
  get dstPort(): number {
    return u16be(this.bytes, this.at + DST_PORT);
  }
  /** "Length": header and data. */
  get length(): number {
    return u16be(this.bytes, this.at + LENGTH);
  }
  get payload(): number {
    return this.at + UDP_HEADER;
  }
  get payloadEnd(): number {
    return this.at + this.length;
  }
}

/** Writes header and checksum; the data must already stand at `at + UDP_HEADER … end`. A computed 0 is sent as 0xffff (RFC 768). */
export function putUdp(
  b: Uint8Array,
  at: number,
  end: number,
  src: Ipv4Addr,
  dst: Ipv4Addr,
  srcPort: number,
  dstPort: number,
): void {
  const length = end - at;
  put16be(b, at + SRC_PORT, srcPort);
  put16be(b, at + DST_PORT, dstPort);
  put16be(b, at + LENGTH, length);
  put16be(b, at + CHECKSUM, 0);
  const sum = finish(addWords(pseudoHeader(src, dst, PROTO_UDP, length), b, at, end));
  put16be(b, at + CHECKSUM, sum === 0 ? 0xffff : sum);
}
