/**
 * Loss detection and recovery on the sending side. Follows RFC 5681 §3.2 (fast retransmit), RFC 6582 (NewReno, when the
 * peer has no SACK), RFC 6675 (SACK: IsLost, pipe, NextSeg rules 1 to 3), RFC 3042 (limited transmit), RFC 6298 §5 (timeout).
 * Left out: RFC 6675's rescue retransmission, RACK/TLP, F-RTO, DSACK, PRR.
 */
import type { Nanos } from '../../base/clock.ts';
import { seqAdd, seqDiff, seqGeq, seqGt, seqLt, seqMax, type Seq } from '../../wire/seq.ts';
import { congestionControl } from './congestion.ts';
import { addRange, coveredIn, firstGap, gapEnd } from './ranges.ts';
import { inFlight, MAX_RANGES, type Tcb } from './tcb.ts';

/** "DupThresh": duplicate ACKs, or segments SACKed above, after which data counts as lost. */
const DUP_THRESH = 3;

/** Takes the SACK blocks of an ACK into the scoreboard; true when they told something new. Blocks outside flight are ignored. */
export function sackReceived(t: Tcb, blocks: readonly Seq[]): boolean {
  let fresh = false;
  for (let i = 0; i + 1 < blocks.length; i += 2) {
    const left = blocks[i]!;
    const right = blocks[i + 1]!;
    if (!seqLt(left, right) || !seqGt(left, t.sndUna) || seqGt(right, t.sndNxt)) continue;
    if (coveredIn(t.sacked, left, right) === seqDiff(right, left)) continue;
    if (addRange(t.sacked, left, right, MAX_RANGES)) fresh = true;
  }
  return fresh;
}

/** "IsLost", for all sequence numbers at once: below the result everything not SACKed is lost. */
function lostEdge(t: Tcb): Seq {
  let above = 0;
  for (let i = t.sacked.length - 2; i >= 0; i -= 2) {
    above += seqDiff(t.sacked[i + 1]!, t.sacked[i]!);
    if ((t.sacked.length - i) / 2 >= DUP_THRESH || above > (DUP_THRESH - 1) * t.sndMss) return t.sacked[i]!;
  }
  return t.sndUna;
}

const unsacked = (t: Tcb, left: Seq, right: Seq): number =>
  seqGt(right, left) ? seqDiff(right, left) - coveredIn(t.sacked, left, right) : 0;

/** Bytes believed to be in the network. */
export function pipe(t: Tcb): number {
  if (t.phase === 'open')
    return t.sackOn
      ? inFlight(t) - coveredIn(t.sacked, t.sndUna, t.sndNxt)
      : Math.max(0, inFlight(t) - Math.min(t.dupAcks, DUP_THRESH - 1) * t.sndMss);
  if (t.phase === 'recovery' && !t.sackOn) return inFlight(t);
  const floor = seqMax(t.lostBelow, t.sndUna);
  return unsacked(t, floor, t.sndNxt) + unsacked(t, t.sndUna, t.highRxt);
}

/** The range to retransmit next, as [from, to) at most one segment long; `null`: nothing. Ignores cwnd. */
export function nextLost(t: Tcb): readonly [Seq, Seq] | null {
  if (t.phase === 'open') return null;
  if (t.phase === 'recovery' && !t.sackOn) return t.rtxForced ? clip(t, t.sndUna, t.sndNxt) : null;
  const from = firstGap(t.sacked, seqMax(t.highRxt, t.sndUna));
  if (seqGeq(from, t.lostBelow)) return null;
  return clip(t, from, t.lostBelow);
}

/** NextSeg rule 3: nothing is surely lost and no new data may go, but there is a hole below what was SACKed. */
export function nextHole(t: Tcb): readonly [Seq, Seq] | null {
  if (t.phase !== 'recovery' || !t.sackOn || t.sacked.length === 0) return null;
  const from = firstGap(t.sacked, seqMax(t.highRxt, t.sndUna));
  const top = t.sacked[t.sacked.length - 1]!;
  return seqLt(from, top) ? clip(t, from, top) : null;
}

function clip(t: Tcb, from: Seq, limit: Seq): readonly [Seq, Seq] {
  const end = gapEnd(t.sacked, from, limit);
  return [from, seqDiff(end, from) > t.sndMss ? seqAdd(from, t.sndMss) : end];
}

