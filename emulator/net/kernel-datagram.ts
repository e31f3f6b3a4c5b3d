/** UDP and ping sockets of a simulated kernel as the host-sockets seam shows them. */
import { IPV4_ANY, type Ipv4Addr } from '../base/address.ts';
import {
  endpoint4,
  type Endpoint,
  type HostDatagram,
  type HostPing,
  type IcmpCause,
  type IpAddr,
  type SocketError,
} from '../base/host-sockets.ts';
import type { EventQueue, EventTarget } from './events.ts';
import type { IcmpError, IcmpLayer } from './icmp.ts';
import { unreachableError } from './kernel-stream.ts';
import type { UdpLayer, UdpSocket } from './udp.ts';

/** Errors and replies kept for a user who has not been told yet. */
const MAX_WAITING = 64;

const v4 = (a: Ipv4Addr): IpAddr => ({ family: 4, v4: a });
const causeOf = (e: IcmpError): IcmpCause => ({ icmpType: e.type, code: e.code, from: v4(e.from) });

interface WaitingError {
  readonly error: SocketError;
  readonly to: Endpoint;
  readonly icmp: IcmpCause;
}

export class KernelDatagram implements HostDatagram, EventTarget {
  readonly local: Endpoint;
  onReadable: () => void = () => undefined;
  onError: HostDatagram['onError'] = () => undefined;
  queued = false;
  readonly #socket: UdpSocket;
  readonly #udp: UdpLayer;
  #errors: WaitingError[] = [];
  #closed = false;
  readonly #disposed: () => void;

  constructor(socket: UdpSocket, udp: UdpLayer, events: EventQueue, disposed: () => void) {
    this.#socket = socket;
    this.#udp = udp;
    this.#disposed = disposed;
    this.local = endpoint4(socket.address, socket.port);
    socket.onArrival = () => events.push(this);
    socket.onError = (e, port) => {
      if (this.#errors.length >= MAX_WAITING) return;
      const error = e.type === 3 ? unreachableError(e.code) : 'EHOSTUNREACH';
      this.#errors.push({ error, to: endpoint4(e.dst, port), icmp: causeOf(e) });
      events.push(this);
    };
  }

  send(to: Endpoint, data: Uint8Array, ttl: number, tos: number): SocketError | null {
    if (this.#closed || to.ip.family !== 4) return 'EOPNOTSUPP';
    if (to.port === 0) return 'EADDRNOTAVAIL';
    return this.#udp.send(this.#socket, to.ip.v4, to.port, data, ttl, tos);
  }

  recv(): { readonly from: Endpoint; readonly data: Uint8Array } | null {
    const d = this.#socket.take();
    return d === null ? null : { from: endpoint4(d.from, d.port), data: d.data };
  }

  deliver(): void {
    const errors = this.#errors;
    this.#errors = [];
    for (const e of errors) if (!this.#closed) this.onError(e.error, e.to, e.icmp);
    if (!this.#closed && this.#socket.queue.length > 0) this.onReadable();
  }

  dispose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#errors = [];
    this.#udp.close(this.#socket);
    this.#disposed();
  }
}

interface WaitingReply {
  readonly from: Ipv4Addr;
  readonly sequence: number;
  readonly data: Uint8Array;
  readonly ttl: number;
  readonly error: IcmpError | null;
}

export class KernelPing implements HostPing, EventTarget {
  onReply: HostPing['onReply'] = () => undefined;
  onError: HostPing['onError'] = () => undefined;
  queued = false;
  readonly #icmp: IcmpLayer;
  readonly #id: number;
  #waiting: WaitingReply[] = [];
  #closed = false;
  readonly #disposed: () => void;

  constructor(icmp: IcmpLayer, events: EventQueue, disposed: () => void) {
    this.#icmp = icmp;
    this.#disposed = disposed;
    const add = (w: WaitingReply): void => {
      if (this.#waiting.length >= MAX_WAITING) return;
      this.#waiting.push(w);
      events.push(this);
    };
    this.#id = icmp.bind({
      reply: (from, sequence, data, ttl) => add({ from, sequence, data, ttl, error: null }),
      error: (sequence, e) => add({ from: e.from, sequence, data: new Uint8Array(0), ttl: 0, error: e }),
    });
  }

  /** The identifier in its echo requests; -1: none was free. */
  get id(): number {
    return this.#id;
  }

  send(to: IpAddr, sequence: number, data: Uint8Array, ttl: number): SocketError | null {
    if (this.#closed || to.family !== 4 || to.v4 === IPV4_ANY) return 'EOPNOTSUPP';
    return this.#icmp.ping(this.#id, to.v4, sequence & 0xffff, data, ttl);
  }

  deliver(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const w of waiting) {
      if (this.#closed) return;
      if (w.error === null) this.onReply(v4(w.from), w.sequence, w.data, w.ttl);
      else this.onError(w.sequence, causeOf(w.error));
    }
  }

  dispose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = [];
    this.#icmp.unbind(this.#id);
    this.#disposed();
  }
}
