/**
 * Segment text and FIN, in or out of order. Follows RFC 9293 §3.10.7.4 seventh and eighth step, RFC 1122 §4.2.3.2 and
 * RFC 5681 §4.2 (when to acknowledge). Data goes to its final place in the receive buffer at once, also out of order, so
 * the reassembly queue is bounded by the window and the table of ranges.
 */
import type { Nanos } from '../../base/clock.ts';
import { seqAdd, seqDiff, seqGeq, seqGt, seqLt } from '../../wire/seq.ts';
import type { TcpView } from '../../wire/tcp.ts';
import { addRange } from './ranges.ts';
import { enterTimeWait, EV_FIN, EV_READABLE, MAX_RANGES, rcvWindow, type Tcb } from './tcb.ts';

/** Takes the text of an acceptable segment whose first octet is `seq`. */
export function textArrives(t: Tcb, seg: TcpView, seq: number, now: Nanos): void {
  if (t.finReceived) return;
  if (t.closed) {
    // "If a process has closed and data arrives: send a RST" (RFC 2525 §2.17, RFC 1122 §4.2.2.13).
    t.rstPending = true;
    return;
  }
  // "Trim the segment to the window": what was had before, and what lies beyond.
  const skip = Math.max(0, seqDiff(t.rcvNxt, seq));
  const from = seqAdd(seq, skip);
  let length = seg.payloadLength - skip;
  if (length <= 0) {
    t.ackNow = true;
    return;
  }
  length = Math.min(length, seqDiff(t.rcvAdv, from));
  if (length <= 0) {
    t.ackNow = true;
    return;
  }
  if (seg.payloadLength > t.rcvMss) t.rcvMss = Math.min(seg.payloadLength, t.config.mss);
  const offset = seqDiff(from, t.rcvNxt);
  if (offset > 0) {
    if (addRange(t.outOfOrder, from, seqAdd(from, length), MAX_RANGES)) {
      t.receiveRing.place(offset, seg.bytes, seg.payload + skip, length);
      t.lastOutOfOrder = from;
      t.counters.outOfOrderIn++;
    }
    // "A TCP receiver SHOULD send an immediate duplicate ACK when an out-of-order segment arrives."
    t.ackNow = true;
    return;
  }
  t.receiveRing.place(0, seg.bytes, seg.payload + skip, length);
  t.receiveRing.commit(length);
  t.rcvNxt = seqAdd(t.rcvNxt, length);
  t.counters.bytesReceived += length;
  t.events |= EV_READABLE;
  if (t.outOfOrder.length > 0) fillGap(t);
  if (t.finAhead && t.finSeq === t.rcvNxt) {
    t.finAhead = false;
    finInOrder(t, now);
  } else scheduleAck(t, now);
}

/** Makes readable what had come ahead and now joins; "SHOULD send an immediate ACK when the incoming segment fills in [a] gap". */
function fillGap(t: Tcb): void {
  while (t.outOfOrder.length > 0 && seqGeq(t.rcvNxt, t.outOfOrder[0]!)) {
    const joined = seqDiff(t.outOfOrder[1]!, t.rcvNxt);
    t.outOfOrder.splice(0, 2);
    if (joined <= 0) continue;
    t.receiveRing.commit(joined);
    t.rcvNxt = seqAdd(t.rcvNxt, joined);
    t.counters.bytesReceived += joined;
  }
  t.ackNow = true;
}

/** "an ACK SHOULD be generated for at least every second full-sized segment", and within the delay. */
function scheduleAck(t: Tcb, now: Nanos): void {
  const unacked = seqDiff(t.rcvNxt, t.rcvWup);
  if (t.quickAcks > 0 || unacked > (t.config.ackEvery - 1) * t.rcvMss || rcvWindow(t) === 0) t.ackNow = true;
  else if (t.ackAt === Infinity) t.ackAt = now + t.config.ackDelayNs;
}

/** Eighth step; `seq` is the FIN's own sequence number. */
export function finArrives(t: Tcb, seq: number, now: Nanos): void {
  if (t.finReceived || t.rstPending) {
    t.ackNow = true;
    if (t.state === 'TIME-WAIT') t.endAt = now + t.config.timeWaitNs;
    return;
  }
  if (seqLt(seq, t.rcvNxt) || seqGt(seq, t.rcvAdv)) return;
  if (seq !== t.rcvNxt) {
    t.finAhead = true;
    t.finSeq = seq;
    t.ackNow = true;
    return;
  }
  finInOrder(t, now);
}

function finInOrder(t: Tcb, now: Nanos): void {
  t.finReceived = true;
  t.finAhead = false;
  t.rcvNxt = seqAdd(t.rcvNxt, 1);
  if (seqLt(t.rcvAdv, t.rcvNxt)) t.rcvAdv = t.rcvNxt;
  t.ackNow = true;
  t.events |= EV_FIN;
  if (t.state === 'ESTABLISHED') t.state = 'CLOSE-WAIT';
  else if (t.state === 'FIN-WAIT-1') t.state = 'CLOSING';
  else if (t.state === 'FIN-WAIT-2') enterTimeWait(t, now);
}
