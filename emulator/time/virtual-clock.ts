/**
 * The world's clock: discrete events, and the local time of the machine whose processor is running.
 *
 * World time never goes back. `now()` answers
 * - during an event: the event's deadline (or the time already reached, when the event was armed for the past);
 * - while a machine's processor runs: that machine's local time, as long as the world has not come further;
 * - else: the time reached by the last event.
 * Machines run in batches of some 20,000 instructions, so between two of them local times differ by up to a batch; a device access (`catchUp`)
 * first runs every event due before it, so with one machine events and accesses are in exact order, with several within a batch.
 */
import type { Clock, Nanos, Timer } from '../base/clock.ts';
import { TimerQueue } from './timer-queue.ts';

/** Something with a time of its own while it runs: a machine. */
export interface LocalTime {
  readonly localNow: Nanos;
}

export interface VirtualClockState {
  readonly reached: Nanos;
}

export class VirtualClock implements Clock {
  readonly #queue = new TimerQueue();
  readonly #reach = (at: Nanos): void => {
    if (at > this.#reached) this.#reached = at;
  };
  #reached: Nanos = 0;
  #running: LocalTime | null = null;
  #firing = false;

  now(): Nanos {
    const running = this.#running;
    if (running === null || this.#firing) return this.#reached;
    const local = running.localNow;
    return local > this.#reached ? local : this.#reached;
  }

  timer(fire: () => void): Timer {
    return this.#queue.timer(fire);
  }

  /** Deadline of the next event; `Infinity` when there is none. */
  nextDeadline(): Nanos {
    return this.#queue.nextDeadline();
  }

  /** How many timers are armed. */
  get armed(): number {
    return this.#queue.size;
  }

  /** Runs all events due up to and including `until`. From inside an event it does nothing: that event's run goes on by itself. */
  runDue(until: Nanos): number {
    if (this.#firing || this.#queue.nextDeadline() > until) return 0;
    this.#firing = true;
    try {
      return this.#queue.fireUntil(until, this.#reach);
    } finally {
      this.#firing = false;
    }
  }

  /** Lets the world's time reach `at` with nothing happening; events due before stay due. */
  advanceTo(at: Nanos): void {
    this.#reach(at);
  }

  /** A machine's processor starts to run; it answers `now()` until `leave`. */
  enter(machine: LocalTime): void {
    this.#running = machine;
  }

  leave(): void {
    this.#running = null;
  }

  /** Called first in every device access of a running machine: runs what is due up to its local time, which the world reaches thereby. */
  catchUp(): void {
    const running = this.#running;
    if (running === null || this.#firing) return;
    const local = running.localNow;
    if (this.#queue.nextDeadline() <= local) this.runDue(local);
    if (local > this.#reached) this.#reached = local;
  }

  save(): VirtualClockState {
    return { reached: this.#reached };
  }

  /** Timers are restored by their owners. */
  restore(state: VirtualClockState): void {
    this.#reached = state.reached;
  }
}
