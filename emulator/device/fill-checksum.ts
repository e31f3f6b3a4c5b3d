/**
 * Finishes what a sender with checksum offload left undone, for cards that deliver only complete frames.
 * Follows: virtio 1.2 §5.1.6.2 (`csum_start`, `csum_offset`): the field holds the sum of the pseudo header; the sum from `csumStart` to
 * the end of the frame replaces it. RFC 1071 for the arithmetic, RFC 768 for UDP's zero.
 */
import type { Offload } from '../base/frame.ts';
import { put16be } from '../base/bytes.ts';

/** Where the checksum lies in a UDP header; in TCP and ICMP it lies elsewhere. */
const UDP_CHECKSUM = 6;

/**
 * Fills in the checksum of the frame at `bytes[at..end)`. Answers false, changing nothing, when the field would lie outside the frame.
 * Nothing to do when `offload.csumStart` is negative.
 */
export function fillChecksum(bytes: Uint8Array, at: number, end: number, offload: Offload): boolean {
  if (offload.csumStart < 0) return true;
  const from = at + offload.csumStart;
  const field = from + offload.csumOffset;
  if (!(offload.csumOffset >= 0 && field + 2 <= end)) return false;
  let sum = 0;
  let i = from;
  for (; i + 1 < end; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  if (i < end) sum += bytes[i]! << 8;
  while (sum > 0xffff) sum = (sum >>> 16) + (sum & 0xffff);
  const checksum = ~sum & 0xffff;
  put16be(bytes, field, checksum === 0 && offload.csumOffset === UDP_CHECKSUM ? 0xffff : checksum);
  return true;
}
