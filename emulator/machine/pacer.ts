/**
 * How far virtual time may go.
 * `paced`: never ahead of the wall clock; a lag of up to `MAX_LAG` is caught up, a longer one forgotten (the guest is too slow: time
 * passes slower for it). `fast`: as far as it can, idle time is skipped.
 */
import { MILLISECOND, type Nanos } from '../base/clock.ts';

export type Policy = 'paced' | 'fast';

export const MAX_LAG: Nanos = 100 * MILLISECOND;

export class Pacer {
  readonly #wallMs: () => number;
  #policy: Policy;
  /** Virtual time minus wall time, in ns. */
  #offset: Nanos = 0;

  constructor(policy: Policy, wallMs: () => number) {
    this.#policy = policy;
    this.#wallMs = wallMs;
  }

  get policy(): Policy {
    return this.#policy;
  }

  setPolicy(policy: Policy, virtualNow: Nanos): void {
    this.#policy = policy;
    this.start(virtualNow);
  }

  /** Virtual time goes on from `virtualNow` (start, resume). */
  start(virtualNow: Nanos): void {
    this.#offset = virtualNow - this.#wallNs();
  }

  /** Virtual time that corresponds to now on the wall; nothing later may happen yet. `next` is when the next thing wants to happen. */
  limit(next: Nanos): Nanos {
    if (this.#policy === 'fast') return Infinity;
    const now = this.#wallNs();
    if (now + this.#offset - next > MAX_LAG) this.#offset = next + MAX_LAG - now;
    return now + this.#offset;
  }

  /** When something from outside happens now, this is its virtual time; `reached` with `fast`, where the wall clock means nothing. */
  timeOfNow(reached: Nanos): Nanos {
    return this.#policy === 'fast' ? reached : Math.max(reached, this.#wallNs() + this.#offset);
  }

  #wallNs(): Nanos {
    return Math.floor(this.#wallMs() * 1e6);
  }
}