/** A duplicate ACK came (or an ACK with new SACK information). */
export function duplicateAck(t: Tcb): void {
  t.dupAcks++;
  t.counters.dupAcksIn++;
  if (t.phase === 'recovery') {
    if (t.sackOn) t.lostBelow = seqMax(t.lostBelow, lostEdge(t));
    else t.congestion.cwnd += t.sndMss;
    return;
  }
  if (t.phase === 'loss') return;
  // RFC 6582 §3.2 step 2: no second fast retransmit for what an earlier episode covers.
  if (seqLt(t.sndUna, t.recover)) return;
  const edge = t.sackOn ? lostEdge(t) : t.sndUna;
  if (t.dupAcks >= DUP_THRESH || seqGt(edge, t.sndUna)) enterRecovery(t, edge);
}

function enterRecovery(t: Tcb, edge: Seq): void {
  const c = t.congestion;
  congestionControl(t.config.congestion).reduce(c, inFlight(t), t.sndMss);
  c.cwnd = t.sackOn ? c.ssthresh : c.ssthresh + DUP_THRESH * t.sndMss;
  t.phase = 'recovery';
  t.recover = t.sndNxt;
  t.highRxt = t.sndUna;
  // The first segment is lost by the count of duplicates even if the SACKed bytes alone do not say so yet.
  const first = seqAdd(t.sndUna, Math.min(t.sndMss, inFlight(t)));
  t.lostBelow = t.sackOn ? seqMax(edge, first) : first;
  t.rtxForced = true;
  t.counters.fastRetransmits++;
}

/** SND.UNA has just advanced by `acked` bytes; `flight` bytes were outstanding before. */
export function newAck(t: Tcb, acked: number, flight: number, now: Nanos): void {
  const c = t.congestion;
  if (seqLt(t.highRxt, t.sndUna)) t.highRxt = t.sndUna;
  if (seqLt(t.lostBelow, t.sndUna)) t.lostBelow = t.sndUna;
  if (t.phase !== 'open' && seqGeq(t.sndUna, t.recover)) {
    if (t.phase === 'recovery')
      c.cwnd = t.sackOn ? c.ssthresh : Math.min(c.ssthresh, Math.max(inFlight(t), t.sndMss) + t.sndMss);
    t.phase = 'open';
    t.dupAcks = 0;
    t.rtxForced = false;
    return;
  }
  if (t.phase === 'recovery') {
    if (t.sackOn) {
      t.lostBelow = seqMax(t.lostBelow, lostEdge(t));
      return;
    }
    // Partial ACK: "retransmit the first unacknowledged segment", "deflate the congestion window", add back one SMSS.
    t.rtxForced = true;
    c.cwnd = Math.max(t.sndMss, c.cwnd - acked + (acked >= t.sndMss ? t.sndMss : 0));
    return;
  }
  t.dupAcks = 0;
  // Keeps what is compared with SND.UNA within half the sequence space of it.
  if (t.phase === 'open' && seqLt(t.recover, t.sndUna)) t.recover = t.sndUna;
  // RFC 9293 §3.8.2, RFC 7661 §4: a window that was not used tells nothing about the path. In slow start, half used will do.
  const used = flight > c.cwnd - t.sndMss || (c.cwnd < c.ssthresh && 2 * flight > c.cwnd);
  if (used || t.phase === 'loss')
    congestionControl(t.config.congestion).acked(c, acked, t.sndMss, now, t.rtt.srtt);
}

/** The retransmission timer expired: all that is not SACKed counts as lost and goes again from the left, one segment first. */
export function timeoutLoss(t: Tcb): void {
  const c = t.congestion;
  if (t.phase !== 'loss') congestionControl(t.config.congestion).reduce(c, inFlight(t), t.sndMss);
  c.cwnd = t.sndMss;
  t.phase = 'loss';
  t.recover = t.sndNxt;
  t.lostBelow = t.sndNxt;
  t.highRxt = t.sndUna;
  t.dupAcks = 0;
  t.rtxForced = true;
  // The peer may have thrown SACKed data away (RFC 2018 §8), which is why a timeout does not trust the scoreboard.
  t.sacked = [];
  t.counters.timeouts++;
}
