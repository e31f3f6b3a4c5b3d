/**
 * What to send next, written straight into the caller's frame. Follows RFC 9293 §3.8.6.2.1 (sender's silly-window
 * avoidance), RFC 896 with Minshall's variant (Nagle), RFC 9293 §3.8.6.1 (zero-window probes), RFC 5681 §4.1 (restart after idle).
 */
import type { Nanos } from '../../base/clock.ts';
import { seqAdd, seqDiff, seqGt, seqLeq, seqLt, seqMax, type Seq } from '../../wire/seq.ts';
import { ACK_FLAG, FIN, PSH, putTcp, putTcpOptions, RST, SYN, TCP_HEADER } from '../../wire/tcp.ts';
import { nextHole, nextLost, pipe } from './loss.ts';
import { synOptions } from './negotiate.ts';
import { closeTcb, inFlight, rcvWindow, sndEnd, tsClock, type Tcb } from './tcb.ts';
import { windowEdge } from './window.ts';

/** Writes the next segment at `out[at..]`; returns its length, 0: nothing to send now. */
export function nextSegment(t: Tcb, out: Uint8Array, at: number, now: Nanos): number {
  t.now = now;
  if (t.rstPending) return reset(t, out, at, now);
  if (t.rstReply >= 0) {
    const length = emit(t, out, at, now, t.rstReply, 0, RST);
    t.rstReply = -1;
    return length;
  }
  switch (t.state) {
    case 'CLOSED':
      return 0;
    case 'SYN-SENT':
    case 'SYN-RECEIVED':
      if (t.synPending) return syn(t, out, at, now);
      break;
    case 'TIME-WAIT':
      break;
    default: {
      const length = retransmission(t, out, at, now) || newData(t, out, at, now) || probe(t, out, at, now);
      if (length > 0) return length;
    }
  }
  return t.ackNow ? emit(t, out, at, now, t.sndNxt, 0, ACK_FLAG) : 0;
}

function reset(t: Tcb, out: Uint8Array, at: number, now: Nanos): number {
  t.rstPending = false;
  const length = emit(t, out, at, now, t.sndNxt, 0, RST | ACK_FLAG);
  closeTcb(t, 0);
  return length;
}

function syn(t: Tcb, out: Uint8Array, at: number, now: Nanos): number {
  t.synPending = false;
  if (t.sndNxt === t.iss) {
    t.rttAt = now;
    t.rttSeq = seqAdd(t.iss, 1);
  } else t.rttAt = -1;
  const flags = t.state === 'SYN-SENT' ? SYN : SYN | ACK_FLAG;
  const length = emit(t, out, at, now, t.iss, 0, flags);
  t.sndNxt = seqMax(t.sndNxt, seqAdd(t.iss, 1));
  if (t.rtxAt === Infinity) t.rtxAt = now + t.rtt.rto;
  return length;
}

function retransmission(t: Tcb, out: Uint8Array, at: number, now: Nanos): number {
  const lost = nextLost(t);
  if (lost === null) return 0;
  const [from, to] = lost;
  if (!t.rtxForced && pipe(t) + seqDiff(to, from) > t.congestion.cwnd) return 0;
  return resend(t, out, at, now, from, to);
}

function resend(t: Tcb, out: Uint8Array, at: number, now: Nanos, from: Seq, to: Seq): number {
  t.rtxForced = false;
  t.rttAt = -1;
  const end = sndEnd(t);
  const withFin = t.finSent && seqGt(to, end);
  let length = Math.min(seqDiff(withFin ? end : to, from), t.sndMss);
  // Against a closed window a retransmission is a probe: one byte is enough.
  if (t.sndWnd === 0 && length > 1) length = 1;
  const fin = withFin && seqAdd(from, length) === end;
  if (length <= 0 && !fin) return 0;
  t.counters.retransSegs++;
  t.highRxt = seqMax(t.highRxt, seqAdd(from, length + (fin ? 1 : 0)));
  if (t.rtxAt === Infinity) t.rtxAt = now + t.rtt.rto;
  return emit(t, out, at, now, from, length, ACK_FLAG | (fin ? FIN : 0));
}

