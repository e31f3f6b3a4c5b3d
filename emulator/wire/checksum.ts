/**
 * The Internet checksum. Follows RFC 1071 (sum), RFC 1624 §3 (incremental update).
 * A partial sum is a plain number that may exceed 16 bits; `fold` ends it.
 */
import { put16be, u16be } from '../base/bytes.ts';
import type { Offload } from '../base/frame.ts';

/** Adds the 16-bit words of `b[from..to)` to `sum`; an odd last byte counts as its high half. At most 64 KiB a call, so the sum stays exact. */
export function addWords(sum: number, b: Uint8Array, from: number, to: number): number {
  const even = to - ((to - from) & 1);
  let total = sum;
  for (let i = from; i < even; i += 2) total += (b[i]! << 8) | b[i + 1]!;
  if (even !== to) total += b[even]! << 8;
  return total;
}

/** Folds a partial sum to 16 bits, without inverting. */
export function fold(sum: number): number {
  let s = sum;
  while (s > 0xffff) s = (s & 0xffff) + Math.floor(s / 0x1_0000);
  return s;
}

/** The checksum field for a partial sum. */
export const finish = (sum: number): number => ~fold(sum) & 0xffff;

/** Checksum of `b[from..to)`; 0 when the range includes its own right checksum. */
export const checksum = (b: Uint8Array, from: number, to: number): number => finish(addWords(0, b, from, to));

/** Partial sum of the IPv4 pseudo header (RFC 9293 §3.1, RFC 768). */
export function pseudoHeader(src: number, dst: number, protocol: number, length: number): number {
  return (src >>> 16) + (src & 0xffff) + (dst >>> 16) + (dst & 0xffff) + protocol + length;
}

/** New value of checksum field `old` after a 16-bit word changed from `before` to `after` (RFC 1624 eqn. 3). */
export const updateChecksum = (old: number, before: number, after: number): number =>
  finish((~old & 0xffff) + (~before & 0xffff) + after);

/** Where the checksum lies in a UDP header; in TCP and ICMP it lies elsewhere. */
const UDP_CHECKSUM = 6;

/**
 * Fills in the checksum that the sender of the frame `b[at..end)` left to a later stage: its field holds the pseudo-header sum, and the
 * sum from `csumStart` to the end replaces it (virtio 1.2 §5.1.6.2, CHECKSUM_PARTIAL of an skb). A sum of 0 is sent as 0xffff by UDP
 * (RFC 768), for which 0 means "none", and as it is by others.
 * Nothing to do when `csumStart` is negative. Answers false, changing nothing, when the field would lie outside the frame.
 */
export function fillPartialChecksum(b: Uint8Array, at: number, end: number, offload: Offload): boolean {
  if (offload.csumStart < 0) return true;
  const from = at + offload.csumStart;
  const field = from + offload.csumOffset;
  if (!(offload.csumOffset >= 0 && field + 2 <= end)) return false;
  const sum = finish(addWords(0, b, from, end));
  put16be(b, field, sum === 0 && offload.csumOffset === UDP_CHECKSUM ? 0xffff : sum);
  return true;
}

/** Whether the 16-bit field at `at` is 0 (UDP: no checksum was computed). */
export const isZeroField = (b: Uint8Array, at: number): boolean => u16be(b, at) === 0;
