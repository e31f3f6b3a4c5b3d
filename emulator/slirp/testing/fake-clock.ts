/** A clock that a test moves by hand. */
import type { Clock, Nanos, Timer, TimerState } from '../../base/clock.ts';

class FakeTimer implements Timer {
  readonly #clock: FakeClock;
  readonly fire: () => void;
  state: { at: Nanos; order: number } | null = null;

  constructor(clock: FakeClock, fire: () => void) {
    this.#clock = clock;
    this.fire = fire;
  }
  get deadline(): Nanos {
    return this.state?.at ?? Infinity;
  }
  arm(at: Nanos): void {
    if (at === Infinity) return this.cancel();
    this.state = { at, order: this.#clock.nextOrder() };
    this.#clock.armed.add(this);
  }
  cancel(): void {
    this.state = null;
    this.#clock.armed.delete(this);
  }
  save(): TimerState {
    return this.state;
  }
  restore(state: TimerState): void {
    this.cancel();
    if (state === null) return;
    this.state = { ...state };
    this.#clock.armed.add(this);
  }
  dispose(): void {
    this.cancel();
  }
}

export class FakeClock implements Clock {
  readonly armed = new Set<FakeTimer>();
  #now: Nanos = 0;
  #order = 0;

  now(): Nanos {
    return this.#now;
  }

  timer(fire: () => void): Timer {
    return new FakeTimer(this, fire);
  }

  nextOrder(): number {
    return this.#order++;
  }

  /** Lets `ns` pass, firing what becomes due in order; `between` runs after each. */
  advance(ns: Nanos, between: () => void = () => undefined): void {
    const until = this.#now + ns;
    for (;;) {
      let next: FakeTimer | null = null;
      for (const timer of this.armed) {
        if (timer.deadline > until) continue;
        const earlier =
          next === null ||
          timer.deadline < next.deadline ||
          (timer.deadline === next.deadline && timer.state!.order < next.state!.order);
        if (earlier) next = timer;
      }
      if (next === null) break;
      this.#now = Math.max(this.#now, next.deadline);
      next.cancel();
      next.fire();
      between();
    }
    this.#now = until;
  }
}
