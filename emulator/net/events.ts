/** Events on their way to the users of sockets: never delivered from inside the call that caused them. */

export interface EventTarget {
  /** True while it waits in the queue; managed by the queue. */
  queued: boolean;
  /** Tells the user everything that happened since the last time. */
  deliver(): void;
}

export class EventQueue {
  readonly #soon: () => void;
  #targets: EventTarget[] = [];

  /** `soon` has `run` called at this instant, later than the running call. */
  constructor(soon: () => void) {
    this.#soon = soon;
  }

  push(target: EventTarget): void {
    if (target.queued) return;
    target.queued = true;
    this.#targets.push(target);
    this.#soon();
  }

  get empty(): boolean {
    return this.#targets.length === 0;
  }

  run(): void {
    const batch = this.#targets;
    this.#targets = [];
    for (const target of batch) {
      target.queued = false;
      target.deliver();
    }
  }

  clear(): void {
    for (const target of this.#targets) target.queued = false;
    this.#targets = [];
  }
}
