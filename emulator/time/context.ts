/**
 * Contexts: who runs a stage, and whether virtual time occupies it (see base/context.ts).
 *
 * Tasks of one context run one at a time in the order in which they became pending, each as an event of its own.
 * Free: a task runs at the instant it was scheduled. Priced: a charge keeps the context busy and the next task waits; a context with nothing
 * to do sleeps, and takes `wakeNs` to get going again.
 */
import type { Clock, Nanos, Timer, TimerState } from '../base/clock.ts';
import type { Context, Task } from '../base/context.ts';

export interface ContextState {
  readonly busyUntil: Nanos;
  readonly nextOrder: number;
  readonly timer: TimerState;
}

type Pending = { readonly at: Nanos; readonly order: number };

class QueuedTask implements Task {
  readonly run: () => void;
  readonly #owner: QueuedContext;
  state: Pending | null = null;

  constructor(owner: QueuedContext, run: () => void) {
    this.#owner = owner;
    this.run = run;
  }

  get pending(): boolean {
    return this.state !== null;
  }

  schedule(): void {
    if (this.state === null) this.#owner.enqueue(this);
  }

  save(): Pending | null {
    return this.state;
  }

  restore(state: Pending | null): void {
    this.#owner.remove(this);
    if (state !== null) this.#owner.insert(this, state);
  }

  dispose(): void {
    this.#owner.remove(this);
  }
}

class QueuedContext implements Context {
  readonly name: string;
  protected readonly clock: Clock;
  readonly #queue: QueuedTask[] = [];
  readonly #timer: Timer;
  #nextOrder = 1;
  protected busy: Nanos = 0;

  constructor(name: string, clock: Clock) {
    this.name = name;
    this.clock = clock;
    this.#timer = clock.timer(() => this.#runNext());
  }

  get busyUntil(): Nanos {
    return this.busy;
  }

  charge(_cost: Nanos): void {
    // Free contexts cost nothing.
  }

  /** How long a sleeping context takes to start. */
  protected wakeDelay(): Nanos {
    return 0;
  }

  task(run: () => void): Task {
    return new QueuedTask(this, run);
  }

  enqueue(task: QueuedTask): void {
    const now = this.clock.now();
    task.state = { at: now, order: this.#nextOrder++ };
    this.#queue.push(task);
    if (this.#queue.length > 1 || this.#timer.deadline !== Infinity) return;
    this.#timer.arm(this.busy > now ? this.busy : now + this.wakeDelay());
  }

  insert(task: QueuedTask, state: Pending): void {
    task.state = state;
    this.#nextOrder = Math.max(this.#nextOrder, state.order + 1);
    const place = this.#queue.findIndex((other) => other.state!.order > state.order);
    this.#queue.splice(place < 0 ? this.#queue.length : place, 0, task);
    if (this.#timer.deadline === Infinity) this.#timer.arm(Math.max(state.at, this.busy));
  }

  remove(task: QueuedTask): void {
    if (task.state === null) return;
    task.state = null;
    this.#queue.splice(this.#queue.indexOf(task), 1);
    if (this.#queue.length === 0) this.#timer.cancel();
  }

  save(): ContextState {
    return { busyUntil: this.busy, nextOrder: this.#nextOrder, timer: this.#timer.save() };
  }

  /** After the tasks were restored by their owners. */
  restore(state: ContextState): void {
    this.busy = state.busyUntil;
    this.#nextOrder = state.nextOrder;
    this.#timer.restore(state.timer);
  }

  #runNext(): void {
    if (this.busy > this.clock.now()) return this.#timer.arm(this.busy);
    const task = this.#queue.shift();
    if (task === undefined) return;
    task.state = null;
    try {
      task.run();
    } finally {
      if (this.#queue.length > 0) this.#timer.arm(Math.max(this.clock.now(), this.busy));
    }
  }
}

/** Costs nothing (profile `none`): a scheduled task runs as an event at the same instant. */
export class FreeContext extends QueuedContext {}

/** Occupied by what it is charged. */
export class PricedContext extends QueuedContext {
  readonly #wakeNs: Nanos;

  constructor(name: string, clock: Clock, wakeNs: Nanos = 0) {
    super(name, clock);
    this.#wakeNs = wakeNs;
  }

  override charge(cost: Nanos): void {
    if (cost > 0) this.busy = Math.max(this.busy, this.clock.now()) + cost;
  }

  protected override wakeDelay(): Nanos {
    return this.#wakeNs;
  }
}
