/**
 * The clock seam: virtual time and timers.
 *
 * Times are nanoseconds since the start of the world, held in a double (exact to 2^53 ns, 104 days).
 * A deadline is state, never a closure: an owner creates each of its timers once, with the function to run, and
 * arms them. `Timer.save()` is plain data; after a restore the owner calls `Timer.restore()` with it, so the order of
 * timers with equal deadlines survives a snapshot.
 */
import type { Disposable } from './disposable.ts';

/** Nanoseconds of virtual time. */
export type Nanos = number;

export const MICROSECOND: Nanos = 1_000;
export const MILLISECOND: Nanos = 1_000_000;
export const SECOND: Nanos = 1_000_000_000;

/** Plain-data state of a timer; `null` when it is not armed. `order` breaks ties between equal deadlines. */
export type TimerState = { readonly at: Nanos; readonly order: number } | null;

export interface Timer extends Disposable {
  /** When it will fire; `Infinity` when not armed. */
  readonly deadline: Nanos;
  /** Fires once at `at` (or at once when that has passed). Arming again replaces the deadline. */
  arm(at: Nanos): void;
  cancel(): void;
  save(): TimerState;
  restore(state: TimerState): void;
}

export interface Clock {
  /** Virtual time now. */
  now(): Nanos;
  /** A timer that calls `fire` when its deadline is reached; never from inside `arm`. */
  timer(fire: () => void): Timer;
}
