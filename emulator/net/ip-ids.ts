/**
 * IPv4 identification as Linux 6.1 gives it to packets without a connected socket: counters in a table hashed by
 * destination, source and protocol, which jump by a random amount bounded by the time since their last use (RFC 6864,
 * RFC 7739 §4). Connections count for themselves from a random start.
 */
import type { Ipv4Addr } from '../base/address.ts';
import type { Nanos } from '../base/clock.ts';
import type { Random } from '../base/random.ts';

const BUCKETS = 256;
/** A jiffy at HZ=250. */
const JIFFY: Nanos = 4_000_000;

export interface IpIdsState {
  readonly secret: number;
  readonly ids: readonly number[];
  readonly stamps: readonly number[];
}

export class IpIds {
  readonly #random: Random;
  #secret: number;
  #ids: number[];
  #stamps: number[];

  constructor(random: Random) {
    this.#random = random;
    this.#secret = random.u32();
    this.#ids = Array.from({ length: BUCKETS }, () => random.u32());
    this.#stamps = new Array<number>(BUCKETS).fill(0);
  }

  next(src: Ipv4Addr, dst: Ipv4Addr, protocol: number, now: Nanos): number {
    let h = Math.imul(dst ^ this.#secret, 0x9e3779b1) ^ Math.imul(src, 0x85ebca77) ^ protocol;
    h = Math.imul(h ^ (h >>> 15), 0xc2b2ae3d);
    const bucket = (h >>> 24) % BUCKETS;
    const jiffies = Math.floor(now / JIFFY);
    const elapsed = jiffies - this.#stamps[bucket]!;
    const jump = elapsed > 0 ? this.#random.below(Math.min(elapsed, 0xffff_ffff)) : 0;
    this.#stamps[bucket] = jiffies;
    const id = this.#ids[bucket]! + jump;
    this.#ids[bucket] = (id + 1) >>> 0;
    return id & 0xffff;
  }

  save(): IpIdsState {
    return { secret: this.#secret, ids: [...this.#ids], stamps: [...this.#stamps] };
  }

  restore(state: IpIdsState): void {
    this.#secret = state.secret;
    this.#ids = [...state.ids];
    this.#stamps = [...state.stamps];
  }
}
