/**
 * The transmission control block: all variables of one connection as plain data, under their RFC names (RFC 9293 §3.3.1).
 * What acts on it is in input.ts (segments), ack.ts and loss.ts (acknowledgements, recovery), output.ts (what to send next),
 * timers.ts. Nothing here knows a clock, a queue or an interface.
 */
import type { Ipv4Addr } from '../../base/address.ts';
import type { Nanos } from '../../base/clock.ts';
import { seqAdd, seqDiff, type Seq } from '../../wire/seq.ts';
import { ByteRing, type ByteRingState } from './byte-ring.ts';
import type { TcpConfig } from './config.ts';
import { congestionState, type CongestionState } from './congestion.ts';
import type { RtoState } from './rto.ts';

export interface TcpTuple {
  readonly localAddr: Ipv4Addr;
  readonly localPort: number;
  readonly remoteAddr: Ipv4Addr;
  readonly remotePort: number;
}

export type TcpState =
  | 'CLOSED'
  | 'SYN-SENT'
  | 'SYN-RECEIVED'
  | 'ESTABLISHED'
  | 'FIN-WAIT-1'
  | 'FIN-WAIT-2'
  | 'CLOSE-WAIT'
  | 'CLOSING'
  | 'LAST-ACK'
  | 'TIME-WAIT';

export const EV_CONNECTED = 0x001;
export const EV_READABLE = 0x002;
export const EV_WRITABLE = 0x004;
/** The peer's FIN is in order. */
export const EV_FIN = 0x008;
/** The peer reset the connection. */
export const EV_RESET = 0x010;
/** Gave up retransmitting. */
export const EV_TIMEOUT = 0x020;
/** RST in SYN-SENT. */
export const EV_REFUSED = 0x040;
/** The state is CLOSED: nothing more will be sent, the owner forgets the connection. */
export const EV_CLOSED = 0x080;
/** An ICMP error ended the attempt to connect; `icmp` says which. */
export const EV_UNREACHABLE = 0x100;
/** A segment with the URG flag moved the urgent pointer forward. */
export const EV_URGENT = 0x200;

/** `open`: no loss; `recovery`: fast recovery (RFC 6582, 6675); `loss`: after a retransmission timeout. */
export type LossPhase = 'open' | 'recovery' | 'loss';

/** Ranges kept per direction of what arrived, or was SACKed, out of order. */
export const MAX_RANGES = 128;

/** Counters of one connection; names as in `nstat` or `tcp_info` where they have one. */
export interface TcpCounters {
  segsIn: number;
  segsOut: number;
  bytesReceived: number;
  bytesAcked: number;
  retransSegs: number;
  fastRetransmits: number;
  timeouts: number;
  dupAcksIn: number;
  outOfOrderIn: number;
  pawsRejected: number;
  challengeAcks: number;
  zeroWindowProbes: number;
}

export class Tcb {
  readonly config: TcpConfig;
  readonly tuple: TcpTuple;
  readonly sendRing: ByteRing;
  readonly receiveRing: ByteRing;
  state: TcpState = 'CLOSED';
  events = 0;
  /** Latest time seen; calls without a time use it. */
  now: Nanos;

  iss: Seq;
  sndUna: Seq;
  sndNxt: Seq;
  /** Scaled, in bytes. */
  sndWnd = 0;
  maxSndWnd = 0;
  sndWl1: Seq = 0;
  sndWl2: Seq = 0;
  /** Sequence number of the first byte in `sendRing`. */
  sndBuf: Seq;
  /** End of the last segment sent that was not full-sized (Minshall's variant of Nagle). */
  sndSml: Seq;
  /** Largest payload sent now: the smallest of ours, the peer's MSS and the path MTU, options taken off. */
  sndMss: number;
  peerMss: number;
  sndWscale = 0;
  /** The user closed: FIN goes after what was written. */
  finQueued = false;
  finSent = false;
  /** Nobody reads any more: arriving data is answered with RST. */
  closed = false;
  writeBlocked = false;
  /** `write` has room for this much now, bounded by `config.sendBuffer`. */
  sndLimit: number;

  irs: Seq = 0;
  rcvNxt: Seq = 0;
  /** Right edge of the window offered. */
  rcvAdv: Seq = 0;
  /** RCV.NXT when the last ACK was sent ("Last.ACK.sent", RFC 7323 §4.3). */
  rcvWup: Seq = 0;
  rcvWscale = 0;
  rcvUp: Seq = 0;
  /** Window limit now; grows with the reader's speed. */
  rcvLimit: number;
  /** Largest payload received, at least 536: what a "full" segment is for the delayed ACK. */
  rcvMss = 536;
  rcvCopied = 0;
  rcvCopiedAt: Nanos;
  /** The peer's FIN is in order. */
  finReceived = false;
  /** Sequence number of a FIN that came ahead of a gap; valid while `finAhead`. */
  finSeq: Seq = 0;
  finAhead = false;
  /** Out-of-order data held in `receiveRing` beyond its end. */
  outOfOrder: Seq[] = [];
  lastOutOfOrder: Seq = 0;

  synPending = false;
  ackNow = false;
  /** ACKs to be sent without delay at the start (Linux's "quickack"). */
  quickAcks = 0;
  rstPending = false;
  /** A reset in answer to a bad ACK, which leaves the state as it is; -1: none. */
  rstReply = -1;
  probePending = false;
  keepAlivePending = false;

  wscaleOn = false;
  sackOn = false;
  timestampsOn = false;
  tsRecent = 0;
  tsOffset: number;
  sacked: Seq[] = [];

