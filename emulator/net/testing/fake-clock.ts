/** A clock for tests of this folder: events in order of time, then of arming. */
import type { Clock, Nanos, Timer, TimerState } from '../../base/clock.ts';

class FakeTimer implements Timer {
  readonly #clock: FakeClock;
  readonly fire: () => void;
  deadline: Nanos = Infinity;
  order = 0;

  constructor(clock: FakeClock, fire: () => void) {
    this.#clock = clock;
    this.fire = fire;
  }

  arm(at: Nanos): void {
    this.deadline = at;
    this.order = this.#clock.nextOrder++;
  }

  cancel(): void {
    this.deadline = Infinity;
  }

  save(): TimerState {
    return this.deadline === Infinity ? null : { at: this.deadline, order: this.order };
  }

  restore(state: TimerState): void {
    this.deadline = state?.at ?? Infinity;
    this.order = state?.order ?? 0;
  }

  dispose(): void {
    this.cancel();
    this.#clock.forget(this);
  }
}

export class FakeClock implements Clock {
  nextOrder = 1;
  readonly #timers = new Set<FakeTimer>();
  #now: Nanos = 0;

  now(): Nanos {
    return this.#now;
  }

  timer(fire: () => void): Timer {
    const timer = new FakeTimer(this, fire);
    this.#timers.add(timer);
    return timer;
  }

  forget(timer: FakeTimer): void {
    this.#timers.delete(timer);
  }

  /** Timers that will fire some day. */
  get armed(): number {
    return [...this.#timers].filter((t) => t.deadline !== Infinity).length;
  }

  /** Runs until `done`, or time `until`, or nothing is armed; returns whether `done` holds. */
  run(done: () => boolean = () => false, until: Nanos = this.#now + 600e9): boolean {
    for (let steps = 0; steps < 5_000_000; steps++) {
      if (done()) return true;
      let next: FakeTimer | null = null;
      for (const t of this.#timers)
        if (
          next === null ||
          t.deadline < next.deadline ||
          (t.deadline === next.deadline && t.order < next.order)
        )
          next = t;
      if (next === null || next.deadline > until) {
        this.#now = Math.max(this.#now, until);
        return done();
      }
      this.#now = Math.max(this.#now, next.deadline);
      next.deadline = Infinity;
      next.fire();
    }
    throw new Error('the world does not come to rest');
  }

  wait(ns: Nanos): void {
    this.run(() => false, this.#now + ns);
  }
}
