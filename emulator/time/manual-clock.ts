/** The clock of tests: time passes when the test says so. */
import { SECOND, type Clock, type Nanos, type Timer } from '../base/clock.ts';
import { TimerQueue } from './timer-queue.ts';

/** Events after which a run that never ends is assumed. */
const MAX_EVENTS_PER_RUN = 5_000_000;
/** How long `run` waits when not told otherwise. */
const PATIENCE = 600 * SECOND;

export class ManualClock implements Clock {
  readonly #queue = new TimerQueue();
  readonly #reach = (at: Nanos): void => {
    if (at > this.#now) this.#now = at;
  };
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

  /** Lets `ns` pass (0: only what is due already); fires what becomes due, in order, each at its own time. Returns how many fired. */
  advance(ns: Nanos = 0): number {
    return this.runUntil(this.#now + ns);
  }

  /** As `advance`, to an absolute time. */
  runUntil(at: Nanos): number {
    const fired = this.#queue.fireUntil(at, this.#reach);
    this.#reach(at);
    return fired;
  }

  /** Jumps to the next deadline and fires what is due then; false when no timer is armed. */
  runNext(): boolean {
    const next = this.#queue.nextDeadline();
    if (next === Infinity) return false;
    this.runUntil(Math.max(next, this.#now));
    return true;
  }

  /**
   * Fires one timer after the other until `done`, or until no timer is due before `until`, a time that then has come.
   * Returns whether `done` holds; throws when the timers find no end.
   */
  run(done: () => boolean, until: Nanos = this.#now + PATIENCE): boolean {
    for (let events = 0; events < MAX_EVENTS_PER_RUN; events++) {
      if (done()) return true;
      if (this.#queue.fireNext(until, this.#reach)) continue;
      this.#reach(until);
      return done();
    }
    throw new Error(`more than ${MAX_EVENTS_PER_RUN} events: the world does not come to rest`);
  }

  nextDeadline(): Nanos {
    return this.#queue.nextDeadline();
  }

  /** Timers still armed; 0 after everything was disposed, or something leaks. */
  get leftover(): number {
    return this.#queue.size;
  }
}
