/** A TCP connection of a simulated kernel as the host-sockets seam shows it. */
import {
  endpoint4,
  type Endpoint,
  type HostStream,
  type IcmpCause,
  type SocketError,
  type StreamEvent,
} from '../base/host-sockets.ts';
import type { Ledger } from '../base/ledger.ts';
import type { EventQueue, EventTarget } from './events.ts';
import {
  EV_CLOSED,
  EV_CONNECTED,
  EV_FIN,
  EV_READABLE,
  EV_REFUSED,
  EV_RESET,
  EV_TIMEOUT,
  EV_UNREACHABLE,
  EV_WRITABLE,
} from './tcp/connection.ts';
import type { TcpLayer, TcpSocket } from './tcp-layer.ts';

const ignore = (): void => undefined;

/** The errno Linux makes of an ICMP unreachable code (RFC 1122 §3.2.2.1). */
export function unreachableError(code: number): SocketError {
  if (code === 3 || code === 2) return 'ECONNREFUSED';
  if (code === 0 || code === 6 || code === 11) return 'ENETUNREACH';
  if (code === 9 || code === 10 || code === 13) return 'EACCES';
  if (code === 4) return 'EMSGSIZE';
  return 'EHOSTUNREACH';
}

export class KernelStream implements HostStream, EventTarget {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  onEvent: (event: StreamEvent) => void = ignore;
  queued = false;
  readonly #socket: TcpSocket;
  readonly #tcp: TcpLayer;
  readonly #events: EventQueue;
  readonly #ledger: Ledger;
  #phase: HostStream['phase'];
  /** `closed` has been delivered, or nobody listens. */
  #done = false;

  /** `accepted`: from a listener, so open already. */
  constructor(socket: TcpSocket, tcp: TcpLayer, events: EventQueue, ledger: Ledger, accepted: boolean) {
    const t = socket.conn.tuple;
    this.remote = endpoint4(t.remoteAddr, t.remotePort);
    this.local = endpoint4(t.localAddr, t.localPort);
    this.#socket = socket;
    this.#tcp = tcp;
    this.#events = events;
    this.#ledger = ledger;
    this.#phase = accepted ? 'open' : 'connecting';
    socket.user = this;
  }

  get phase(): HostStream['phase'] {
    return this.#phase;
  }

  get socket(): TcpSocket {
    return this.#socket;
  }

  available(): number {
    return this.#phase === 'closed' ? 0 : this.#socket.conn.available;
  }

  recv(into: Uint8Array, at: number, max: number): number {
    if (this.#phase === 'closed') return 0;
    const { conn } = this.#socket;
    const n = conn.read(into, at, Math.min(max, into.length - at));
    if (n === 0) return 0;
    if (this.#ledger.enabled) {
      this.#ledger.count('syscalls', 1);
      this.#ledger.count('copies', 1);
      this.#ledger.count('copiedBytes', n);
    }
    this.#tcp.flush(this.#socket);
    if (this.#finished()) this.#events.push(this);
    return n;
  }

  peek(into: Uint8Array, at: number, max: number, skip: number): number {
    if (this.#phase === 'closed') return 0;
    return this.#socket.conn.peek(into, at, Math.min(max, into.length - at), skip);
  }

  send(from: Uint8Array, at: number, length: number): number {
    if (this.#phase === 'closed') return 0;
    const taken = this.#socket.conn.write(from, at, Math.min(length, from.length - at));
    if (this.#ledger.enabled) {
      this.#ledger.enter('h.s1', 0);
      this.#ledger.count('syscalls', 1);
      this.#ledger.leave('passed');
      this.#ledger.enter('h.s2', 0);
      this.#ledger.count('copies', 1);
      this.#ledger.count('copiedBytes', taken);
      this.#ledger.leave('passed');
    }
    if (taken > 0) this.#tcp.flush(this.#socket);
    return taken;
  }

  sendUrgent(_byte: number): boolean {
    return false;
  }

  shutdownSend(): boolean {
    if (this.#phase === 'closed' || this.#phase === 'connecting') return false;
    this.#socket.conn.shutdown();
    this.#tcp.flush(this.#socket);
    return true;
  }

  close(): void {
    if (this.#phase === 'closed') return;
    this.#leave();
    this.#socket.conn.close();
    this.#tcp.flush(this.#socket);
  }

  abort(): void {
    if (this.#phase === 'closed') return;
    this.#leave();
    this.#socket.conn.abort();
    this.#tcp.flush(this.#socket);
  }

  dispose(): void {
    this.close();
    this.#done = true;
    this.onEvent = ignore;
    this.#socket.user = null;
  }

  deliver(): void {
    const s = this.#socket;
    const bits = s.bits;
    s.bits = 0;
    if (this.#done) return;
    if (this.#phase !== 'closed') this.#tell(bits);
    if (this.#phase !== 'closed' && !(bits & EV_CLOSED && s.conn.available === 0) && !this.#finished())
      return;
    this.#phase = 'closed';
    this.#done = true;
    s.user = null;
    this.onEvent({ type: 'closed' });
  }

  /** The user gave it up: nothing but `closed` is told from now on. */
  #leave(): void {
    this.#phase = 'closed';
    this.#events.push(this);
  }

  /** Both directions ended in order and everything was read. */
  #finished(): boolean {
    const { conn } = this.#socket;
    if (conn.available > 0 || !conn.peerFinished) return false;
    return conn.state === 'TIME-WAIT' || conn.state === 'CLOSED';
  }

  #tell(bits: number): void {
    if (this.#phase === 'connecting') {
      const failure = this.#failure(bits);
      if (failure !== null) {
        this.#phase = 'closed';
        this.onEvent({ type: 'failed', error: failure, icmp: this.#cause() });
        return;
      }
      if (bits & EV_CONNECTED) {
        this.#phase = 'open';
        this.onEvent({ type: 'connected' });
      }
    }
    if (bits & EV_READABLE && this.#listening()) this.onEvent({ type: 'readable' });
    if (bits & EV_WRITABLE && this.#listening()) this.onEvent({ type: 'writable' });
    if (bits & EV_FIN && this.#listening()) {
      this.#phase = 'ended';
      this.onEvent({ type: 'ended' });
    }
    if (bits & (EV_RESET | EV_TIMEOUT) && this.#listening()) {
      this.#phase = 'closed';
      this.onEvent({ type: 'reset', error: bits & EV_RESET ? 'ECONNRESET' : 'ETIMEDOUT' });
    }
  }

  #listening(): boolean {
    return this.#phase !== 'closed';
  }

  #failure(bits: number): SocketError | null {
    const { icmp } = this.#socket.conn;
    if (icmp !== null && bits & (EV_REFUSED | EV_UNREACHABLE)) return unreachableError(icmp.code);
    if (bits & (EV_REFUSED | EV_RESET)) return 'ECONNREFUSED';
    if (bits & EV_TIMEOUT) return 'ETIMEDOUT';
    return null;
  }

  #cause(): IcmpCause | null {
    const { icmp } = this.#socket.conn;
    if (icmp === null) return null;
    return { icmpType: icmp.type, code: icmp.code, from: { family: 4, v4: this.#socket.icmpFrom } };
  }
}
