/**
 * The Internet checksum. Follows RFC 1071 (sum), RFC 1624 §3 (incremental update).
 * A partial sum is a plain number that may exceed 16 bits; `fold` ends it.
 */
import { u16be } from '../base/bytes.ts';

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

/**
 * Fills the checksum that the sender left to a later stage: the field already holds the pseudo-header sum (as in virtio and skb
 * CHECKSUM_PARTIAL). A computed 0 is stored as 0xffff, since 0 means "none" to UDP and both are right for TCP.
 */
export function fillPartialChecksum(b: Uint8Array, start: number, offset: number, end: number): void {
  if (start + offset + 2 > end) return;
  const sum = finish(addWords(0, b, start, end)) || 0xffff;
  b[start + offset] = sum >>> 8;
  b[start + offset + 1] = sum;
}

/** Whether the 16-bit field at `at` is 0 (UDP: no checksum was computed). */
export const isZeroField = (b: Uint8Array, at: number): boolean => u16be(b, at) === 0;
