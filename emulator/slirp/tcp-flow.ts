/**
 * One TCP connection of the guest: a TcpConnection toward the guest, a host stream toward the world, and the bytes between them.
 *
 * The host decides what the guest sees: the SYN-ACK waits for the host's connect, a refusal is a RST, an end of file a FIN, a reset a RST. Both
 * directions hold back: the host stream is read only while the send buffer to the guest is less than half full, and what the host does not take
 * stays in the receive buffer, so the window offered to the guest shrinks. Leaves out urgent data.
 *
 *   conn === null: connecting, the guest's SYN is kept. Segments to the guest are made when the output queue asks (`nextPacket`), but the answer
 *   to a segment at once, so that each is acknowledged by itself, as slirp does.
 */
import type { Ipv4Addr } from '../base/address.ts';
import type { Nanos, Timer } from '../base/clock.ts';
import type { PacketId } from '../base/frame.ts';
import { endpoint4, type HostStream, type SocketError } from '../base/host-sockets.ts';
import type { Fate } from '../base/ledger.ts';
import type { TcpConfig } from '../net/tcp/config.ts';
import { EV_REFUSED, EV_RESET, EV_TIMEOUT, TcpConnection } from '../net/tcp/connection.ts';
import type { TcbState } from '../net/tcp/tcb.ts';
import { ETHERNET_HEADER } from '../wire/ethernet.ts';
import { ICMP_UNREACHABLE } from '../wire/icmpv4.ts';
import { IPV4_HEADER, Ipv4View, PROTO_TCP, putIpv4 } from '../wire/ipv4.ts';
import { TcpView } from '../wire/tcp.ts';
import { BLIND_CONNECT_NS, CONNECT_NS, LINGER_NS } from './config.ts';
import { dropped, type SlirpCore } from './core.ts';
import type { Flow, FlowRow } from './flow-table.ts';
import { TRANSPORT } from './ip-output.ts';
import { traceArrival, traceMade, traceSocket } from './tcp-trace.ts';
import { refusalOf } from './translate.ts';

const CONNECTED = 1;
const FAILED = 2;
const ENDED = 4;
const RESET = 8;
const WORK = 16;

const TTL = 64;

/** What a flow needs of the TCP side as a whole. */
export interface TcpOwner {
  /** The engine's settings, with the MSS that the guest's link allows. */
  readonly config: TcpConfig;
  /** For copies between ring and socket, and for a frame under construction; used within one call. */
  readonly scratch: Uint8Array;
  readonly frame: Uint8Array;
  /** RST+ACK in answer to a SYN. */
  refuse(ip: Ipv4View, syn: TcpView): void;
  initialSequence(flow: TcpFlow): number;
  /** The connect has a result: one half-open flow less. */
  settled(): void;
  remove(flow: TcpFlow): void;
}

export interface TcpFlowState {
  readonly guestAddr: Ipv4Addr;
  readonly guestPort: number;
  readonly remoteAddr: Ipv4Addr;
  readonly remotePort: number;
  readonly conn: TcbState;
}

export class TcpFlow implements Flow {
  readonly id: number;
  readonly guestAddr: Ipv4Addr;
  readonly guestPort: number;
  /** The far end as the guest addresses it. */
  readonly remoteAddr: Ipv4Addr;
  readonly remotePort: number;
  readonly #core: SlirpCore;
  readonly #owner: TcpOwner;
  /** null after a restore: host sockets do not survive one. */
  readonly #stream: HostStream | null;
  readonly #timer: Timer;
  readonly #born: Nanos;
  #conn: TcpConnection | null = null;
  #syn: Uint8Array | null = null;
  #pending = 0;
  #failure: SocketError = 'ECONNREFUSED';
  /** The stream may have something to read. */
  #readable = false;
  #hostEnded = false;
  /** The stream is closed, reset or given up: nothing more goes to it. */
  #hostGone = false;
  #finToHost = false;
  #finToGuest = false;
  #removed = false;
  #lastGuestAt: Nanos;
  #lastHostAt: Nanos;
  /** When to give up whatever is going on; Infinity: not. */
  #limit: Nanos = Infinity;
  /** Id of the packet made last. */
  packet: PacketId = 0;
  #bytesOut = 0;
  #bytesIn = 0;

  constructor(
    core: SlirpCore,
    owner: TcpOwner,
    guest: { readonly addr: Ipv4Addr; readonly port: number },
    remote: { readonly addr: Ipv4Addr; readonly port: number },
    stream: HostStream | null,
  ) {
    this.#core = core;
    this.#owner = owner;
    this.id = core.nextFlowId();
    this.guestAddr = guest.addr;
    this.guestPort = guest.port;
    this.remoteAddr = remote.addr;
    this.remotePort = remote.port;
    this.#stream = stream;
    this.#hostGone = stream === null;
    this.#born = this.#lastGuestAt = this.#lastHostAt = core.clock.now();
    this.#timer = core.clock.timer(() => this.#post(WORK));
    if (stream !== null) this.#listen(stream);
  }

