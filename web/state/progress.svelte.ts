/** How far a reader has come in one lab: steps passed, answers given, hints opened. Remembered on this device only. */
import type { CheckResult, Lab, LabAnswers } from '../../labs/schema.ts';
import type { Evidence } from '../../worker/api.ts';
import { readStored, writeStored } from './storage.ts';

interface Saved {
  readonly passed: Readonly<Record<string, CheckResult>>;
  readonly answers: LabAnswers;
}

const NOTHING: Saved = { passed: {}, answers: {} };

function isSaved(value: unknown): value is Saved {
  const saved = value as Partial<Saved> | null;
  const texts = (record: unknown, valid: (v: unknown) => boolean): boolean =>
    typeof record === 'object' && record !== null && Object.values(record).every(valid);
  return (
    typeof saved === 'object' &&
    saved !== null &&
    texts(saved.answers, (v) => typeof v === 'string') &&
    texts(saved.passed, (v) => typeof (v as CheckResult | null)?.sentence === 'string')
  );
}

export class Progress {
  readonly lab: Lab;
  passed: Readonly<Record<string, CheckResult>> = $state.raw({});
  answers: LabAnswers = $state.raw({});
  /** What the checks of steps not yet passed said last. */
  results: Readonly<Record<string, CheckResult>> = $state.raw({});
  /** The step that is open; null: the first one not passed. */
  chosen: string | null = $state(null);
  readonly #key: string;
  /** Virtual time before which commands and frames no longer count: progress was reset then. Leases go on counting. */
  #since = 0;

  readonly count: number = $derived.by(() => this.lab.steps.filter((s) => this.passed[s.id]).length);
  readonly current: string = $derived.by(
    () => this.chosen ?? this.lab.steps.find((s) => !this.passed[s.id])?.id ?? this.lab.steps.at(-1)!.id,
  );

  constructor(lab: Lab) {
    this.lab = lab;
    this.#key = `tapline.lab.${lab.id}`;
    const saved = readStored<Saved>(this.#key, NOTHING, isSaved);
    this.passed = saved.passed;
    this.answers = saved.answers;
  }

  /** What is known of a step: passed once is passed. */
  resultOf(step: string): CheckResult {
    return (
      this.passed[step] ?? this.results[step] ?? { status: 'waiting', sentence: 'Waiting for the machine.' }
    );
  }

  answer(step: string, text: string): void {
    this.answers = { ...this.answers, [step]: text };
    this.#save();
  }

  /** Runs the checks of all steps not yet passed; returns the steps that passed just now. */
  check(all: Evidence): string[] {
    const evidence = this.#recent(all);
    const open = this.current;
    const results: Record<string, CheckResult> = {};
    const passed = { ...this.passed };
    const news: string[] = [];
    for (const step of this.lab.steps) {
      if (passed[step.id]) continue;
      const result = step.check(evidence, this.answers);
      if (result.status === 'pass') {
        passed[step.id] = result;
        news.push(step.id);
      } else results[step.id] = result;
    }
    this.results = results;
    if (news.length > 0) {
      this.passed = passed;
      // The step stays open, so that what was found can be read.
      this.chosen ??= open;
      this.#save();
    }
    return news;
  }

  /** Forgets everything, and what happened before `now`; returns the function that brings it back. */
  reset(now: number): () => void {
    const before = { passed: this.passed, answers: this.answers, chosen: this.chosen, since: this.#since };
    this.#since = now;
    this.passed = {};
    this.answers = {};
    this.results = {};
    this.chosen = null;
    this.#save();
    return () => {
      this.passed = before.passed;
      this.answers = before.answers;
      this.chosen = before.chosen;
      this.#since = before.since;
      this.#save();
    };
  }

  #recent(evidence: Evidence): Evidence {
    // The clock starts anew with the machine.
    if (evidence.now < this.#since) this.#since = 0;
    const since = this.#since;
    if (since === 0) return evidence;
    return {
      ...evidence,
      packets: evidence.packets.filter((p) => p.at >= since || p.dhcpType !== -1),
      commands: evidence.commands.filter((c) => c.startedAt >= since),
    };
  }

  #save(): void {
    writeStored(this.#key, { passed: this.passed, answers: this.answers });
  }
}
