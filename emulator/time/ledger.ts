/** A ledger that counts: per stage how often it ran, how packets left it, and what work it did. Keeps no packets. */
import type { Fate, Ledger, StreamRange, WorkKind } from '../base/ledger.ts';
import type { PacketId } from '../base/frame.ts';

export interface StageCounts {
  entered: number;
  readonly fates: Partial<Record<Fate, number>>;
  readonly work: Partial<Record<WorkKind, number>>;
  /** Stream ranges noted. */
  carried: number;
}

export type CountingLedgerState = readonly (readonly [string, StageCounts])[];

/** Work counted outside any stage. */
export const NO_STAGE = '';
/** Stages inside stages; deeper ones are counted to the last one that fits. */
const MAX_DEPTH = 64;

const emptyCounts = (): StageCounts => ({ entered: 0, fates: {}, work: {}, carried: 0 });

export class CountingLedger implements Ledger {
  readonly enabled = true;
  readonly #stages = new Map<string, StageCounts>();
  readonly #open: StageCounts[] = [];
  #tooDeep = 0;

  enter(stage: string, _packet: PacketId): void {
    const counts = this.#countsOf(stage);
    counts.entered++;
    if (this.#open.length < MAX_DEPTH) this.#open.push(counts);
    else this.#tooDeep++;
  }

  /** Without an open stage it is ignored. */
  leave(fate: Fate): void {
    const counts = this.#open.at(-1);
    if (counts === undefined) return;
    counts.fates[fate] = (counts.fates[fate] ?? 0) + 1;
    if (this.#tooDeep > 0) this.#tooDeep--;
    else this.#open.pop();
  }

  count(kind: WorkKind, amount: number): void {
    const work = this.#current().work;
    work[kind] = (work[kind] ?? 0) + amount;
  }

  carries(_range: StreamRange): void {
    this.#current().carried++;
  }

  /** The counts of a stage; zeros for one that never ran. */
  stage(name: string): Readonly<StageCounts> {
    return this.#stages.get(name) ?? emptyCounts();
  }

  /** Stages that ran, in the order in which they first did. */
  stages(): string[] {
    return [...this.#stages.keys()];
  }

  save(): CountingLedgerState {
    return [...this.#stages].map(([name, c]) => [name, { ...c, fates: { ...c.fates }, work: { ...c.work } }]);
  }

  restore(state: CountingLedgerState): void {
    this.#stages.clear();
    this.#open.length = 0;
    this.#tooDeep = 0;
    for (const [name, c] of state) {
      this.#stages.set(name, { ...c, fates: { ...c.fates }, work: { ...c.work } });
    }
  }

  #current(): StageCounts {
    return this.#open.at(-1) ?? this.#countsOf(NO_STAGE);
  }

  #countsOf(stage: string): StageCounts {
    let counts = this.#stages.get(stage);
    if (counts === undefined) {
      counts = emptyCounts();
      this.#stages.set(stage, counts);
    }
    return counts;
  }
}