  /** Waits for the host's connect, then answers the guest's SYN (copied). */
  awaitConnect(ip: Ipv4View): void {
    const { sockets, clock } = this.#core;
    this.#syn = ip.bytes.slice(ip.at, ip.packetEnd);
    this.#limit = clock.now() + (sockets.caps.connectResult === 'none' ? BLIND_CONNECT_NS : CONNECT_NS);
    this.#timer.arm(this.#limit);
    if (this.#stream?.phase === 'open') this.#post(CONNECTED);
  }

  /** Opens toward the guest for a stream that a forward accepted. */
  openToGuest(now: Nanos): void {
    this.#conn = TcpConnection.open(
      this.#owner.config,
      this.#tuple(),
      this.#owner.initialSequence(this),
      now,
    );
    this.#readable = true;
    this.#core.wantsOutput(this);
  }

  get connecting(): boolean {
    return this.#conn === null;
  }

  /** Whether `syn` may replace this flow, which is over but for TIME-WAIT. */
  allowsReopen(syn: TcpView): boolean {
    return this.#conn?.allowsReopen(syn) ?? false;
  }

  /** A segment of the guest that passed `fault()`. Runs in the vCPU's context. */
  segment(tcp: TcpView): Fate {
    const { clock, counters, ledger } = this.#core;
    const now = clock.now();
    this.#lastGuestAt = now;
    const conn = this.#conn;
    if (conn === null) return dropped(counters, 'tcp-while-connecting');
    if (ledger.enabled) {
      ledger.enter('s.i5', this.#core.handling());
      traceArrival(ledger, this.id, tcp, conn, this.#bytesOut);
    }
    conn.segmentArrives(tcp, now);
    this.#settle(conn, false);
    this.#answerNow(conn, now);
    if (ledger.enabled) ledger.leave('ended');
    return 'ended';
  }

  work(now: Nanos): void {
    if (this.#removed) return;
    const pending = this.#pending;
    this.#pending = 0;
    if (pending & FAILED) this.#failed();
    if (pending & CONNECTED) this.#establish(now);
    if (pending & RESET) this.#hostReset();
    if (pending & ENDED) this.#hostEnded = true;
    if (now >= this.#limit) this.#giveUp(now);
    const conn = this.#conn;
    if (conn === null || this.#removed) return;
    if (now >= conn.deadline()) conn.timeout(now);
    this.#settle(conn, true);
    if (!this.#removed) this.#core.wantsOutput(this);
  }

  /** Writes the next packet for the guest into `frame` from the IP header on; returns its length, 0: nothing to send now. */
  nextPacket(frame: Uint8Array, now: Nanos): number {
    const conn = this.#conn;
    if (conn === null || this.#removed) return 0;
    const { ids, ledger, output } = this.#core;
    const length = conn.nextSegment(frame, TRANSPORT, now);
    if (length === 0) {
      this.#settle(conn, false);
      return 0;
    }
    this.packet = ids.next();
    if (ledger.enabled) traceMade(ledger, this.id, this.packet, frame, length, conn, this.#bytesIn);
    putIpv4(frame, ETHERNET_HEADER, {
      tos: 0,
      length: IPV4_HEADER + length,
      id: output.nextId(),
      flagsOffset: 0,
      ttl: TTL,
      protocol: PROTO_TCP,
      src: this.remoteAddr,
      dst: this.guestAddr,
    });
    if (conn.state === 'CLOSED') this.#settle(conn, false);
    else this.#arm(conn);
    return IPV4_HEADER + length;
  }

  drained(): void {
    // Segments are made on demand.
  }

  row(now: Nanos): FlowRow {
    return {
      id: this.id,
      protocol: 'tcp',
      guest: endpoint4(this.guestAddr, this.guestPort),
      host: this.#stream?.local ?? null,
      remote: endpoint4(this.remoteAddr, this.remotePort),
      state: this.#conn?.state ?? 'CONNECTING',
      ageNs: now - this.#born,
      bytesOut: this.#bytesOut,
      bytesIn: this.#bytesIn,
      idleNs: now - Math.max(this.#lastGuestAt, this.#lastHostAt),
    };
  }

  /** null while connecting: there is no guest leg yet, the guest will send its SYN again. */
  save(): TcpFlowState | null {
    const { guestAddr, guestPort, remoteAddr, remotePort } = this;
    if (this.#conn === null) return null;
    return { guestAddr, guestPort, remoteAddr, remotePort, conn: this.#conn.save() };
  }

  /** Takes over a saved guest leg, whose host side is gone: the guest is told by a reset. */
  restoreAndReset(state: TcbState): void {
    this.#conn = TcpConnection.restore(this.#owner.config, state);
    this.#conn.abort();
    this.#core.wantsOutput(this);
  }

  dispose(): void {
    this.#removed = true;
    this.#timer.dispose();
    if (this.#stream === null) return;
    this.#stream.onEvent = () => undefined;
    // A stream that was closed in order still has its last bytes to deliver.
    if (!this.#hostGone) this.#stream.dispose();
  }

  #tuple(): { localAddr: Ipv4Addr; localPort: number; remoteAddr: Ipv4Addr; remotePort: number } {
    return {
      localAddr: this.remoteAddr,
      localPort: this.remotePort,
      remoteAddr: this.guestAddr,
      remotePort: this.guestPort,
    };
  }

  #listen(stream: HostStream): void {
    stream.onEvent = (event) => {
      this.#lastHostAt = this.#core.clock.now();
      switch (event.type) {
        case 'connected':
          return this.#post(CONNECTED);
        case 'failed':
          this.#failure = event.error;
          return this.#post(FAILED);
        case 'readable':
          this.#readable = true;
          return this.#post(WORK);
        case 'writable':
        case 'urgent':
          return this.#post(WORK);
        case 'ended':
          this.#readable = true;
          return this.#post(ENDED);
        case 'reset':
          return this.#post(RESET);
        case 'closed':
          return this.#post(ENDED);
      }
    };
  }

  #post(what: number): void {
    this.#pending |= what;
    this.#core.wake(this);
  }

  #establish(now: Nanos): void {
    const syn = this.#syn;
    if (syn === null) return;
    const { ledger, counters } = this.#core;
    const ip = new Ipv4View(syn, 0, syn.length);
    this.#syn = null;
    this.#limit = Infinity;
    this.#owner.settled();
    counters.add('tcp-connected');
    if (ledger.enabled) ledger.enter('s.con', 0);
    const segment = new TcpView(syn, ip.payload, ip.packetEnd);
    const iss = this.#owner.initialSequence(this);
    this.#conn = TcpConnection.accept(this.#owner.config, this.#tuple(), iss, segment, now);
    this.#readable = true;
    if (ledger.enabled) ledger.leave('born');
  }

  #failed(): void {
    if (this.#syn === null) {
      // A host that never tells a connect's result found out after all.
      this.#hostReset();
      return;
    }
    this.#answerSyn(this.#failure);
    this.#core.counters.add('tcp-connect-failed');
    this.#hostGone = true;
    this.#remove();
  }

  /** The answer to the SYN that is kept, for a connect that failed. */
  #answerSyn(error: SocketError): void {
    const syn = this.#syn!;
    const { errors, config } = this.#core;
    const ip = new Ipv4View(syn, 0, syn.length);
    const { code, reset } = refusalOf(error);
    if (reset || code === null || config.profile.lateConnectError === 'reset')
      this.#owner.refuse(ip, new TcpView(syn, ip.payload, ip.packetEnd));
    else errors.about(ICMP_UNREACHABLE, code, syn, config.host);
  }

  #hostReset(): void {
    // What a stream reports that we have given up concerns the guest no more.
    if (this.#hostGone) return;
    this.#hostGone = true;
    if (this.#conn === null) return;
    this.#core.counters.add('tcp-reset-by-host');
    if (this.#core.config.profile.resetFromHost === 'reset') this.#conn.abort();
    else this.#conn.close();
  }

  #giveUp(now: Nanos): void {
    const conn = this.#conn;
    if (conn !== null) {
      this.#core.counters.add('tcp-given-up');
      conn.abort();
      this.#dropHost('reset');
      return;
    }
    if (this.#core.sockets.caps.connectResult === 'none') return this.#establish(now);
    this.#core.counters.add('tcp-connect-timeout');
    this.#answerSyn('ECONNREFUSED');
    this.#dropHost('reset');
    this.#remove();
  }

  /** Moves bytes, passes ends on, looks at what the guest leg reported. `main`: in the main loop, where the host may be read. */
  #settle(conn: TcpConnection, main: boolean): void {
    if (this.#removed) return;
    const events = conn.takeEvents();
    if (events & (EV_RESET | EV_REFUSED | EV_TIMEOUT)) {
      this.#core.counters.add(events & EV_TIMEOUT ? 'tcp-timeout' : 'tcp-reset-by-guest');
      this.#dropHost(this.#core.config.profile.resetToHost);
    }
    this.#toHost(conn);
    if (main) this.#fromHost(conn);
    else if (this.#mayRead(conn)) this.#core.wake(this);
    if (conn.state === 'CLOSED' && (this.#hostGone || conn.available === 0)) return this.#remove();
    // Both ends have come and gone on: what is left happens on the guest leg alone.
    if (this.#finToHost && this.#finToGuest) this.#dropHost('close');
    this.#limit = this.#giveUpAt(conn);
    this.#arm(conn);
  }

  #toHost(conn: TcpConnection): void {
    const stream = this.#stream;
    if (stream === null || this.#hostGone) return;
    const { scratch } = this.#owner;
    const { ledger } = this.#core;
    while (conn.available > 0) {
      const n = conn.peek(scratch, 0, scratch.length, 0);
      if (ledger.enabled) {
        ledger.enter('s.i6', this.#core.handling());
        ledger.enter('s.i7', this.#core.handling());
      }
      const taken = stream.send(scratch, 0, n);
      if (taken > 0) conn.read(scratch, 0, taken);
      if (ledger.enabled) {
        const fate = traceSocket(ledger, this.id, 'out', this.#bytesOut, this.#bytesOut + taken, n);
        ledger.leave(fate);
        ledger.leave(fate);
      }
      this.#bytesOut += taken;
      if (taken < n) return;
    }
    if (!conn.peerFinished || this.#finToHost) return;
    // Without half close the stream stays open until the far side ends or is idle: closing now would cut its answer.
    this.#finToHost = true;
    stream.shutdownSend();
  }

  /** "Read while the send buffer is less than half full." */
  #mayRead(conn: TcpConnection): boolean {
    if (!this.#readable || this.#hostGone || conn.writable === 0) return false;
    if (conn.state === 'SYN-SENT' || conn.state === 'SYN-RECEIVED') return false;
    return conn.unacknowledged < this.#owner.config.sendBuffer / 2;
  }

  #fromHost(conn: TcpConnection): void {
    const stream = this.#stream;
    if (stream === null || this.#hostGone) return;
    const { scratch } = this.#owner;
    const { ledger } = this.#core;
    while (this.#mayRead(conn)) {
      const room = Math.min(conn.writable, scratch.length);
      if (ledger.enabled) ledger.enter('s.r1', 0);
      const n = stream.recv(scratch, 0, room);
      if (n > 0) conn.write(scratch, 0, n);
      else this.#readable = false;
      if (ledger.enabled) {
        ledger.leave(traceSocket(ledger, this.id, 'in', this.#bytesIn, this.#bytesIn + n, n));
      }
      this.#bytesIn += n;
    }
    if (!this.#hostEnded || stream.available() > 0) return;
    this.#finToGuest = true;
    conn.shutdown();
  }

  /** The answer to a guest's segment goes into the queue at once, while the chain has room; the rest is fetched in turn. */
  #answerNow(conn: TcpConnection, now: Nanos): void {
    if (this.#removed) return;
    const { queue, output } = this.#core;
    if (queue.hasRoom(this.id)) {
      const length = this.nextPacket(this.#owner.frame, now);
      if (length === 0) return;
      output.pushPacket(this.id, this.packet, this.#owner.frame, length, this.guestAddr);
    }
    if (conn.state !== 'CLOSED') this.#core.wantsOutput(this);
  }

  /**
   * A guest that is silent while it should answer or end is gone: a FIN out and nothing back, or a half close without any traffic. Kernels
   * bound the first by their retries; connection tracking bounds both, at 60 to 120 s.
   */
  #giveUpAt(conn: TcpConnection): Nanos {
    const idle = Math.max(this.#lastGuestAt, this.#lastHostAt) + LINGER_NS;
    switch (conn.state) {
      case 'FIN-WAIT-1':
      case 'FIN-WAIT-2':
      case 'CLOSING':
      case 'LAST-ACK':
      case 'CLOSED':
        return idle;
      case 'CLOSE-WAIT':
        return this.#finToHost && !this.#core.sockets.caps.halfClose ? idle : Infinity;
      default:
        return Infinity;
    }
  }

  #dropHost(how: 'reset' | 'close'): void {
    if (this.#stream === null || this.#hostGone) return;
    this.#hostGone = true;
    if (how === 'reset') this.#stream.abort();
    else this.#stream.close();
  }

  /** Looks again when the engine or the limit wants it; a timer that fires early does no harm. */
  #arm(conn: TcpConnection): void {
    const at = Math.min(conn.deadline(), this.#limit);
    if (at < this.#timer.deadline) this.#timer.arm(at);
  }

  #remove(): void {
    if (this.#removed) return;
    if (this.connecting) this.#owner.settled();
    this.#dropHost('close');
    this.#owner.remove(this);
  }
}
