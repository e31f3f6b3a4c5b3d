/** HostSockets over a simulated kernel: every capability but urgent data and IPv6. */
import { IPV4_ANY, type Ipv4Addr } from '../base/address.ts';
import type { Disposable } from '../base/disposable.ts';
import {
  endpoint4,
  type Endpoint,
  type HostCaps,
  type HostDatagram,
  type HostListener,
  type HostPing,
  type HostSockets,
  type HostStream,
  type IpAddr,
  type Made,
  type SocketError,
} from '../base/host-sockets.ts';
import type { EventQueue, EventTarget } from './events.ts';
import type { IcmpLayer } from './icmp.ts';
import type { IpLayer } from './ip.ts';
import { KernelDatagram, KernelPing } from './kernel-datagram.ts';
import { KernelStream } from './kernel-stream.ts';
import type { TcpLayer, TcpListener, TcpSocket } from './tcp-layer.ts';
import type { UdpLayer } from './udp.ts';

/** What a simulated kernel offers. */
export const KERNEL_CAPS: HostCaps = {
  connectResult: 'exact',
  halfClose: true,
  abort: true,
  resetVisible: true,
  urgent: false,
  peek: true,
  backpressure: 'both',
  listen: true,
  sourceAddress: true,
  udp: 'full-cone',
  udpErrors: true,
  ttl: true,
  ping: true,
  families: [4],
  realNetwork: false,
};

const failed = (error: SocketError): { readonly ok: false; readonly error: SocketError } => ({
  ok: false,
  error,
});
const validPort = (port: number): boolean => Number.isInteger(port) && port >= 0 && port <= 65535;

class KernelListener implements HostListener, EventTarget {
  readonly local: Endpoint;
  onAccept: (stream: HostStream) => void = () => undefined;
  queued = false;
  readonly #listener: TcpListener;
  readonly #release: () => void;
  #waiting: KernelStream[] = [];
  #closed = false;

  constructor(listener: TcpListener, release: () => void) {
    this.#listener = listener;
    this.#release = release;
    this.local = endpoint4(listener.address, listener.port);
  }

  add(stream: KernelStream): void {
    this.#waiting.push(stream);
  }

  deliver(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const stream of waiting) {
      // Until here it counted against the backlog.
      this.#listener.pending--;
      if (this.#closed) stream.abort();
      else this.onAccept(stream);
    }
  }

  dispose(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const stream of this.#waiting) stream.abort();
    this.#waiting = [];
    this.#release();
  }
}

export class KernelSockets implements HostSockets {
  readonly name: string;
  readonly caps = KERNEL_CAPS;
  /** Name servers this host was configured with. */
  nameserverAddresses: readonly Ipv4Addr[] = [];
  readonly #ip: IpLayer;
  readonly #icmp: IcmpLayer;
  readonly #udp: UdpLayer;
  readonly #tcp: TcpLayer;
  readonly #events: EventQueue;
  readonly #open = new Set<Disposable>();
  #disposed = false;

  constructor(name: string, ip: IpLayer, icmp: IcmpLayer, udp: UdpLayer, tcp: TcpLayer, events: EventQueue) {
    this.name = name;
    this.#ip = ip;
    this.#icmp = icmp;
    this.#udp = udp;
    this.#tcp = tcp;
    this.#events = events;
  }

  connect(to: Endpoint, from?: IpAddr): Made<HostStream> {
    if (this.#disposed) return failed('ENETUNREACH');
    if (to.ip.family !== 4 || (from !== undefined && from.family !== 4)) return failed('EOPNOTSUPP');
    if (!validPort(to.port) || to.port === 0) return failed('EADDRNOTAVAIL');
    const socket = this.#tcp.connect(to.ip.v4, to.port, from?.family === 4 ? from.v4 : IPV4_ANY);
    if (typeof socket === 'string') return failed(socket);
    return { ok: true, value: this.#stream(socket, false) };
  }

  listen(at: Endpoint, backlog: number): Made<HostListener> {
    if (this.#disposed) return failed('ENETUNREACH');
    if (at.ip.family !== 4) return failed('EOPNOTSUPP');
    if (!validPort(at.port)) return failed('EADDRNOTAVAIL');
    let host: KernelListener | null = null;
    const listener = this.#tcp.listen(at.ip.v4, at.port, backlog, (socket) => {
      if (host === null) return;
      const stream = this.#stream(socket, true);
      host.add(stream);
      // In this order: the user gets the stream before its first event.
      this.#events.push(host);
      this.#events.push(stream);
    });
    if (typeof listener === 'string') return failed(listener);
    const made = new KernelListener(listener, () => {
      this.#tcp.unlisten(listener);
      this.#open.delete(made);
    });
    host = made;
    this.#open.add(made);
    return { ok: true, value: made };
  }

  datagram(family: 4 | 6, bind?: Endpoint): Made<HostDatagram> {
    if (this.#disposed) return failed('ENETUNREACH');
    if (family !== 4 || (bind !== undefined && bind.ip.family !== 4)) return failed('EOPNOTSUPP');
    if (bind !== undefined && !validPort(bind.port)) return failed('EADDRNOTAVAIL');
    const address = bind?.ip.family === 4 ? bind.ip.v4 : IPV4_ANY;
    const socket = this.#udp.bind(address, bind?.port ?? 0);
    if (typeof socket === 'string') return failed(socket);
    const made = new KernelDatagram(socket, this.#udp, this.#events, () => this.#open.delete(made));
    this.#open.add(made);
    return { ok: true, value: made };
  }

  ping(family: 4 | 6): Made<HostPing> {
    if (this.#disposed) return failed('ENETUNREACH');
    if (family !== 4) return failed('EOPNOTSUPP');
    const made = new KernelPing(this.#icmp, this.#events, () => this.#open.delete(made));
    if (made.id < 0) return failed('EMFILE');
    this.#open.add(made);
    return { ok: true, value: made };
  }

  nameservers(family: 4 | 6): readonly Endpoint[] {
    return family === 4 ? this.nameserverAddresses.map((a) => endpoint4(a, 53)) : [];
  }

  isLocal(ip: IpAddr): boolean {
    return ip.family === 4 && this.#ip.isLocal(ip.v4);
  }

  /** Resets every stream, frees every port; users hear nothing more. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const item of [...this.#open]) item.dispose();
    this.#tcp.dispose();
    this.#events.clear();
  }

  #stream(socket: TcpSocket, accepted: boolean): KernelStream {
    return new KernelStream(socket, this.#tcp, this.#events, this.#ip.env.ledger, accepted);
  }
}
