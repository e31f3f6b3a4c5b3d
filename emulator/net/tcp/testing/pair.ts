/** Two engines joined by a wire with delay, loss, duplication and reordering, on a time variable of its own. For tests. */
import { ipv4 } from '../../../base/address.ts';
import type { Nanos } from '../../../base/clock.ts';
import { Xoshiro128 } from '../../../base/random.ts';
import { TcpView } from '../../../wire/tcp.ts';
import { LINUX_TCP, type TcpConfig } from '../config.ts';
import { TcpConnection, type TcpTuple } from '../connection.ts';

export const A = ipv4('10.0.0.1');
export const B = ipv4('10.0.0.2');
export const TUPLE: TcpTuple = { localAddr: A, localPort: 40000, remoteAddr: B, remotePort: 80 };

export const reversed = (t: TcpTuple): TcpTuple => ({
  localAddr: t.remoteAddr,
  localPort: t.remotePort,
  remoteAddr: t.localAddr,
  remotePort: t.localPort,
});

/** One segment as it went over the wire. */
export interface Sent {
  readonly at: Nanos;
  readonly from: 'a' | 'b';
  readonly bytes: Uint8Array;
  readonly view: TcpView;
  lost: boolean;
}

export interface WireOptions {
  readonly seed?: number;
  readonly delay?: Nanos;
  readonly loss?: number;
  readonly duplicate?: number;
  readonly reorder?: number;
  /** Decides on each segment before chance does: true drops it. */
  readonly drop?: (s: Sent, index: number) => boolean;
}

export interface PairOptions extends WireOptions {
  readonly a?: Partial<TcpConfig>;
  readonly b?: Partial<TcpConfig>;
  readonly issA?: number;
  readonly issB?: number;
}

/** Random but repeatable bytes. */
export function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new Xoshiro128(seed).fill(bytes);
  return bytes;
}

/** `a` opens to `b`, which accepts the first SYN. */
export class Pair {
  now: Nanos = 1_000_000;
  readonly a: TcpConnection;
  #b: TcpConnection | null = null;
  readonly wire: Sent[] = [];
  eventsA = 0;
  eventsB = 0;
  drop: ((s: Sent, index: number) => boolean) | null;
  readonly #queue: { at: Nanos; order: number; s: Sent }[] = [];
  readonly #random: Xoshiro128;
  readonly #options: PairOptions;
  readonly #out = new Uint8Array(4096);
  #order = 0;

  constructor(options: PairOptions = {}) {
    this.#options = options;
    this.#random = new Xoshiro128(options.seed ?? 1);
    this.drop = options.drop ?? null;
    this.a = TcpConnection.open({ ...LINUX_TCP, ...options.a }, TUPLE, options.issA ?? 1000, this.now);
    this.pump();
  }

