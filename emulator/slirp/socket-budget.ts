/** How many host sockets may be opened: a token bucket on virtual time, so that a guest's port scan does not become the host's. */
import { SECOND, type Nanos } from '../base/clock.ts';

export interface SocketBudgetState {
  readonly tokens: number;
  readonly at: Nanos;
}

export class SocketBudget {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #at: Nanos = 0;

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Whether one more socket may be opened at `now`. */
  take(now: Nanos): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) * this.#perSecond) / SECOND);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  save(): SocketBudgetState {
    return { tokens: this.#tokens, at: this.#at };
  }

  restore(state: SocketBudgetState): void {
    this.#tokens = state.tokens;
    this.#at = state.at;
  }
}
