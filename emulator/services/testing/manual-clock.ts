/** A clock for tests that moves only when told, and runs what falls due in order. */
import type { Clock, Nanos, Timer, TimerState } from '../../base/clock.ts';

export class ManualClock implements Clock {
  #now: Nanos = 0;
  #order = 0;
  readonly #armed = new Map<object, { at: Nanos; order: number; fire: () => void }>();

  now(): Nanos {
    return this.#now;
  }

  /** Timers armed now: a disposed service must leave none. */
  get armed(): number {
    return this.#armed.size;
  }

  timer(fire: () => void): Timer {
    const armed = this.#armed;
    const key = {};
    const arm = (at: Nanos, order: number): void => {
      armed.set(key, { at, order, fire });
    };
    return {
      get deadline() {
        return armed.get(key)?.at ?? Infinity;
      },
      arm: (at) => {
        arm(at, this.#order++);
      },
      cancel: () => armed.delete(key),
      save: (): TimerState => {
        const state = armed.get(key);
        return state ? { at: state.at, order: state.order } : null;
      },
      restore: (state) => {
        if (state) arm(state.at, state.order);
        else armed.delete(key);
      },
      dispose: () => armed.delete(key),
    };
  }

  /** Moves on by `by` ns and runs every timer that falls due on the way; 0 runs what is due now. */
  advance(by: Nanos): void {
    const until = this.#now + by;
    for (;;) {
      let first: { at: Nanos; order: number; fire: () => void; key: object } | null = null;
      for (const [key, t] of this.#armed)
        if (t.at <= until && (!first || t.at < first.at || (t.at === first.at && t.order < first.order)))
          first = { ...t, key };
      if (!first) break;
      this.#armed.delete(first.key);
      this.#now = Math.max(this.#now, first.at);
      first.fire();
    }
    this.#now = until;
  }
}