  get b(): TcpConnection {
    if (this.#b === null) throw new Error('no SYN has arrived');
    return this.#b;
  }

  get accepted(): boolean {
    return this.#b !== null;
  }

  /** Lets both send what they have now. */
  pump(): void {
    this.#drain(this.a, 'a');
    if (this.#b !== null) this.#drain(this.#b, 'b');
  }

  /** Runs until `done`, or until nothing is left to happen, or until `limit`; returns whether `done` holds. */
  run(done: () => boolean = () => false, limit: Nanos = this.now + 3600e9): boolean {
    this.pump();
    for (let steps = 0; steps < 1_000_000; steps++) {
      if (done()) return true;
      const next = this.#queue.reduce((first, e) => (before(e, first) ? e : first), this.#queue[0]);
      const timer = Math.min(this.a.deadline(), this.#b?.deadline() ?? Infinity);
      const at = Math.min(next?.at ?? Infinity, timer);
      if (at > limit) {
        if (limit !== Infinity) this.now = Math.max(this.now, limit);
        return done();
      }
      this.now = Math.max(this.now, at);
      if (next !== undefined && next.at <= timer) {
        this.#queue.splice(this.#queue.indexOf(next), 1);
        this.#deliver(next.s);
      } else {
        if (this.a.deadline() <= this.now) this.a.timeout(this.now);
        if (this.#b !== null && this.#b.deadline() <= this.now) this.#b.timeout(this.now);
      }
      this.pump();
    }
    throw new Error('the pair does not come to rest');
  }

  /** Moves time on by `ns`. */
  wait(ns: Nanos): void {
    this.run(() => false, this.now + ns);
  }

  connect(): this {
    if (!this.run(() => this.#b?.state === 'ESTABLISHED' && this.a.state === 'ESTABLISHED'))
      throw new Error('not connected');
    return this;
  }

  #deliver(s: Sent): void {
    if (s.view.fault(s.from === 'a' ? A : B, s.from === 'a' ? B : A) !== undefined)
      throw new Error('a malformed segment');
    if (s.from === 'b') {
      this.a.segmentArrives(s.view, this.now);
      return;
    }
    if (this.#b === null) {
      const config = { ...LINUX_TCP, ...this.#options.b };
      this.#b = TcpConnection.accept(config, reversed(TUPLE), this.#options.issB ?? 5000, s.view, this.now);
    } else this.#b.segmentArrives(s.view, this.now);
  }

  #drain(c: TcpConnection, from: 'a' | 'b'): void {
    for (let n = c.nextSegment(this.#out, 0, this.now); n > 0; n = c.nextSegment(this.#out, 0, this.now)) {
      if (n > 1480) throw new Error(`a segment of ${n} bytes does not fit the MTU`);
      const bytes = this.#out.slice(0, n);
      const s: Sent = { at: this.now, from, bytes, view: new TcpView(bytes, 0, n), lost: false };
      this.#send(s);
    }
    if (from === 'a') this.eventsA |= c.takeEvents();
    else this.eventsB |= c.takeEvents();
  }

  #send(s: Sent): void {
    const o = this.#options;
    const chance = (p: number | undefined): boolean =>
      p !== undefined && this.#random.below(1_000_000) < p * 1e6;
    this.wire.push(s);
    s.lost = this.drop?.(s, this.wire.length - 1) === true || chance(o.loss);
    if (s.lost) return;
    const delay = o.delay ?? 1e6;
    const copies = chance(o.duplicate) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const late = chance(o.reorder) ? delay * (1 + this.#random.below(4)) : 0;
      this.#queue.push({ at: this.now + delay + late, order: this.#order++, s });
    }
  }
}

function before(e: { at: Nanos; order: number }, than: { at: Nanos; order: number } | undefined): boolean {
  return than === undefined || e.at < than.at || (e.at === than.at && e.order < than.order);
}

/** Moves data both ways at once; true when all of it arrived as it was. */
export function exchange(p: Pair, up: Uint8Array, down: Uint8Array): boolean {
  const side = (tx: TcpConnection, rx: TcpConnection, data: Uint8Array) => {
    const got = new Uint8Array(data.length);
    let sent = 0;
    let received = 0;
    return {
      step(): boolean {
        if (sent < data.length) sent += tx.write(data, sent, data.length - sent);
        received += rx.read(got, received, got.length - received);
        return received === got.length;
      },
      intact: (): boolean => got.every((b, i) => b === data[i]),
    };
  };
  const there = side(p.a, p.b, up);
  const back = side(p.b, p.a, down);
  const done = p.run(() => {
    const first = there.step();
    const second = back.step();
    p.pump();
    return first && second;
  });
  return done && there.intact() && back.intact();
}

/** Moves `data` from one side to the other through small user buffers; returns what came out. */
export function transfer(p: Pair, from: 'a' | 'b', data: Uint8Array): Uint8Array {
  const [tx, rx] = from === 'a' ? [p.a, p.b] : [p.b, p.a];
  const got = new Uint8Array(data.length);
  let sent = 0;
  let received = 0;
  const step = (): boolean => {
    if (sent < data.length) sent += tx.write(data, sent, data.length - sent);
    received += rx.read(got, received, got.length - received);
    return received === got.length;
  };
  while (!step())
    if (!p.run(() => rx.available > 0 || (sent < data.length && tx.writable > 4096), p.now + 600e9))
      throw new Error(`stalled at ${received} of ${data.length}: ${JSON.stringify(tx.info())}`);
  p.pump();
  return got;
}
