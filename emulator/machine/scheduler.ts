/**
 * Which comes next: an event of the world's clock or a batch of a machine's instructions. No wall clock in here, so a run depends only on its inputs.
 *
 * Conservative: whatever has the smallest time goes next, events before machines, machines in the order of their indices at equal times. A machine
 * that executes wants to run at its local time, a halted one at its next timer or as soon as an interrupt wakes it, so when all are idle time
 * jumps to the earliest of these.
 *
 * What v86 allows, found by trying one and two instances:
 * - A batch cannot be cut short from outside: v86 executes its fixed number of instructions before it looks up (100,003; `compileV86` makes it 20,003, or
 *   20 µs with the profile `none`). An event that falls into a batch reaches the processor at its end; one that falls into a halt wakes it at that
 *   very instant.
 * - Two instances in one realm disturb each other nowhere: each has its own WebAssembly memory, table and translated code. All they share is what v86 took
 *   from the realm when it was imported (`performance.now`, randomness, `WebAssembly.instantiate`), and those answer for the realm's occupant.
 * - Modules of the JIT must be handed over between batches of their own instance, synchronously: a promise would hand over whenever
 *   the host's event loop likes, and the translated code's extent shows in the instruction count.
 * - Local times of two busy machines differ by up to a batch. World time is therefore kept from going back (VirtualClock), at the price that a machine's
 *   device access may be stamped up to a batch late. With one machine every stamp is exact: a device access first runs the events due before it.
 * - An interrupt for one instance may be raised from an event that runs inside another one's device access: the first is between two batches then, as
 *   whole as ever.
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
