/**
 * Sorted, disjoint ranges of sequence numbers, flattened as [left, right, left, right, …) pairs: what came out of order
 * (receiver) and what the peer has SACKed (sender). Plain data; bounded by the caller's `limit` so that a peer that sends
 * every second byte costs little.
 */
import { seqDiff, seqGeq, seqGt, seqLeq, seqLt, seqMax, type Seq } from '../../wire/seq.ts';

/** Adds [left, right), joining what touches. Returns false when the table is full and the range would need a new entry. */
export function addRange(ranges: Seq[], left: Seq, right: Seq, limit: number): boolean {
  let i = 0;
  while (i < ranges.length && seqLt(ranges[i + 1]!, left)) i += 2;
  let j = i;
  let from = left;
  let to = right;
  while (j < ranges.length && seqLeq(ranges[j]!, to)) {
    if (seqLt(ranges[j]!, from)) from = ranges[j]!;
    to = seqMax(to, ranges[j + 1]!);
    j += 2;
  }
  if (j === i && ranges.length >= 2 * limit) return false;
  ranges.splice(i, j - i, from, to);
  return true;
}

/** Removes everything below `floor`. */
export function trimRanges(ranges: Seq[], floor: Seq): void {
  while (ranges.length > 0 && seqLeq(ranges[1]!, floor)) ranges.splice(0, 2);
  if (ranges.length > 0 && seqLt(ranges[0]!, floor)) ranges[0] = floor;
}

/** Bytes of [left, right) that the ranges cover. */
export function coveredIn(ranges: readonly Seq[], left: Seq, right: Seq): number {
  let sum = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    const from = seqMax(ranges[i]!, left);
    const to = seqLt(ranges[i + 1]!, right) ? ranges[i + 1]! : right;
    if (seqGt(to, from)) sum += seqDiff(to, from);
  }
  return sum;
}

/** The first sequence number at or after `seq` that no range covers. */
export function firstGap(ranges: readonly Seq[], seq: Seq): Seq {
  let s = seq;
  for (let i = 0; i < ranges.length; i += 2) {
    if (seqLt(s, ranges[i]!)) break;
    if (seqLt(s, ranges[i + 1]!)) s = ranges[i + 1]!;
  }
  return s;
}

/** Where the gap that contains `seq` ends: the next range's left edge, or `end`. */
export function gapEnd(ranges: readonly Seq[], seq: Seq, end: Seq): Seq {
  for (let i = 0; i < ranges.length; i += 2)
    if (seqGt(ranges[i]!, seq)) return seqLt(ranges[i]!, end) ? ranges[i]! : end;
  return end;
}

/** Index of the range that contains `seq`, or -1. */
export function rangeOf(ranges: readonly Seq[], seq: Seq): number {
  for (let i = 0; i < ranges.length; i += 2)
    if (seqGeq(seq, ranges[i]!) && seqLt(seq, ranges[i + 1]!)) return i;
  return -1;
}
