/**
 * One TCP connection, sans-I/O: segments and times go in, segments, a deadline and events come out. It follows RFC 9293;
 * the parts are in the files beside it. LISTEN is not a state here: whoever listens makes a connection for each SYN.
 *
 * After every call the owner asks, in this order: `nextSegment` until 0, `takeEvents`, `deadline`.
 */
import type { Nanos } from '../../base/clock.ts';
import { seqAdd, seqGeq, seqGt, seqLeq } from '../../wire/seq.ts';
import { ACK_FLAG, parseTcpOptions, RST, SYN, type TcpView } from '../../wire/tcp.ts';
import type { TcpConfig } from './config.ts';
import { segmentArrives, takeSyn } from './input.ts';
import { pipe } from './loss.ts';
import { settleMss } from './negotiate.ts';
import { nextSegment } from './output.ts';
import {
  closeTcb,
  EV_REFUSED,
  EV_UNREACHABLE,
  inFlight,
  rcvWindow,
  restoreTcb,
  saveTcb,
  Tcb,
  type LossPhase,
  type TcbState,
  type TcpCounters,
  type TcpState,
  type TcpTuple,
} from './tcb.ts';
import { deadline, timeout } from './timers.ts';
import { tuneWindow, windowUpdateDue } from './window.ts';

export {
  EV_CLOSED,
  EV_CONNECTED,
  EV_FIN,
  EV_READABLE,
  EV_REFUSED,
  EV_RESET,
  EV_TIMEOUT,
  EV_UNREACHABLE,
  EV_URGENT,
  EV_WRITABLE,
} from './tcb.ts';
export type { TcpState, TcpTuple } from './tcb.ts';

/** For panels and tests: plain data, times in ns, sizes in bytes. */
export interface TcpInfo {
  readonly state: TcpState;
  readonly tuple: TcpTuple;
  readonly iss: number;
  readonly sndUna: number;
  readonly sndNxt: number;
  readonly sndWnd: number;
  readonly irs: number;
  readonly rcvNxt: number;
  readonly rcvWnd: number;
  readonly sndMss: number;
  readonly sndWscale: number;
  readonly rcvWscale: number;
  readonly timestamps: boolean;
  readonly sack: boolean;
  readonly cwnd: number;
  readonly ssthresh: number;
  readonly phase: LossPhase;
  readonly inFlight: number;
  readonly pipe: number;
  readonly srtt: Nanos;
  readonly rttvar: Nanos;
  readonly rto: Nanos;
  readonly sendQueue: number;
  readonly receiveQueue: number;
  readonly counters: Readonly<TcpCounters>;
}

export class TcpConnection {
  readonly #t: Tcb;

  private constructor(t: Tcb) {
    this.#t = t;
  }

  /** Active open: the first `nextSegment` is the SYN. `iss` comes from `isn()`. */
  static open(config: TcpConfig, tuple: TcpTuple, iss: number, now: Nanos): TcpConnection {
    const t = new Tcb(config, tuple, iss, now);
    t.state = 'SYN-SENT';
    t.synPending = true;
    return new TcpConnection(t);
  }

  /** Passive open for a SYN that passed `fault()`: the next segment is the SYN-ACK. */
  static accept(config: TcpConfig, tuple: TcpTuple, iss: number, syn: TcpView, now: Nanos): TcpConnection {
    const t = new Tcb(config, tuple, iss, now);
    t.state = 'SYN-RECEIVED';
    t.synPending = true;
    t.counters.segsIn++;
    takeSyn(t, syn, parseTcpOptions(syn));
    return new TcpConnection(t);
  }

  static restore(config: TcpConfig, state: TcbState): TcpConnection {
    return new TcpConnection(restoreTcb(config, state));
  }

