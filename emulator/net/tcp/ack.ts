/** The ACK field. Follows RFC 9293 §3.10.7.4 fifth step, RFC 5961 §5 (blind data injection), RFC 5681 §2 (duplicate ACK). */
import type { Nanos } from '../../base/clock.ts';
import { seqAdd, seqDiff, seqGt, seqLeq, seqLt } from '../../wire/seq.ts';
import { FIN, SYN, type TcpOptions, type TcpView } from '../../wire/tcp.ts';
import { duplicateAck, newAck, sackReceived } from './loss.ts';
import { trimRanges } from './ranges.ts';
import { rttSample, settleRto } from './rto.ts';
import { challenge, mayAnswerBare } from './challenge.ts';
import { EV_WRITABLE, inFlight, sndEnd, tsClock, type Tcb } from './tcb.ts';

/** Handles the ACK of a segment in a synchronized state; false: the segment goes no further. */
export function ackArrives(t: Tcb, seg: TcpView, o: TcpOptions, now: Nanos): boolean {
  const ack = seg.ack;
  if (seqGt(ack, t.sndNxt)) {
    // "If the ACK acks something not yet sent (SEG.ACK > SND.NXT), then send an ACK".
    if (mayAnswerBare(t, seg, now)) t.ackNow = true;
    return false;
  }
  if (seqLt(ack, seqAdd(t.sndUna, -t.maxSndWnd))) {
    challenge(t, now);
    return false;
  }
  const window = seg.window << t.sndWscale;
  const newSack = t.sackOn && o.sack.length > 0 && sackReceived(t, o.sack);
  if (seqGt(ack, t.sndUna)) {
    advance(t, ack, o, now);
    updateWindow(t, seg, window);
  } else if (ack === t.sndUna) {
    const bare = seg.payloadLength === 0 && (seg.flags & (SYN | FIN)) === 0;
    const sign = t.sackOn ? newSack : window === t.sndWnd && window > 0;
    const duplicate = bare && sign && inFlight(t) > 0;
    updateWindow(t, seg, window);
    if (t.sndWnd === 0) t.rtxCount = 0;
    if (duplicate) duplicateAck(t);
  }
  t.probeCount = 0;
  return true;
}

/** SND.UNA moves to `ack`. */
export function advance(t: Tcb, ack: number, o: TcpOptions, now: Nanos): void {
  const acked = seqDiff(ack, t.sndUna);
  const flight = inFlight(t);
  sampleRtt(t, ack, o, now);
  t.sndUna = ack;
  t.rtxCount = 0;
  if (t.sacked.length > 0) trimRanges(t.sacked, ack);
  const data = Math.min(t.sendRing.length, Math.max(0, seqDiff(ack, t.sndBuf)));
  if (data > 0) {
    t.sendRing.drop(data);
    t.sndBuf = seqAdd(t.sndBuf, data);
    t.counters.bytesAcked += data;
  }
  newAck(t, acked, flight, now);
  // RFC 6298 (5.2), (5.3).
  t.rtxAt = inFlight(t) === 0 ? Infinity : now + t.rtt.rto;
  growSendLimit(t);
  if (t.writeBlocked && 3 * (t.sndLimit - t.sendRing.length) >= t.sndLimit && !t.finQueued) {
    t.writeBlocked = false;
    t.events |= EV_WRITABLE;
  }
}

/** Karn's rule: a measurement is dropped by any retransmission; timestamps then still give a (coarser) sample. */
function sampleRtt(t: Tcb, ack: number, o: TcpOptions, now: Nanos): void {
  if (t.rttAt >= 0) {
    if (seqLt(ack, t.rttSeq)) return;
    rttSample(t.rtt, t.config, Math.max(1, now - t.rttAt));
    t.rttAt = -1;
    return;
  }
  if (t.timestampsOn && o.timestamps !== null && o.timestamps.echo !== 0) {
    const elapsed = (tsClock(t, now) - o.timestamps.echo) >>> 0;
    if (t.phase !== 'open' && elapsed < 0x8000_0000) rttSample(t.rtt, t.config, Math.max(1, elapsed) * 1e6);
    else settleRto(t.rtt, t.config);
  }
}

/** "SND.WND records the most recent window", guarded by SND.WL1 and SND.WL2 against old segments. */
export function updateWindow(t: Tcb, seg: TcpView, window: number): void {
  const fresh = seqLt(t.sndWl1, seg.seq) || (t.sndWl1 === seg.seq && seqLeq(t.sndWl2, seg.ack));
  if (!fresh) return;
  t.sndWl1 = seg.seq;
  t.sndWl2 = seg.ack;
  t.sndWnd = window;
  if (window > t.maxSndWnd) t.maxSndWnd = window;
  if (window === 0 || t.persistAt === Infinity) return;
  t.persistAt = Infinity;
  t.persistCount = 0;
  t.probePending = false;
  // The probe's byte was most likely refused: send it again as new data.
  if (t.phase === 'open' && inFlight(t) === 1 && !t.finSent && seqLeq(t.sndNxt, sndEnd(t)))
    t.sndNxt = t.sndUna;
}

/** Send-buffer tuning as Linux does it: room for twice the congestion window. */
function growSendLimit(t: Tcb): void {
  const wanted = Math.min(t.config.sendBuffer, 2 * t.congestion.cwnd);
  if (wanted > t.sndLimit) t.sndLimit = wanted;
}

/** Whether our FIN has been acknowledged. */
export const finAcked = (t: Tcb): boolean => t.finSent && seqGt(t.sndUna, sndEnd(t));
