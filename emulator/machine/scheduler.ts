/**
 * Which comes next: an event of the world's clock or a batch of a machine's instructions. No wall clock in here, so a run depends only on its inputs.
 *
 * Conservative: whatever has the smallest time goes next, events before machines, machines in the order of their indices at equal times. A machine
 * that executes wants to run at its local time, a halted one at its next timer or as soon as an interrupt wakes it, so when all are idle time
 * jumps to the earliest of these. A batch cannot be cut short from outside (about 100,000 instructions, 0.1 ms with the profile `none`); local
 * times therefore differ by at most a batch, and an event that falls into a batch interrupts the processor at its end. Time stamps do not suffer: a
 * device access first runs the events due before it (VirtualClock.catchUp).
 */
import type { Nanos } from '../base/clock.ts';
import type { VirtualClock } from '../time/virtual-clock.ts';

/** A machine as the scheduler sees it. */
export interface Runner {
  /** When it wants to run: its local time while it executes, its wake-up while it is halted, `Infinity` while it is off. */
  readonly wakeAt: Nanos;
  /** Runs one batch, from `wakeAt` on. Never throws. */
  runBatch(): void;
}

export class Scheduler {
  readonly #clock: VirtualClock;
  readonly #runners: Runner[] = [];

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  add(runner: Runner): void {
    this.#runners.push(runner);
  }

  remove(runner: Runner): void {
    const index = this.#runners.indexOf(runner);
    if (index >= 0) this.#runners.splice(index, 1);
  }

  /** When the next thing happens; `Infinity` when nothing ever will. */
  next(): Nanos {
    let at = this.#clock.nextDeadline();
    for (const runner of this.#runners) if (runner.wakeAt < at) at = runner.wakeAt;
    return at;
  }

  /** Does the next thing, if it is not later than `limit`; false when it is. */
  step(limit: Nanos): boolean {
    const runners = this.#runners;
    let runner: Runner | null = null;
    let wakeAt = Infinity;
    for (const candidate of runners) {
      if (candidate.wakeAt < wakeAt) {
        runner = candidate;
        wakeAt = candidate.wakeAt;
      }
    }
    const deadline = this.#clock.nextDeadline();
    if (deadline <= wakeAt) {
      if (deadline > limit || deadline === Infinity) return false;
      this.#clock.runDue(deadline);
      return true;
    }
    if (runner === null || wakeAt > limit) return false;
    this.#clock.advanceTo(wakeAt);
    runner.runBatch();
    return true;
  }
}
