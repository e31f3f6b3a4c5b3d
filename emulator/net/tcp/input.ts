/**
 * SEGMENT ARRIVES: the steps of RFC 9293 §3.10.7.3 (SYN-SENT) and §3.10.7.4 (the other states) in their order, with PAWS
 * (RFC 7323 §5.3) before the first and RFC 5961's answers to blind attacks. Left out: security and precedence, Fast Open
 * (data in a SYN is not taken and comes again), ECN.
 */
import type { Nanos } from '../../base/clock.ts';
import { seqAdd, seqDiff, seqGt, seqInWindow, seqLeq, seqLt } from '../../wire/seq.ts';
import {
  ACK_FLAG,
  FIN,
  parseTcpOptions,
  RST,
  SYN,
  URG,
  type TcpOptions,
  type TcpView,
} from '../../wire/tcp.ts';
import { ackArrives, advance, finAcked, updateWindow } from './ack.ts';
import { challenge, mayAnswerBare } from './challenge.ts';
import { negotiate } from './negotiate.ts';
import { finArrives, textArrives } from './text.ts';
import {
  closeTcb,
  enterTimeWait,
  EV_CONNECTED,
  EV_REFUSED,
  EV_RESET,
  EV_URGENT,
  rcvWindow,
  type Tcb,
} from './tcb.ts';

const QUICK_ACKS = 16;

export function segmentArrives(t: Tcb, seg: TcpView, now: Nanos): void {
  t.now = now;
  if (t.state === 'CLOSED' || t.rstPending) return;
  t.counters.segsIn++;
  t.lastReceived = now;
  const o = parseTcpOptions(seg);
  if (t.state === 'SYN-SENT') synSent(t, seg, o, now);
  else otherStates(t, seg, o, now);
}

/** Takes over the peer's sequence numbers from its SYN and what it negotiates. */
export function takeSyn(t: Tcb, seg: TcpView, o: TcpOptions): void {
  t.irs = seg.seq;
  t.rcvNxt = seqAdd(seg.seq, 1);
  t.rcvWup = t.rcvNxt;
  t.rcvUp = t.rcvNxt;
  negotiate(t, o);
  t.rcvAdv = seqAdd(t.rcvNxt, Math.min(0xffff, t.rcvLimit));
  // "The window field in a segment where the SYN bit is set [...] MUST NOT be scaled."
  t.sndWnd = seg.window;
  t.maxSndWnd = seg.window;
  t.sndWl1 = seg.seq;
  t.sndWl2 = seg.ack;
}

function synSent(t: Tcb, seg: TcpView, o: TcpOptions, now: Nanos): void {
  const flags = seg.flags;
  const hasAck = (flags & ACK_FLAG) !== 0;
  // First: check the ACK bit.
  if (hasAck && (seqLeq(seg.ack, t.iss) || seqGt(seg.ack, t.sndNxt))) {
    if ((flags & RST) === 0) t.rstReply = seg.ack;
    return;
  }
  // Second: check the RST bit.
  if (flags & RST) {
    if (hasAck) closeTcb(t, EV_REFUSED);
    return;
  }
  // Fourth: check the SYN bit.
  if ((flags & SYN) === 0) return;
  takeSyn(t, seg, o);
  t.synPending = false;
  if (!hasAck) {
    // Simultaneous open: "enter SYN-RECEIVED, form a SYN,ACK segment [...] and send it".
    t.state = 'SYN-RECEIVED';
    t.synPending = true;
    return;
  }
  advance(t, seg.ack, o, now);
  establish(t, now);
  t.ackNow = true;
  // "If there are other controls or text in the segment, then continue processing at the sixth step".
  if (seg.payloadLength > 0 || flags & (FIN | URG)) afterAck(t, seg, seqAdd(seg.seq, 1), now);
}

function establish(t: Tcb, now: Nanos): void {
  t.state = 'ESTABLISHED';
  t.events |= EV_CONNECTED;
  t.sndSml = t.sndUna;
  t.recover = t.sndUna;
  t.highRxt = t.sndUna;
  t.lostBelow = t.sndUna;
  t.quickAcks = t.config.ackEvery > 1 ? QUICK_ACKS : 0;
  t.lastSent = now;
  if (t.config.keepAliveNs > 0) t.keepAliveAt = now + t.config.keepAliveNs;
}

