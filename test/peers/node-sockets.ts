/**
 * As much of HostSockets over Node's loopback sockets as a service needs, so that real clients can be its peers. Ports are
 * whatever the system gives; `portOf` says which. Leaves out connecting outward and ping.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ipv4, parseIpv4, formatIpv4 } from '../../emulator/base/address.ts';
import type { Clock, Nanos, Timer } from '../../emulator/base/clock.ts';
import {
  endpoint4,
  type Endpoint,
  type HostCaps,
  type HostDatagram,
  type HostListener,
  type HostSockets,
  type HostStream,
  type Made,
  type SocketError,
  type StreamEvent,
} from '../../emulator/base/host-sockets.ts';
import { Xoshiro128 } from '../../emulator/base/random.ts';
import type { ServiceHost } from '../../emulator/services/service.ts';

const HIGH_WATER = 65_536;

class NodeStream implements HostStream {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  phase: HostStream['phase'] = 'open';
  onEvent: (event: StreamEvent) => void = () => undefined;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.remote = endpoint4(ipv4('127.0.0.1'), socket.remotePort ?? 0);
    this.local = endpoint4(ipv4('127.0.0.1'), socket.localPort ?? 0);
    socket.on('readable', () => {
      this.onEvent({ type: 'readable' });
    });
    socket.on('drain', () => {
      this.onEvent({ type: 'writable' });
    });
    socket.on('end', () => {
      this.phase = 'ended';
      this.onEvent({ type: 'ended' });
    });
    socket.on('error', () => {
      this.onEvent({ type: 'reset', error: 'ECONNRESET' });
    });
    socket.on('close', () => {
      this.phase = 'closed';
      this.onEvent({ type: 'closed' });
    });
  }

  available(): number {
    return this.#socket.readableLength;
  }

  recv(into: Uint8Array, at: number, max: number): number {
    const part = this.#socket.read(Math.min(max, this.#socket.readableLength)) as Buffer | null;
    if (!part) return 0;
    into.set(part, at);
    return part.length;
  }

  peek(): number {
    return 0;
  }

  send(from: Uint8Array, at: number, length: number): number {
    const taken = Math.min(length, HIGH_WATER - this.#socket.writableLength);
    if (taken <= 0 || !this.#socket.writable) return 0;
    this.#socket.write(Buffer.from(from.slice(at, at + taken)));
    return taken;
  }

  sendUrgent(): boolean {
    return false;
  }

  shutdownSend(): boolean {
    this.#socket.end();
    return true;
  }

  close(): void {
    this.#socket.end();
    this.#socket.resume();
  }

  abort(): void {
    this.#socket.resetAndDestroy();
  }

  dispose(): void {
    this.#socket.destroy();
  }
}

const notHere: { ok: false; error: SocketError } = { ok: false, error: 'EOPNOTSUPP' };

export class NodeSockets implements HostSockets {
  readonly name = 'node';
  readonly caps: HostCaps = {
    connectResult: 'none', halfClose: true, abort: true, resetVisible: true, urgent: false, peek: false, backpressure: 'both',
    listen: true, sourceAddress: true, udp: 'full-cone', udpErrors: false, ttl: false, ping: false, families: [4], realNetwork: true,
  }; // prettier-ignore
  readonly #servers = new Map<number, Server>();
  readonly #sockets = new Map<number, UdpSocket>();

  /** The real port behind `tcp` or `udp` port `port`, once it is open. */
  async portOf(kind: 'tcp' | 'udp', port: number): Promise<number> {
    const open = kind === 'tcp' ? this.#servers.get(port)! : this.#sockets.get(port)!;
    for (;;) {
      try {
        const address = open.address() as AddressInfo | null;
        if (address) return address.port;
      } catch {
        // Not bound yet.
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  connect(): Made<HostStream> {
    return notHere;
  }

  listen(at: Endpoint, backlog: number): Made<HostListener> {
    const server = createServer({ allowHalfOpen: true, highWaterMark: HIGH_WATER });
    const listener: HostListener = { local: at, onAccept: () => undefined, dispose: () => server.close() };
    server.on('connection', (socket) => {
      listener.onAccept(new NodeStream(socket));
    });
    server.listen({ host: '127.0.0.1', port: 0, backlog });
    this.#servers.set(at.port, server);
    return { ok: true, value: listener };
  }

  datagram(_family: 4 | 6, bind?: Endpoint): Made<HostDatagram> {
    const socket = createSocket('udp4');
    const waiting: { from: Endpoint; data: Uint8Array }[] = [];
    const datagram: HostDatagram = {
      local: bind ?? null,
      onReadable: () => undefined,
      onError: () => undefined,
      send: (to, data) => {
        if (to.ip.family !== 4) return 'ENETUNREACH';
        socket.send(data.slice(), to.port, formatIpv4(to.ip.v4));
        return null;
      },
      recv: () => waiting.shift() ?? null,
      dispose: () => socket.close(),
    };
    socket.on('message', (data, from) => {
      waiting.push({ from: endpoint4(parseIpv4(from.address)!, from.port), data: new Uint8Array(data) });
      datagram.onReadable();
    });
    socket.bind(0, '127.0.0.1');
    this.#sockets.set(bind?.port ?? 0, socket);
    return { ok: true, value: datagram };
  }

  ping(): { ok: false; error: SocketError } {
    return notHere;
  }

  nameservers(): readonly Endpoint[] {
    return [];
  }

  isLocal(): boolean {
    return true;
  }

  dispose(): void {
    for (const server of this.#servers.values()) server.close();
  }
}

/** A clock that follows the platform's. */
export class PlatformClock implements Clock {
  readonly #start = performance.now();

  now(): Nanos {
    return Math.round((performance.now() - this.#start) * 1e6);
  }

  timer(fire: () => void): Timer {
    let pending: NodeJS.Timeout | NodeJS.Immediate | null = null;
    let deadline = Infinity;
    const cancel = (): void => {
      if (pending) {
        clearTimeout(pending as NodeJS.Timeout);
        clearImmediate(pending as NodeJS.Immediate);
      }
      pending = null;
      deadline = Infinity;
    };
    const run = (): void => {
      cancel();
      fire();
    };
    return {
      get deadline() {
        return deadline;
      },
      arm: (at) => {
        cancel();
        deadline = at;
        const wait = (at - this.now()) / 1e6;
        pending = wait <= 0 ? setImmediate(run) : setTimeout(run, wait).unref();
      },
      cancel,
      save: () => null,
      restore: cancel,
      dispose: cancel,
    };
  }
}

/** A host on the loopback interface. */
export function nodeHost(): ServiceHost & { readonly sockets: NodeSockets } {
  return {
    address: ipv4('127.0.0.1'),
    sockets: new NodeSockets(),
    clock: new PlatformClock(),
    random: new Xoshiro128(1),
  };
}