function newData(t: Tcb, out: Uint8Array, at: number, now: Nanos): number {
  const finWaits = t.finQueued && !t.finSent;
  const waiting = seqDiff(sndEnd(t), t.sndNxt);
  if (waiting <= 0 && !finWaits) {
    if (waiting === 0) t.cwndLimited = false;
    return 0;
  }
  if (t.finSent) return 0;
  restartAfterIdle(t, now);
  const window = seqDiff(seqAdd(t.sndUna, t.sndWnd), t.sndNxt);
  let length = Math.max(0, Math.min(waiting, t.sndMss, window));
  const flight = inFlight(t);
  const room = t.congestion.cwnd - pipe(t);
  if (flight > 0 && room < Math.max(1, length)) {
    t.cwndLimited = true;
    return hole(t, out, at, now, room);
  }
  if (flight === 0 && length > room) length = Math.max(Math.min(length, t.sndMss), 1);
  if (length < Math.min(waiting, t.sndMss)) t.cwndLimited = false;
  const last = length === waiting;
  const fin = finWaits && last;
  if (!maySend(t, length, last, fin)) {
    if (flight === 0) armPersist(t, now);
    return hole(t, out, at, now, room);
  }
  if (t.rttAt < 0 && t.phase === 'open') {
    t.rttAt = now;
    t.rttSeq = seqAdd(t.sndNxt, length + (fin ? 1 : 0));
  }
  const from = t.sndNxt;
  t.sndNxt = seqAdd(from, length + (fin ? 1 : 0));
  if (length < t.sndMss) t.sndSml = t.sndNxt;
  else if (seqLt(t.sndSml, t.sndUna)) t.sndSml = t.sndUna;
  if (fin) finGone(t);
  if (t.rtxAt === Infinity) t.rtxAt = now + t.rtt.rto;
  t.persistAt = Infinity;
  t.lastSent = now;
  // Data in answer to data: an interactive exchange, whose ACKs can ride on data (Linux's "pingpong" mode).
  if (length > 0 && now - t.lastReceived < t.config.ackDelayNs) t.quickAcks = 0;
  return emit(t, out, at, now, from, length, ACK_FLAG | (fin ? FIN : 0) | (last && length > 0 ? PSH : 0));
}

/** The sender's silly-window rules: a full segment; or all there is, if Nagle allows; or half the largest window. */
function maySend(t: Tcb, length: number, last: boolean, fin: boolean): boolean {
  if (length === 0) return fin;
  if (length >= t.sndMss) return true;
  if (last && (fin || !t.config.nagle || seqLeq(t.sndSml, t.sndUna))) return true;
  return length >= t.maxSndWnd / 2;
}

function finGone(t: Tcb): void {
  t.finSent = true;
  t.state = t.state === 'CLOSE-WAIT' ? 'LAST-ACK' : 'FIN-WAIT-1';
}

/** RFC 6675 NextSeg rule 3. */
function hole(t: Tcb, out: Uint8Array, at: number, now: Nanos, room: number): number {
  const range = nextHole(t);
  if (range === null || seqDiff(range[1], range[0]) > room) return 0;
  return resend(t, out, at, now, range[0], range[1]);
}

/** "a TCP SHOULD set cwnd to no more than RW before beginning transmission if [it] has not sent data in an interval exceeding the RTO". */
function restartAfterIdle(t: Tcb, now: Nanos): void {
  if (inFlight(t) > 0 || now - Math.max(t.lastSent, t.lastReceived) <= t.rtt.rto) return;
  t.congestion.cwnd = Math.min(t.congestion.cwnd, t.config.initialWindow * t.sndMss);
}

function armPersist(t: Tcb, now: Nanos): void {
  if (t.persistAt !== Infinity || t.probePending) return;
  const c = t.config;
  const wait = t.rtt.rto * 2 ** Math.min(t.persistCount, 16);
  t.persistAt = now + Math.min(c.persistMaxNs, Math.max(c.persistMinNs, wait));
}

/** Zero-window probe ("at least one octet of new data") or keep-alive probe (SEG.SEQ = SND.NXT-1, no data). */
function probe(t: Tcb, out: Uint8Array, at: number, now: Nanos): number {
  if (t.keepAlivePending) {
    t.keepAlivePending = false;
    return emit(t, out, at, now, seqAdd(t.sndNxt, -1), 0, ACK_FLAG);
  }
  if (!t.probePending) return 0;
  t.probePending = false;
  if (t.sendRing.length === 0) return 0;
  t.rttAt = -1;
  const open = Math.min(
    seqDiff(sndEnd(t), t.sndNxt),
    t.sndMss,
    seqDiff(seqAdd(t.sndUna, t.sndWnd), t.sndNxt),
  );
  if (open > 0) {
    // The "override timeout" of RFC 9293 §3.8.6.2.1: a window too small for a full segment is used after all.
    const from = t.sndNxt;
    t.sndNxt = seqAdd(from, open);
    t.sndSml = t.sndNxt;
    t.rtxAt = now + t.rtt.rto;
    return emit(t, out, at, now, from, open, ACK_FLAG);
  }
  t.counters.zeroWindowProbes++;
  t.probeCount++;
  t.persistCount++;
  t.sndNxt = seqMax(t.sndNxt, seqAdd(t.sndUna, 1));
  t.rtxAt = Infinity;
  armPersist(t, now);
  return emit(t, out, at, now, t.sndUna, 1, ACK_FLAG);
}

