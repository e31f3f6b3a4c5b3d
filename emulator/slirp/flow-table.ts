/** What the NAT translates, by key and by id, and how it looks in a table. */
import type { Nanos } from '../base/clock.ts';
import type { Endpoint } from '../base/host-sockets.ts';

/** One line of the NAT table; plain data. */
export interface FlowRow {
  readonly id: number;
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  readonly guest: Endpoint;
  /** The host socket's own end, if it has one. */
  readonly host: Endpoint | null;
  /** The far end as the guest addresses it. */
  readonly remote: Endpoint;
  /** TCP: the guest leg's state, `CONNECTING` before there is one. */
  readonly state: string;
  readonly ageNs: Nanos;
  /** Payload from the guest taken by the host. */
  readonly bytesOut: number;
  /** Payload from the host given to the guest leg. */
  readonly bytesIn: number;
  /** Since the last packet either way. */
  readonly idleNs: Nanos;
}

/** Something the main loop runs when it was woken for it. */
export interface Worker {
  /** Handles what the host side reported and what is due. */
  work(now: Nanos): void;
}

export interface Flow extends Worker {
  /** From 1; never used twice. */
  readonly id: number;
  /** A packet of this flow left for the guest: there may be room for more. */
  drained(): void;
  row(now: Nanos): FlowRow;
  dispose(): void;
}

/** A map by two endpoints, each a 48-bit number, with the last hit kept in front as slirp does. */
export class PairMap<T> {
  readonly #first = new Map<number, Map<number, T>>();
  #size = 0;
  #lastA = -1;
  #lastB = -1;
  #last: T | undefined = undefined;

  get size(): number {
    return this.#size;
  }

  get(a: number, b: number): T | undefined {
    if (a === this.#lastA && b === this.#lastB) return this.#last;
    const found = this.#first.get(a)?.get(b);
    if (found !== undefined) {
      this.#lastA = a;
      this.#lastB = b;
      this.#last = found;
    }
    return found;
  }

  set(a: number, b: number, value: T): void {
    let inner = this.#first.get(a);
    if (inner === undefined) {
      inner = new Map();
      this.#first.set(a, inner);
    }
    if (!inner.has(b)) this.#size++;
    inner.set(b, value);
    this.#lastA = -1;
  }

  delete(a: number, b: number): void {
    const inner = this.#first.get(a);
    if (!inner?.delete(b)) return;
    this.#size--;
    this.#lastA = -1;
    this.#last = undefined;
    if (inner.size === 0) this.#first.delete(a);
  }

  *values(): IterableIterator<T> {
    for (const inner of this.#first.values()) yield* inner.values();
  }
}
