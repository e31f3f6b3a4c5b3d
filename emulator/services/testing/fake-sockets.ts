/**
 * A host's sockets for tests: the test plays every peer by hand. Keeps the seam's rules (events never from inside a method, bytes
 * copied, `closed` last); they are delivered by `settle()`. Leaves out connecting outward and ping.
 */
import type {
  Endpoint,
  HostCaps,
  HostDatagram,
  HostListener,
  HostSockets,
  HostStream,
  Made,
  SocketError,
  StreamEvent,
} from '../../base/host-sockets.ts';
import { endpoint4 } from '../../base/host-sockets.ts';
import { ipv4, type Ipv4Addr, type MacAddr } from '../../base/address.ts';
import { joined, latin1, latin1Bytes } from '../../base/bytes.ts';
import { Xoshiro128 } from '../../base/random.ts';
import { KERNEL_CAPS } from '../../net/kernel-sockets.ts';
import { ManualClock } from '../../time/manual-clock.ts';
import { ByteQueue } from '../byte-queue.ts';
import type { ServiceHost } from '../service.ts';

const CAPS: HostCaps = { ...KERNEL_CAPS, peek: false, ping: false };

/** The far end of a stream that a service accepted. */
export class FakePeer implements HostStream {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  phase: HostStream['phase'] = 'open';
  onEvent: (event: StreamEvent) => void = () => undefined;
  /** All the service has sent. */
  readonly received: Uint8Array[] = [];
  receivedBytes = 0;
  /** Bytes the service may still send before it has to wait. */
  window = Infinity;
  /** Largest piece one `recv` hands over. */
  piece = Infinity;
  aborted = false;
  closed = false;
  finished = false;
  readonly #inbound = new ByteQueue(1 << 26);
  readonly #post: (run: () => void) => void;

  constructor(remote: Endpoint, local: Endpoint, post: (run: () => void) => void) {
    this.remote = remote;
    this.local = local;
    this.#post = post;
  }

  // The test's side.

  say(data: Uint8Array | string): void {
    this.#inbound.push(typeof data === 'string' ? latin1Bytes(data) : data);
    this.#emit({ type: 'readable' });
  }

  end(): void {
    this.phase = 'ended';
    this.#emit({ type: 'ended' });
  }

  reset(): void {
    this.phase = 'closed';
    this.#emit({ type: 'reset', error: 'ECONNRESET' });
    this.#emit({ type: 'closed' });
  }

  open(window: number): void {
    this.window = window;
    this.#emit({ type: 'writable' });
  }

  /** Everything received so far, taken. */
  takeBytes(): Uint8Array {
    return joined(this.received.splice(0));
  }

  takeText(): string {
    return latin1(this.takeBytes());
  }

  // The service's side.

  available(): number {
    return this.#inbound.length;
  }

  recv(into: Uint8Array, at: number, max: number): number {
    const { bytes, from } = this.#inbound;
    const taken = Math.min(max, this.piece, this.#inbound.length);
    into.set(bytes.subarray(from, from + taken), at);
    this.#inbound.take(taken);
    return taken;
  }

  peek(): number {
    return 0;
  }

  send(from: Uint8Array, at: number, length: number): number {
    if (this.closed || this.aborted || this.finished) return 0;
    const taken = Math.min(length, this.window);
    if (taken > 0) this.received.push(from.slice(at, at + taken));
    this.window -= taken;
    this.receivedBytes += taken;
    return taken;
  }

  sendUrgent(): boolean {
    return false;
  }

  shutdownSend(): boolean {
    this.finished = true;
    return true;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#emit({ type: 'closed' });
  }

  abort(): void {
    if (this.closed) return;
    this.aborted = true;
    this.close();
  }

  dispose(): void {
    this.abort();
  }

  #emit(event: StreamEvent): void {
    this.#post(() => {
      this.onEvent(event);
    });
  }
}

class FakeDatagram implements HostDatagram {
  readonly local: Endpoint;
  onReadable: () => void = () => undefined;
  onError: HostDatagram['onError'] = () => undefined;
  readonly waiting: { readonly from: Endpoint; readonly data: Uint8Array }[] = [];
  readonly #out: (to: Endpoint, data: Uint8Array) => void;
  readonly #release: () => void;