const NO_SACK: readonly Seq[] = [];
/** SACK blocks beside a timestamp: (40 − 12 − 4) / 8. */
const MAX_SACK_BLOCKS = 3;

/** "the first SACK block MUST specify the contiguous block of data containing the segment which triggered this ACK" (RFC 2018 §4). */
function sackBlocks(t: Tcb, limit: number): readonly Seq[] {
  if (limit <= 0 || !t.sackOn || t.outOfOrder.length === 0) return NO_SACK;
  const first: Seq[] = [];
  const others: Seq[] = [];
  for (let i = 0; i < t.outOfOrder.length; i += 2) {
    const left = t.outOfOrder[i]!;
    const right = t.outOfOrder[i + 1]!;
    const recent = seqLeq(left, t.lastOutOfOrder) && seqLt(t.lastOutOfOrder, right);
    if (recent) first.push(left, right);
    else if (others.length < 2 * MAX_SACK_BLOCKS) others.push(left, right);
  }
  first.push(...others);
  return first.slice(0, 2 * limit);
}

function emit(
  t: Tcb,
  out: Uint8Array,
  at: number,
  now: Nanos,
  seq: Seq,
  length: number,
  flags: number,
): number {
  const { localAddr, localPort, remoteAddr, remotePort } = t.tuple;
  const isSyn = (flags & SYN) !== 0;
  // Data comes first: blocks that would make the segment larger than the MTU wait for an ACK of their own.
  const room = length === 0 ? MAX_SACK_BLOCKS : Math.min(MAX_SACK_BLOCKS, (t.sndMss - length - 4) >> 3);
  const sack = isSyn || flags & RST ? NO_SACK : sackBlocks(t, room);
  let options = 0;
  if (isSyn) options = putTcpOptions(out, at + TCP_HEADER, synOptions(t, now));
  else if (t.timestampsOn || sack.length > 0)
    options = putTcpOptions(out, at + TCP_HEADER, {
      mss: null,
      windowScale: null,
      sackPermitted: false,
      timestamps: t.timestampsOn ? { value: tsClock(t, now), echo: t.tsRecent } : null,
      sack,
    });
  const header = TCP_HEADER + options;
  if (length > 0) t.sendRing.copyOut(seqDiff(seq, t.sndBuf), out, at + header, length);
  const acks = (flags & ACK_FLAG) !== 0;
  putTcp(out, at, at + header + length, header, localAddr, remoteAddr, {
    srcPort: localPort,
    dstPort: remotePort,
    seq,
    ack: acks ? t.rcvNxt : 0,
    flags,
    window: flags & RST ? 0 : offerWindow(t, isSyn),
    urgent: 0,
  });
  t.counters.segsOut++;
  const sackOwed = t.ackNow && t.sackOn && t.outOfOrder.length > 0 && sack.length === 0;
  if (acks) ackSent(t);
  if (sackOwed && length > 0) t.ackNow = true;
  return header + length;
}

/** The window field; moves RCV.ADV, the right edge offered. */
function offerWindow(t: Tcb, isSyn: boolean): number {
  if (t.state === 'SYN-SENT') return Math.min(0xffff, t.rcvLimit);
  const shift = isSyn ? 0 : t.rcvWscale;
  const edge = windowEdge(t);
  const field = Math.min(0xffff, seqDiff(edge, t.rcvNxt) >> shift);
  const offered = field << shift;
  if (offered > rcvWindow(t)) t.rcvAdv = seqAdd(t.rcvNxt, offered);
  return field;
}

function ackSent(t: Tcb): void {
  t.ackNow = false;
  t.ackAt = Infinity;
  t.rcvWup = t.rcvNxt;
  if (t.quickAcks > 0) t.quickAcks--;
}
