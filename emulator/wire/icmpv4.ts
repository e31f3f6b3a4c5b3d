/** ICMP for IPv4. Follows RFC 792, RFC 1122 §3.2.2, RFC 1191 (next-hop MTU). Leaves out redirect, timestamp and address mask. */
import { put16be, u16be } from '../base/bytes.ts';
import { checksum } from './checksum.ts';

export const ICMP_HEADER = 8;
export const ICMP_ECHO_REPLY = 0;
export const ICMP_UNREACHABLE = 3;
export const ICMP_ECHO_REQUEST = 8;
export const ICMP_TIME_EXCEEDED = 11;

export const UNREACH_NET = 0;
export const UNREACH_HOST = 1;
export const UNREACH_PROTOCOL = 2;
export const UNREACH_PORT = 3;
export const UNREACH_NEEDFRAG = 4;
export const UNREACH_ADMIN = 13;

export type IcmpFault = 'truncated' | 'bad-checksum';

/** An ICMP message in place, `bytes[at..end)`. Call `fault()` once before any getter. */
export class IcmpView {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  fault(): IcmpFault | undefined {
    if (this.end - this.at < ICMP_HEADER) return 'truncated';
    if (checksum(this.bytes, this.at, this.end) !== 0) return 'bad-checksum';
    return undefined;
  }

  get type(): number {
    return this.bytes[this.at]!;
  }
  get code(): number {
    return this.bytes[this.at + 1]!;
  }
  /** Echo: "Identifier". */
  get id(): number {
    return u16be(this.bytes, this.at + 4);
  }
  /** Echo: "Sequence Number"; 3/4: "Next-Hop MTU". */
  get sequence(): number {
    return u16be(this.bytes, this.at + 6);
  }
  /** Echo data, or the packet quoted by an error. */
  get data(): number {
    return this.at + ICMP_HEADER;
  }
}

/** Writes header and checksum; the data must already stand at `at + ICMP_HEADER … end`. */
export function putIcmp(
  b: Uint8Array,
  at: number,
  end: number,
  type: number,
  code: number,
  id: number,
  sequence: number,
): void {
  b[at] = type;
  b[at + 1] = code;
  put16be(b, at + 2, 0);
  put16be(b, at + 4, id);
  put16be(b, at + 6, sequence);
  put16be(b, at + 2, checksum(b, at, end));
}
