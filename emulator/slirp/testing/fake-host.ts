/** Host sockets that do what a test tells them and remember what they were asked. Keeps the rules of base/host-sockets.ts. */
import { ipv4, type Ipv4Addr } from '../../base/address.ts';
import {
  endpoint4,
  type Endpoint,
  type HostCaps,
  type HostDatagram,
  type HostListener,
  type HostPing,
  type HostSockets,
  type HostStream,
  type IcmpCause,
  type IpAddr,
  type Made,
  type SocketError,
  type StreamEvent,
} from '../../base/host-sockets.ts';
import { KERNEL_CAPS } from '../../net/kernel-sockets.ts';

/** A simulated kernel's, without peeking. */
export const FULL_CAPS: HostCaps = { ...KERNEL_CAPS, peek: false };

export class FakeStream implements HostStream {
  readonly remote: Endpoint;
  readonly local: Endpoint = endpoint4(ipv4('192.168.76.10'), 40_000);
  phase: HostStream['phase'];
  onEvent: (event: StreamEvent) => void = () => undefined;
  /** Bytes the host takes before it says no more. */
  room = Infinity;
  /** What the NAT sent. */
  readonly received: number[] = [];
  /** What the NAT did to the stream: `shutdownSend`, `close`, `abort`, `dispose`. */
  readonly calls: string[] = [];
  halfClose = true;
  #inbox: Uint8Array = new Uint8Array(0);

  constructor(remote: Endpoint, phase: HostStream['phase']) {
    this.remote = remote;
    this.phase = phase;
  }

  /** The far side accepts. */
  connected(): void {
    this.phase = 'open';
    this.onEvent({ type: 'connected' });
  }
  failed(error: SocketError, icmp: IcmpCause | null = null): void {
    this.phase = 'closed';
    this.onEvent({ type: 'failed', error, icmp });
  }
  /** The far side sends. */
  push(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.#inbox.length + bytes.length);
    joined.set(this.#inbox);
    joined.set(bytes, this.#inbox.length);
    this.#inbox = joined;
    this.onEvent({ type: 'readable' });
  }
  ended(): void {
    this.phase = 'ended';
    this.onEvent({ type: 'ended' });
  }
  reset(): void {
    this.phase = 'closed';
    this.onEvent({ type: 'reset', error: 'ECONNRESET' });
  }
  /** The host has room again. */
  writable(room = Infinity): void {
    this.room = room;
    this.onEvent({ type: 'writable' });
  }

  available(): number {
    return this.#inbox.length;
  }
  recv(into: Uint8Array, at: number, max: number): number {
    const n = Math.min(max, this.#inbox.length);
    into.set(this.#inbox.subarray(0, n), at);
    this.#inbox = this.#inbox.slice(n);
    return n;
  }
  peek(): number {
    return 0;
  }
  send(from: Uint8Array, at: number, length: number): number {
    if (this.phase === 'connecting' || this.phase === 'closed') return 0;
    const n = Math.min(length, this.room);
    this.room -= n;
    for (let i = 0; i < n; i++) this.received.push(from[at + i]!);
    return n;
  }
  sendUrgent(): boolean {
    return false;
  }
  shutdownSend(): boolean {
    this.calls.push('shutdownSend');
    return this.halfClose;
  }
  close(): void {
    if (this.calls.includes('close')) return;
    this.calls.push('close');
    this.phase = 'closed';
  }
  abort(): void {
    this.calls.push('abort');
    this.phase = 'closed';
  }
  dispose(): void {
    this.calls.push('dispose');
  }
}

export interface SentDatagram {
  readonly to: Endpoint;
  readonly data: Uint8Array;
  readonly ttl: number;
  readonly tos: number;
}

export class FakeDatagram implements HostDatagram {
  readonly local: Endpoint;
  readonly sent: SentDatagram[] = [];
  readonly inbox: { readonly from: Endpoint; readonly data: Uint8Array }[] = [];
  sendError: SocketError | null = null;
  disposed = false;
  onReadable: () => void = () => undefined;
  onError: (error: SocketError, to: Endpoint | null, icmp: IcmpCause | null) => void = () => undefined;

  constructor(local: Endpoint) {
    this.local = local;
  }
  /** Somebody sends to the socket. */
  arrive(from: Endpoint, data: Uint8Array): void {
    this.inbox.push({ from, data });
    this.onReadable();
  }
  send(to: Endpoint, data: Uint8Array, ttl: number, tos: number): SocketError | null {
    if (this.sendError !== null) return this.sendError;
    this.sent.push({ to, data: data.slice(), ttl, tos });
    return null;
  }
  recv(): { readonly from: Endpoint; readonly data: Uint8Array } | null {
    return this.inbox.shift() ?? null;
  }
  dispose(): void {
    this.disposed = true;
  }
}

export class FakePing implements HostPing {
  readonly sent: { to: IpAddr; sequence: number; data: Uint8Array; ttl: number }[] = [];
  disposed = false;
  onReply: HostPing['onReply'] = () => undefined;
  onError: HostPing['onError'] = () => undefined;
  send(to: IpAddr, sequence: number, data: Uint8Array, ttl: number): SocketError | null {
    this.sent.push({ to, sequence, data: data.slice(), ttl });
    return null;
  }
  dispose(): void {
    this.disposed = true;
  }
}

export class FakeListener implements HostListener {
  readonly local: Endpoint;
  disposed = false;
  onAccept: (stream: HostStream) => void = () => undefined;
  constructor(local: Endpoint) {
    this.local = local;
  }
  dispose(): void {
    this.disposed = true;
  }
}

export class FakeHostSockets implements HostSockets {
  readonly name = 'fake';
  caps: HostCaps = FULL_CAPS;
  readonly streams: FakeStream[] = [];
  readonly datagrams: FakeDatagram[] = [];
  readonly pings: FakePing[] = [];
  readonly listeners: FakeListener[] = [];
  servers: Endpoint[] = [endpoint4(ipv4('192.168.76.2'), 53)];
  /** `connect` fails at once with it. */
  connectError: SocketError | null = null;
  /** New streams are connected as soon as they exist. */
  autoConnect = false;
  readonly taken = new Set<number>();

  connect(to: Endpoint): Made<HostStream> {
    if (this.connectError !== null) return { ok: false, error: this.connectError };
    const stream = new FakeStream(to, this.autoConnect ? 'open' : 'connecting');
    stream.halfClose = this.caps.halfClose;
    this.streams.push(stream);
    return { ok: true, value: stream };
  }
  listen(at: Endpoint): Made<HostListener> {
    if (this.taken.has(at.port)) return { ok: false, error: 'EADDRINUSE' };
    this.taken.add(at.port);
    const listener = new FakeListener(at);
    this.listeners.push(listener);
    return { ok: true, value: listener };
  }
  datagram(_family: 4 | 6, bind?: Endpoint): Made<HostDatagram> {
    const socket = new FakeDatagram(bind ?? endpoint4(ipv4('192.168.76.10'), 50_000 + this.datagrams.length));
    this.datagrams.push(socket);
    return { ok: true, value: socket };
  }
  ping(): Made<HostPing> {
    const ping = new FakePing();
    this.pings.push(ping);
    return { ok: true, value: ping };
  }
  nameservers(): readonly Endpoint[] {
    return this.servers;
  }
  isLocal(ip: IpAddr): boolean {
    return ip.family === 4 && (ip.v4 as Ipv4Addr) >>> 24 === 127;
  }
  dispose(): void {
    // Nothing to release.
  }
}