  congestion: CongestionState;
  phase: LossPhase = 'open';
  dupAcks = 0;
  /** Recovery ends when SND.UNA reaches it. */
  recover: Seq;
  /** Everything not SACKed below it counts as lost. */
  lostBelow: Seq;
  /** Retransmitted up to here in this phase ("HighRxt"). */
  highRxt: Seq;
  /** The next retransmission goes out whatever the window says. */
  rtxForced = false;

  rtt: RtoState;
  /** Start of the RTT measurement that runs, -1: none; and the sequence number that ends it. */
  rttAt: Nanos = -1;
  rttSeq: Seq = 0;
  /** Retransmissions in a row without an answer. */
  rtxCount = 0;
  probeCount = 0;
  persistCount = 0;
  lastSent: Nanos;
  lastReceived: Nanos;
  rtxAt: Nanos = Infinity;
  persistAt: Nanos = Infinity;
  ackAt: Nanos = Infinity;
  /** TIME-WAIT, or FIN-WAIT-2 after `close`. */
  endAt: Nanos = Infinity;
  keepAliveAt: Nanos = Infinity;
  /** Challenge ACKs and answers to bare segments: budget of the five seconds from `challengeFrom` (RFC 5961 §7). */
  challengeFrom: Nanos = 0;
  challenges = 0;
  icmp: { readonly type: number; readonly code: number } | null = null;

  counters: TcpCounters = {
    segsIn: 0,
    segsOut: 0,
    bytesReceived: 0,
    bytesAcked: 0,
    retransSegs: 0,
    fastRetransmits: 0,
    timeouts: 0,
    dupAcksIn: 0,
    outOfOrderIn: 0,
    pawsRejected: 0,
    challengeAcks: 0,
    zeroWindowProbes: 0,
  };

  constructor(config: TcpConfig, tuple: TcpTuple, iss: Seq, now: Nanos) {
    this.config = config;
    this.tuple = tuple;
    this.now = now;
    this.iss = iss;
    this.sndUna = iss;
    this.sndNxt = iss;
    this.sndBuf = seqAdd(iss, 1);
    this.sndSml = iss;
    this.recover = iss;
    this.lostBelow = iss;
    this.highRxt = iss;
    this.peerMss = 536;
    this.sndMss = 536;
    this.sndLimit = Math.min(config.initialSendBuffer, config.sendBuffer);
    if (config.windowScaling)
      while (this.rcvWscale < 14 && 0xffff << this.rcvWscale < config.receiveBuffer) this.rcvWscale++;
    this.rcvLimit = Math.min(config.initialReceiveWindow, config.receiveBuffer);
    this.rcvCopiedAt = now;
    this.sendRing = new ByteRing(config.sendBuffer);
    this.receiveRing = new ByteRing(config.receiveBuffer);
    this.tsOffset = Math.imul(iss ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
    this.congestion = congestionState(config.initialWindow * this.sndMss);
    this.rtt = { srtt: 0, rttvar: 0, rto: config.initialRtoNs };
    this.lastSent = now;
    this.lastReceived = now;
  }
}

/** The sequence number after the last byte written. */
export const sndEnd = (t: Tcb): Seq => seqAdd(t.sndBuf, t.sendRing.length);
/** Bytes (and FIN) sent and not acknowledged. */
export const inFlight = (t: Tcb): number => seqDiff(t.sndNxt, t.sndUna);
/** The window the peer still believes in. */
export const rcvWindow = (t: Tcb): number => Math.max(0, seqDiff(t.rcvAdv, t.rcvNxt));

/** The millisecond clock of RFC 7323 §4.3 with this connection's offset. */
export const tsClock = (t: Tcb, now: Nanos): number =>
  ((Math.floor(now / 1e6) + t.tsOffset) % 0x1_0000_0000) >>> 0;

/** Ends the connection: all timers off, memory given back except what can still be read. */
export function closeTcb(t: Tcb, event: number): void {
  t.state = 'CLOSED';
  t.events |= event | EV_CLOSED;
  stopTimers(t);
  t.sendRing.release();
  t.outOfOrder = [];
  t.sacked = [];
  t.synPending = false;
  t.ackNow = false;
}

export function stopTimers(t: Tcb): void {
  t.rtxAt = Infinity;
  t.persistAt = Infinity;
  t.ackAt = Infinity;
  t.endAt = Infinity;
  t.keepAliveAt = Infinity;
  t.rttAt = -1;
}

export function enterTimeWait(t: Tcb, now: Nanos): void {
  t.state = 'TIME-WAIT';
  stopTimers(t);
  t.sendRing.release();
  t.endAt = now + t.config.timeWaitNs;
}

type PlainFields = Omit<Tcb, 'config' | 'tuple' | 'sendRing' | 'receiveRing'>;

/** Structured-cloneable. */
export interface TcbState {
  readonly tuple: TcpTuple;
  readonly sendRing: ByteRingState;
  readonly receiveRing: ByteRingState;
  readonly fields: PlainFields;
}

export function saveTcb(t: Tcb): TcbState {
  const { config: _config, tuple, sendRing, receiveRing, ...fields } = t;
  return {
    tuple: { ...tuple },
    sendRing: sendRing.save(),
    receiveRing: receiveRing.save(),
    fields: clonePlain(fields),
  };
}

export function restoreTcb(config: TcpConfig, state: TcbState): Tcb {
  const t = new Tcb(config, state.tuple, state.fields.iss, state.fields.now);
  Object.assign(t, clonePlain(state.fields));
  t.sendRing.restore(state.sendRing);
  t.receiveRing.restore(state.receiveRing);
  return t;
}

const clonePlain = (f: PlainFields): PlainFields => ({
  ...f,
  outOfOrder: [...f.outOfOrder],
  sacked: [...f.sacked],
  congestion: { ...f.congestion },
  rtt: { ...f.rtt },
  counters: { ...f.counters },
});