function otherStates(t: Tcb, seg: TcpView, o: TcpOptions, now: Nanos): void {
  const flags = seg.flags;
  let seq = seg.seq;
  if (flags & SYN && t.state === 'SYN-RECEIVED' && seq === t.irs) {
    if ((flags & (ACK_FLAG | RST)) !== ACK_FLAG) {
      // Our SYN-ACK was lost or is late: again.
      if ((flags & RST) === 0) t.synPending = true;
      return;
    }
    // The other half of a simultaneous open; its SYN has been seen.
    seq = seqAdd(seq, 1);
  } else {
    if (!timestampFits(t, seg, o)) {
      t.counters.pawsRejected++;
      if (mayAnswerBare(t, seg, now)) t.ackNow = true;
      return;
    }
    // First, check sequence number.
    if (!acceptable(t, seg)) {
      if ((flags & RST) === 0 && mayAnswerBare(t, seg, now)) {
        t.ackNow = true;
        if (t.state === 'TIME-WAIT' && flags & FIN) t.endAt = now + t.config.timeWaitNs;
      }
      return;
    }
    if (o.timestamps !== null && t.timestampsOn && seqLeq(seq, t.rcvWup)) t.tsRecent = o.timestamps.value;
    // Second, check the RST bit (RFC 5961 §3.2: exact match resets, elsewhere in the window is challenged).
    if (flags & RST) {
      if (seq === t.rcvNxt) closeTcb(t, t.state === 'TIME-WAIT' ? 0 : EV_RESET);
      else challenge(t, now);
      return;
    }
    // Fourth, check the SYN bit (RFC 5961 §4.2: challenge in all synchronized states).
    if (flags & SYN) {
      challenge(t, now);
      return;
    }
  }
  // Fifth, check the ACK field: "if the ACK bit is off, drop the segment and return".
  if ((flags & ACK_FLAG) === 0) return;
  if (t.state === 'SYN-RECEIVED') {
    if (seqLeq(seg.ack, t.sndUna) || seqGt(seg.ack, t.sndNxt)) {
      t.rstReply = seg.ack;
      return;
    }
    const scaled = flags & SYN ? seg.window : seg.window << t.sndWscale;
    t.synPending = false;
    advance(t, seg.ack, o, now);
    establish(t, now);
    t.sndWl2 = seg.ack;
    updateWindow(t, seg, scaled);
  } else if (!ackArrives(t, seg, o, now)) return;
  stateAfterAck(t, now);
  if ((t.state as string) === 'CLOSED') return;
  afterAck(t, seg, seq, now);
}

/** PAWS: "If SEG.TSval < TS.Recent [...] the segment is not acceptable" unless it is a reset. */
function timestampFits(t: Tcb, seg: TcpView, o: TcpOptions): boolean {
  if (!t.timestampsOn || o.timestamps === null || seg.flags & RST) return true;
  return seqDiff(o.timestamps.value, t.tsRecent) >= 0;
}

/** The four cases of RFC 9293 §3.4, table 6. */
function acceptable(t: Tcb, seg: TcpView): boolean {
  const window = rcvWindow(t);
  const length = seg.payloadLength + (seg.flags & SYN ? 1 : 0) + (seg.flags & FIN ? 1 : 0);
  const seq = seg.seq;
  if (length === 0) return seq === t.rcvNxt || seqInWindow(seq, t.rcvNxt, window);
  if (window === 0) return false;
  return seqInWindow(seq, t.rcvNxt, window) || seqInWindow(seqAdd(seq, length - 1), t.rcvNxt, window);
}

/** What the acknowledgement of our FIN changes. */
function stateAfterAck(t: Tcb, now: Nanos): void {
  if (!finAcked(t)) return;
  if (t.state === 'FIN-WAIT-1') {
    t.state = 'FIN-WAIT-2';
    if (t.closed) t.endAt = now + t.config.finWait2Ns;
  } else if (t.state === 'CLOSING') enterTimeWait(t, now);
  else if (t.state === 'LAST-ACK') closeTcb(t, 0);
}

/** Sixth (URG), seventh (text) and eighth (FIN) step; `seq` is that of the first octet of text. */
function afterAck(t: Tcb, seg: TcpView, seq: number, now: Nanos): void {
  if (seg.flags & URG && !t.finReceived) {
    const up = seqAdd(seq, seg.urgent);
    if (seqLt(t.rcvUp, up)) {
      t.rcvUp = up;
      t.events |= EV_URGENT;
    }
  }
  if (seg.payloadLength > 0) textArrives(t, seg, seq, now);
  if (seg.flags & FIN) finArrives(t, seqAdd(seq, seg.payloadLength), now);
}
