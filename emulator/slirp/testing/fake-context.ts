/** A context whose tasks run when the test says so. */
import type { Context, Task } from '../../base/context.ts';

export class FakeContext implements Context {
  readonly name = 'main';
  readonly busyUntil = 0;
  readonly #queue: { readonly run: () => void }[] = [];
  #order = 0;

  task(run: () => void): Task {
    const queue = this.#queue;
    const entry = { run };
    const nextOrder = (): number => this.#order++;
    return {
      get pending() {
        return queue.includes(entry);
      },
      schedule: () => {
        if (!queue.includes(entry)) queue.push(entry);
      },
      save: () => (queue.includes(entry) ? { at: 0, order: nextOrder() } : null),
      restore: (state) => {
        const place = queue.indexOf(entry);
        if (place >= 0) queue.splice(place, 1);
        if (state !== null) queue.push(entry);
      },
      dispose: () => {
        const place = queue.indexOf(entry);
        if (place >= 0) queue.splice(place, 1);
      },
    };
  }

  charge(): void {
    // Costs nothing.
  }

  /** Runs what is pending, and what that schedules; returns how many tasks ran. */
  run(limit = 100_000): number {
    let ran = 0;
    for (let entry = this.#queue.shift(); entry !== undefined; entry = this.#queue.shift()) {
      if (++ran > limit) throw new Error('tasks schedule each other without end');
      entry.run();
    }
    return ran;
  }
}