  save(): TcbState {
    return saveTcb(this.#t);
  }

  get state(): TcpState {
    return this.#t.state;
  }

  get tuple(): TcpTuple {
    return this.#t.tuple;
  }

  /** The ICMP error that ended the attempt (with EV_UNREACHABLE or EV_REFUSED), or the last soft one. */
  get icmp(): { readonly type: number; readonly code: number } | null {
    return this.#t.icmp;
  }

  get counters(): Readonly<TcpCounters> {
    return this.#t.counters;
  }

  /** A segment for this connection that passed `fault()`; borrowed until return. */
  segmentArrives(seg: TcpView, now: Nanos): void {
    segmentArrives(this.#t, seg, now);
  }

  /** Writes the next segment (header, options, data, checksum) at `out[at..]`; returns its length, 0: nothing now. At most 60 + mss bytes. */
  nextSegment(out: Uint8Array, at: number, now: Nanos): number {
    return nextSegment(this.#t, out, at, now);
  }

  /** When `timeout` has to be called; `Infinity`: not at all. */
  deadline(): Nanos {
    return deadline(this.#t);
  }

  timeout(now: Nanos): void {
    timeout(this.#t, now);
  }

  /** Copies into the send buffer; returns the bytes taken. Fewer than `length`: wait for EV_WRITABLE. */
  write(from: Uint8Array, at: number, length: number): number {
    const t = this.#t;
    if (t.finQueued || t.state === 'CLOSED' || t.rstPending) return 0;
    const taken = t.sendRing.write(from, at, Math.min(length, Math.max(0, t.sndLimit - t.sendRing.length)));
    if (taken < length) t.writeBlocked = true;
    return taken;
  }

  /** Bytes `write` would take now. */
  get writable(): number {
    const t = this.#t;
    if (t.finQueued || t.state === 'CLOSED' || t.rstPending) return 0;
    return Math.max(0, t.sndLimit - t.sendRing.length);
  }

  /** Bytes written and not yet acknowledged. */
  get unacknowledged(): number {
    return this.#t.sendRing.length;
  }

  /** Bytes ready to read, also after the end. */
  get available(): number {
    return this.#t.receiveRing.length;
  }

  /** Takes up to `max` bytes; a window update may be due afterwards (`nextSegment`). */
  read(into: Uint8Array, at: number, max: number): number {
    const t = this.#t;
    const n = Math.min(max, t.receiveRing.length);
    if (n <= 0) return 0;
    t.receiveRing.copyOut(0, into, at, n);
    t.receiveRing.drop(n);
    if (t.finReceived || t.state === 'CLOSED') {
      if (t.receiveRing.length === 0) t.receiveRing.release();
      return n;
    }
    tuneWindow(t, n);
    if (windowUpdateDue(t)) t.ackNow = true;
    return n;
  }

  /** As `read`, `skip` bytes further on and without taking. */
  peek(into: Uint8Array, at: number, max: number, skip: number): number {
    const ring = this.#t.receiveRing;
    const n = Math.min(max, ring.length - skip);
    if (n <= 0) return 0;
    ring.copyOut(skip, into, at, n);
    return n;
  }

  /** The peer's FIN is in order: nothing comes after what `available` says. */
  get peerFinished(): boolean {
    return this.#t.finReceived;
  }

  /** Sends FIN after what was written; reading goes on. */
  shutdown(): void {
    const t = this.#t;
    if (t.state === 'SYN-SENT') closeTcb(t, 0);
    else t.finQueued = true;
  }

  /**
   * The user is gone: FIN after what was written, or RST when data was left unread (RFC 2525 §2.17) or comes later.
   * FIN-WAIT-2 then ends by itself.
   */
  close(): void {
    const t = this.#t;
    if (t.closed) return;
    t.closed = true;
    if (t.receiveRing.length > 0 && t.state !== 'CLOSED') {
      this.abort();
      return;
    }
    this.shutdown();
    if (t.state === 'FIN-WAIT-2') t.endAt = t.now + t.config.finWait2Ns;
  }

  /** The next segment is a RST (where the peer could know of the connection), then the state is CLOSED. */
  abort(): void {
    const t = this.#t;
    if (t.state === 'SYN-SENT' || t.state === 'TIME-WAIT') closeTcb(t, 0);
    else if (t.state !== 'CLOSED') t.rstPending = true;
    t.receiveRing.release();
    t.outOfOrder = [];
  }

  /** What happened since the last call (EV_ bits). */
  takeEvents(): number {
    const events = this.#t.events;
    this.#t.events = 0;
    return events;
  }

  /**
   * An ICMP error about a segment of this connection with sequence number `seq`. While connecting it is final (as in
   * Linux, RFC 1122 §4.2.3.9 leaves it open); later unreachables are soft and only remembered.
   */
  icmpError(type: number, code: number, seq: number): void {
    const t = this.#t;
    if (!this.#inFlight(seq)) return;
    t.icmp = { type, code };
    if (t.state !== 'SYN-SENT' || type !== 3) return;
    closeTcb(t, code === 3 || code === 2 ? EV_REFUSED : EV_UNREACHABLE);
  }

  /** "Fragmentation needed": the path's MTU is `mtu` (RFC 1191); what was too large goes again. */
  pathMtu(mtu: number, seq: number): void {
    const t = this.#t;
    if (!this.#inFlight(seq)) return;
    const before = t.sndMss;
    settleMss(t, Math.min(t.config.mss, Math.max(mtu, 68) - 40));
    if (t.sndMss >= before) return;
    t.phase = 'loss';
    t.recover = t.sndNxt;
    t.lostBelow = t.sndNxt;
    t.highRxt = t.sndUna;
    t.rtxForced = true;
  }

  /** In TIME-WAIT: whether this SYN may start a new incarnation (RFC 9293 §3.6.1, RFC 6191). */
  allowsReopen(syn: TcpView): boolean {
    const t = this.#t;
    if (t.state !== 'TIME-WAIT' || (syn.flags & (SYN | ACK_FLAG | RST)) !== SYN) return false;
    const ts = parseTcpOptions(syn).timestamps;
    if (t.timestampsOn && ts !== null) return seqGt(ts.value, t.tsRecent) || seqGt(syn.seq, t.rcvNxt);
    return seqGt(syn.seq, t.rcvNxt);
  }

  info(): TcpInfo {
    const t = this.#t;
    return {
      state: t.state,
      tuple: t.tuple,
      iss: t.iss,
      sndUna: t.sndUna,
      sndNxt: t.sndNxt,
      sndWnd: t.sndWnd,
      irs: t.irs,
      rcvNxt: t.rcvNxt,
      rcvWnd: rcvWindow(t),
      sndMss: t.sndMss,
      sndWscale: t.sndWscale,
      rcvWscale: t.rcvWscale,
      timestamps: t.timestampsOn,
      sack: t.sackOn,
      cwnd: t.congestion.cwnd,
      ssthresh: t.congestion.ssthresh,
      phase: t.phase,
      inFlight: inFlight(t),
      pipe: pipe(t),
      srtt: t.rtt.srtt,
      rttvar: t.rtt.rttvar,
      rto: t.rtt.rto,
      sendQueue: t.sendRing.length,
      receiveQueue: t.receiveRing.length,
      counters: { ...t.counters },
    };
  }

  #inFlight(seq: number): boolean {
    const t = this.#t;
    return t.state !== 'CLOSED' && seqGeq(seq, t.sndUna) && seqLeq(seq, seqAdd(t.sndNxt, -1));
  }
}
