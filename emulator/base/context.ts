/**
 * The context seam: who runs a stage (a vCPU thread, QEMU's main loop, the host's softirq).
 *
 * A context runs one task at a time in the order in which they became pending. Virtual time can occupy it: a task that
 * was scheduled while the context is busy, or asleep in poll, waits. With the profile `none` a context costs nothing and a
 * scheduled task runs as the next event at the same instant — never from inside `schedule()`.
 */
import type { Nanos } from './clock.ts';
import type { Disposable } from './disposable.ts';

/** Work that can be made pending; idempotent while pending (as QEMU's bottom halves are). */
export interface Task extends Disposable {
  readonly pending: boolean;
  schedule(): void;
  /** For snapshots: whether and in what order it was pending. */
  save(): { readonly at: Nanos; readonly order: number } | null;
  restore(state: { readonly at: Nanos; readonly order: number } | null): void;
}

export interface Context {
  /** `vcpu`, `main`, `softirq`, … as in the column "who runs it" of the stage table. */
  readonly name: string;
  task(run: () => void): Task;
  /** Occupies the context for `cost` ns of virtual time from now (0 with the profile `none`). */
  charge(cost: Nanos): void;
  /** Until when the context is occupied. */
  readonly busyUntil: Nanos;
}