  constructor(local: Endpoint, out: (to: Endpoint, data: Uint8Array) => void, release: () => void) {
    this.local = local;
    this.#out = out;
    this.#release = release;
  }

  send(to: Endpoint, data: Uint8Array): SocketError | null {
    this.#out(to, data.slice());
    return null;
  }

  recv(): { readonly from: Endpoint; readonly data: Uint8Array } | null {
    return this.waiting.shift() ?? null;
  }

  dispose(): void {
    this.#release();
  }
}

const refused: { ok: false; error: SocketError } = { ok: false, error: 'EOPNOTSUPP' };

export class FakeSockets implements HostSockets {
  readonly name = 'fake';
  readonly caps = CAPS;
  readonly sent: { readonly to: Endpoint; readonly data: Uint8Array }[] = [];
  readonly #listeners = new Map<number, HostListener>();
  readonly #datagrams = new Map<number, FakeDatagram>();
  readonly #posted: (() => void)[] = [];
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  /** Ports open now. */
  get ports(): number {
    return this.#listeners.size + this.#datagrams.size;
  }

  connect(): Made<HostStream> {
    return refused;
  }

  listen(at: Endpoint): Made<HostListener> {
    if (this.#listeners.has(at.port)) return { ok: false, error: 'EADDRINUSE' };
    const listener: HostListener = {
      local: at,
      onAccept: () => undefined,
      dispose: () => this.#listeners.delete(at.port),
    };
    this.#listeners.set(at.port, listener);
    return { ok: true, value: listener };
  }

  datagram(_family: 4 | 6, bind?: Endpoint): Made<HostDatagram> {
    const at = bind ?? endpoint4(0 as Ipv4Addr, 0);
    if (this.#datagrams.has(at.port)) return { ok: false, error: 'EADDRINUSE' };
    const socket = new FakeDatagram(
      at,
      (to, data) => this.sent.push({ to, data }),
      () => this.#datagrams.delete(at.port),
    );
    this.#datagrams.set(at.port, socket);
    return { ok: true, value: socket };
  }

  ping(): { ok: false; error: SocketError } {
    return refused;
  }

  nameservers(): readonly Endpoint[] {
    return [];
  }

  isLocal(): boolean {
    return false;
  }

  dispose(): void {
    this.#listeners.clear();
    this.#datagrams.clear();
  }

  /** A client connects to `port`; the service has accepted after `settle()`. */
  dial(port: number, from = endpoint4(ipv4('192.168.76.100'), 40_000)): FakePeer {
    const listener = this.#listeners.get(port);
    if (!listener) throw new Error(`nobody listens on port ${port}`);
    const peer = new FakePeer(from, listener.local, (run) => this.#posted.push(run));
    this.#posted.push(() => {
      listener.onAccept(peer);
    });
    return peer;
  }

  /** A datagram for `port` arrives. */
  arrive(port: number, from: Endpoint, data: Uint8Array): void {
    const socket = this.#datagrams.get(port);
    if (!socket) throw new Error(`port ${port} is not open`);
    socket.waiting.push({ from, data });
    this.#posted.push(() => {
      socket.onReadable();
    });
  }

  /** Delivers events and runs what is due now, until nothing moves. */
  settle(): void {
    do {
      for (let run = this.#posted.shift(); run; run = this.#posted.shift()) run();
      this.#clock.advance(0);
    } while (this.#posted.length > 0);
  }

  /** Lets `by` ns pass. */
  pass(by: number): void {
    this.settle();
    this.#clock.advance(by);
    this.settle();
  }
}

export interface FakeHost extends ServiceHost {
  readonly sockets: FakeSockets;
  readonly clock: ManualClock;
  readonly neighbours: { readonly ip: Ipv4Addr; readonly mac: MacAddr }[];
}

/** The filer, 192.168.76.2, on fake sockets and a manual clock. */
export function fakeHost(): FakeHost {
  const clock = new ManualClock();
  const neighbours: { ip: Ipv4Addr; mac: MacAddr }[] = [];
  return {
    address: ipv4('192.168.76.2'),
    clock,
    sockets: new FakeSockets(clock),
    random: new Xoshiro128(1),
    neighbours,
    addNeighbour: (ip, mac) => {
      neighbours.push({ ip, mac });
    },
  };
}
