/** The receive window: how much to offer (RFC 9293 §3.8.6.2.2, silly-window avoidance) and how it grows with the reader. */
import { seqAdd, seqDiff, type Seq } from '../../wire/seq.ts';
import { rcvWindow, type Tcb } from './tcb.ts';

/** The right edge that could be offered now; never left of the one offered before. */
export function windowEdge(t: Tcb): Seq {
  const cap = t.rcvWscale === 0 ? Math.min(t.rcvLimit, 0xffff) : t.rcvLimit;
  const free = Math.max(0, cap - t.receiveRing.length);
  const offered = rcvWindow(t);
  const threshold = Math.min(t.config.mss, Math.floor(t.rcvLimit / 2));
  // "avoid advancing the right window edge in small increments": by Fr·buffer or a full segment, or not at all.
  if (free < offered + threshold) return seqAdd(t.rcvNxt, offered);
  return seqAdd(t.rcvNxt, Math.min(free, 0xffff << t.rcvWscale));
}

/** After a read: whether the window opened enough to tell the peer at once (twice what it believes, as Linux does). */
export function windowUpdateDue(t: Tcb): boolean {
  const offered = rcvWindow(t);
  if (2 * offered > t.rcvLimit) return false;
  const now = seqDiff(windowEdge(t), t.rcvNxt);
  return now > 0 && now >= 2 * offered;
}

/**
 * Receive-buffer tuning in the manner of Linux's dynamic right-sizing: if the reader took more than half a window within a
 * round trip, the window was the limit; offer twice what it took.
 */
export function tuneWindow(t: Tcb, copied: number): void {
  if (t.rcvLimit >= t.config.receiveBuffer) return;
  t.rcvCopied += copied;
  const elapsed = t.now - t.rcvCopiedAt;
  if (elapsed < Math.max(t.rtt.srtt, 1e6)) return;
  if (2 * t.rcvCopied > t.rcvLimit) t.rcvLimit = Math.min(t.config.receiveBuffer, 2 * t.rcvCopied);
  t.rcvCopied = 0;
  t.rcvCopiedAt = t.now;
}
