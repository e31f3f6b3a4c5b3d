/** What happened, by name: every drop and every unusual turn has a counter. */
export type CounterState = Readonly<Record<string, number>>;

export class Counters {
  readonly #counts = new Map<string, number>();

  add(name: string, amount = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + amount);
  }

  /** 0 when it never happened. */
  get(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** All that happened, for panels and snapshots. */
  save(): CounterState {
    return Object.fromEntries(this.#counts);
  }

  restore(state: CounterState): void {
    this.#counts.clear();
    for (const [name, count] of Object.entries(state)) this.#counts.set(name, count);
  }
}
