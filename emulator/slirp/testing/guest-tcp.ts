/** A guest's TCP endpoint on the bench: the engine with Linux's settings, its segments wrapped in frames. */
import type { Ipv4Addr } from '../../base/address.ts';
import { LINUX_TCP, type TcpConfig } from '../../net/tcp/config.ts';
import { TcpConnection, type TcpTuple } from '../../net/tcp/connection.ts';
import { PROTO_TCP } from '../../wire/ipv4.ts';
import { TcpView } from '../../wire/tcp.ts';
import type { Bench } from './bench.ts';
import type { FakeStream } from './fake-host.ts';
import { FILER, GUEST, ipFrame, type Seen } from './frames.ts';

const SEGMENT_MAX = 1600;

export interface GuestTcpOptions {
  readonly config?: Partial<TcpConfig>;
  readonly remote?: Ipv4Addr;
  readonly remotePort?: number;
  readonly localPort?: number;
  readonly iss?: number;
}

export class GuestTcp {
  readonly bench: Bench;
  readonly tuple: TcpTuple;
  readonly conn: TcpConnection;
  /** Everything SLIRP sent to this endpoint. */
  readonly seen: Seen[] = [];
  events = 0;
  /** Says which frames are lost: those to the guest, and those from it. */
  loses: (direction: 'in' | 'out') => boolean = () => false;
  #stream: FakeStream | null = null;
  readonly #segment = new Uint8Array(SEGMENT_MAX);

  constructor(bench: Bench, options: GuestTcpOptions = {}) {
    this.bench = bench;
    this.tuple = {
      localAddr: GUEST,
      localPort: options.localPort ?? 40_000,
      remoteAddr: options.remote ?? FILER,
      remotePort: options.remotePort ?? 2049,
    };
    const config = { ...LINUX_TCP, ...options.config };
    this.conn = TcpConnection.open(config, this.tuple, options.iss ?? 1000, bench.clock.now());
  }

  /** The stream SLIRP opened for this endpoint: the last one when `connect` sent its SYN. */
  get stream(): FakeStream {
    return this.#stream ?? this.bench.host.streams.at(-1)!;
  }

  /** Lets both sides talk until neither has anything to say at this instant; returns the frames to the guest. */
  talk(): Seen[] {
    const got: Seen[] = [];
    for (let round = 0; round < 100_000; round++) {
      const sent = this.#send();
      const frames = this.bench.take().filter((f) => f.tcp?.dstPort === this.tuple.localPort);
      for (const frame of frames) {
        if (this.loses('in')) continue;
        got.push(frame);
        this.conn.segmentArrives(
          new TcpView(frame.bytes, frame.tcp!.at, frame.tcp!.end),
          this.bench.clock.now(),
        );
      }
      if (!sent && frames.length === 0) {
        this.events |= this.conn.takeEvents();
        this.seen.push(...got);
        return got;
      }
    }
    throw new Error('guest and SLIRP never fall silent');
  }

  /** Lets time pass in steps, talking at each. */
  pass(ns: number, step = 10_000_000): void {
    for (let left = ns; left > 0; left -= step) {
      this.bench.advance(Math.min(step, left));
      if (this.conn.deadline() <= this.bench.clock.now()) this.conn.timeout(this.bench.clock.now());
      this.talk();
    }
  }

  /** Opens the connection with a host that accepts. */
  connect(): this {
    this.talk();
    this.#stream = this.bench.host.streams.at(-1)!;
    this.stream.connected();
    this.talk();
    return this;
  }

  write(bytes: Uint8Array): number {
    return this.conn.write(bytes, 0, bytes.length);
  }

  read(max = 1 << 20): Uint8Array {
    const into = new Uint8Array(Math.min(max, this.conn.available));
    this.conn.read(into, 0, into.length);
    return into;
  }

  /** Reads as the bytes come, for at most `ns`. */
  readFor(ns: number, step = 20_000_000): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let left = ns; left > 0; left -= step) {
      this.talk();
      parts.push(this.read());
      this.pass(step, step);
    }
    parts.push(this.read());
    return Uint8Array.from(parts.flatMap((p) => [...p]));
  }

  #send(): boolean {
    let sent = false;
    for (;;) {
      const n = this.conn.nextSegment(this.#segment, 0, this.bench.clock.now());
      if (n === 0) return sent;
      sent = true;
      if (!this.loses('out'))
        this.bench.transmit(ipFrame(PROTO_TCP, this.tuple.remoteAddr, this.#segment.slice(0, n)));
    }
  }
}

/** Bytes that repeat with no short period. */
export const stream = (length: number, from = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => {
    const x = from + i;
    return (x ^ (x >>> 7) ^ (x >>> 13)) & 0xff;
  });

/** Where two byte strings part; -1: they are the same. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (a[i] !== b[i]) return i;
  return -1;
}
