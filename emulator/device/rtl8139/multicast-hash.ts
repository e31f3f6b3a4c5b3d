/**
 * The multicast filter: which of the 64 bits of MAR0–7 a group address selects.
 * Follows: RTL8139C data sheet, "Multicast Registers": the top six bits of the CRC-32 of the address, computed most
 * significant bit first and not inverted at the end.
 */
import { crc32 } from '../../wire/crc32.ts';

/**
 * Index (0 to 63) of the address at `bytes[at..at+6)`. The FCS arithmetic keeps its register mirrored and inverts it at the end;
 * undoing both, the top six bits are the lowest six in reverse order.
 */
export function multicastIndex(bytes: Uint8Array, at: number): number {
  const mirrored = ~crc32(bytes, at, at + 6);
  let index = 0;
  for (let bit = 0; bit < 6; bit++) index = (index << 1) | ((mirrored >>> bit) & 1);
  return index;
}

/** Whether the filter `mar` (8 bytes) lets the group address at `bytes[at..at+6)` pass. */
export function multicastPasses(mar: Uint8Array, bytes: Uint8Array, at: number): boolean {
  const index = multicastIndex(bytes, at);
  return ((mar[index >>> 3]! >>> (index & 7)) & 1) === 1;
}
