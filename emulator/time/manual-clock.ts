/** A clock for tests: time passes when the test says so. */
import type { Clock, Nanos, Timer } from '../base/clock.ts';
import { TimerQueue } from './timer-queue.ts';

export class ManualClock implements Clock {
  readonly #queue = new TimerQueue();
  #now: Nanos;

  constructor(start: Nanos = 0) {
    this.#now = start;
  }

  now(): Nanos {
    return this.#now;
  }

  timer(fire: () => void): Timer {
    return this.#queue.timer(fire);
  }

  /** Lets `ns` pass; fires what becomes due, in order, each at its own time. Returns how many fired. */
  advance(ns: Nanos): number {
    return this.runUntil(this.#now + ns);
  }

  /** As `advance`, to an absolute time. */
  runUntil(at: Nanos): number {
    const fired = this.#queue.fireUntil(at, (deadline) => {
      this.#now = Math.max(this.#now, deadline);
    });
    this.#now = Math.max(this.#now, at);
    return fired;
  }

  /** Jumps to the next deadline and fires what is due then; false when no timer is armed. */
  runNext(): boolean {
    const next = this.#queue.nextDeadline();
    if (next === Infinity) return false;
    this.runUntil(Math.max(next, this.#now));
    return true;
  }

  nextDeadline(): Nanos {
    return this.#queue.nextDeadline();
  }

  /** Timers still armed; 0 after everything was disposed, or something leaks. */
  get leftover(): number {
    return this.#queue.size;
  }
}
