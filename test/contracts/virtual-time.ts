/** A clock and a context for contract tests: time passes when the test says so. */
import type { Clock, Nanos, Timer, TimerState } from '../../emulator/base/clock.ts';
import type { Context, Task } from '../../emulator/base/context.ts';

declare const structuredClone: <T>(value: T) => T;
/** A state as it comes back from a snapshot; throws when it is not plain data. */
export const cloned = <T>(state: T): T => structuredClone(state);

class SteppedTimer implements Timer {
  at: Nanos = Infinity;
  order = 0;
  readonly fire: () => void;
  readonly #clock: SteppedClock;

  constructor(clock: SteppedClock, fire: () => void) {
    this.#clock = clock;
    this.fire = fire;
  }

  get deadline(): Nanos {
    return this.at;
  }
  arm(at: Nanos): void {
    this.at = at;
    this.order = this.#clock.nextOrder();
  }
  cancel(): void {
    this.at = Infinity;
  }
  save(): TimerState {
    return this.at === Infinity ? null : { at: this.at, order: this.order };
  }
  restore(state: TimerState): void {
    this.at = state?.at ?? Infinity;
    this.order = state?.order ?? 0;
  }
  dispose(): void {
    this.cancel();
  }
}

export class SteppedClock implements Clock {
  readonly #timers: SteppedTimer[] = [];
  #now: Nanos = 0;
  #order = 1;

  now(): Nanos {
    return this.#now;
  }

  /** As when another machine has its turn, a little behind. */
  turnBack(ns: Nanos): void {
    this.#now -= ns;
  }

  timer(fire: () => void): Timer {
    const timer = new SteppedTimer(this, fire);
    this.#timers.push(timer);
    return timer;
  }

  nextOrder(): number {
    return this.#order++;
  }

  get armed(): number {
    return this.#timers.filter((t) => t.at !== Infinity).length;
  }

  /** Lets `ns` pass and fires what becomes due, in order. */
  advance(ns: Nanos): void {
    const until = this.#now + ns;
    for (let next = this.#next(); next !== undefined && next.at <= until; next = this.#next()) {
      this.#now = Math.max(this.#now, next.at);
      next.cancel();
      next.fire();
    }
    this.#now = until;
  }

  #next(): SteppedTimer | undefined {
    return this.#timers.filter((t) => t.at !== Infinity).sort((x, y) => x.at - y.at || x.order - y.order)[0];
  }
}

/** Runs tasks as events at the instant at which they were scheduled. */
export class SteppedContext implements Context {
  readonly name = 'main';
  readonly busyUntil = 0;
  readonly #clock: SteppedClock;

  constructor(clock: SteppedClock) {
    this.#clock = clock;
  }

  charge(): void {
    // Free.
  }

  task(run: () => void): Task {
    const clock = this.#clock;
    const timer = clock.timer(run);
    return {
      get pending() {
        return timer.deadline !== Infinity;
      },
      schedule: () => timer.arm(Math.min(timer.deadline, clock.now())),
      save: () => timer.save(),
      restore: (state) => timer.restore(state),
      dispose: () => timer.dispose(),
    };
  }
}
