/**
 * What a lab is: typed data plus pure checks. A lab folder holds `lab.ts` (this shape), `text.md` (the prose, read by the
 * page's build), `check.ts` and `solution.ts`. Nothing here runs anything: page, command line and tests do.
 */
import type { Evidence, LabTopology, PathKind } from '../worker/api.ts';

export type CheckStatus = 'pass' | 'fail' | 'waiting';

/** What a check found. The sentence says what was expected and what was seen, and can stand alone. */
export interface CheckResult {
  readonly status: CheckStatus;
  readonly sentence: string;
  /** The frame the sentence is about: an index into the capture, from 0; the sentence says its number, from 1. */
  readonly packetIndex?: number;
}

/** What the student has typed or chosen so far, by step id. */
export type LabAnswers = Readonly<Record<string, string>>;

/** Pure: the same evidence and answers give the same result. */
export type Check = (evidence: Evidence, answers: LabAnswers) => CheckResult;

export type Question =
  | {
      readonly kind: 'text';
      readonly label: string;
      readonly placeholder: string;
      /** Offers the selected frame of the packet list (by its number, as `#12`) as an answer. */
      readonly takesFrame?: boolean;
      /** Offered while typing; not the only answers allowed. */
      readonly suggestions?: readonly string[];
    }
  | {
      readonly kind: 'choice';
      readonly label: string;
      readonly options: readonly { readonly value: string; readonly label: string }[];
    };

export interface Step {
  /** Also the heading of its section in `text.md` and the `step` of a deep link. */
  readonly id: string;
  readonly title: string;
  readonly check: Check;
  readonly question?: Question;
}

/** A cell with smaller lines under it. */
export interface LabCell {
  readonly text: string;
  readonly notes: readonly string[];
}

export interface LabTable {
  readonly caption: string;
  readonly columns: readonly { readonly label: string; readonly numeric?: boolean }[];
  readonly rows: readonly { readonly cells: readonly (string | LabCell)[]; readonly path?: PathKind }[];
}

export interface Lab {
  /** Folder name and the `lab` of a deep link. */
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  /** The guest whose console the commands go to. */
  readonly guest: string;
  readonly topology: LabTopology;
  readonly steps: readonly Step[];
  /** What a reader has found out once every check has passed: one sentence. */
  readonly findings: string;
  /** Tables which the text places by name. */
  readonly tables: Readonly<Record<string, (evidence: Evidence) => LabTable>>;
}

/** A scripted student: what to do, in order, so that every check passes. */
export type LabAction =
  | { readonly do: 'run'; readonly command: string }
  | { readonly do: 'path'; readonly path: PathKind }
  | { readonly do: 'mac'; readonly mac: string }
  | {
      readonly do: 'answer';
      readonly step: string;
      readonly value: string | ((evidence: Evidence) => string);
    };

const ID = /^[a-z][a-z0-9-]*$/;

/** Every mistake of a manifest as a sentence; empty when it is sound. */
export function labFaults(lab: Lab): string[] {
  const faults: string[] = [];
  if (!ID.test(lab.id)) faults.push(`id “${lab.id}” must be lower-case letters, digits and hyphens`);
  if (lab.title.trim() === '') faults.push('title is empty');
  if (!lab.topology.guests.some((g) => g.id === lab.guest))
    faults.push(`guest “${lab.guest}” is not one of the topology's guests`);
  if (lab.findings.trim() === '') faults.push('findings is empty');
  if (lab.steps.length === 0) faults.push('there are no steps');
  const seen = new Set<string>();
  for (const step of lab.steps) {
    if (!ID.test(step.id)) faults.push(`step id “${step.id}” must be lower-case letters, digits and hyphens`);
    if (seen.has(step.id)) faults.push(`step id “${step.id}” is used twice`);
    seen.add(step.id);
    if (step.title.trim() === '') faults.push(`step “${step.id}” has no title`);
    const question = step.question;
    if (question?.kind === 'choice' && question.options.length < 2)
      faults.push(`step “${step.id}” asks for a choice between fewer than two options`);
  }
  return faults;
}

/** Checks a manifest where it is written, so that a mistake fails the build with the lab's name. */
export function defineLab(lab: Lab): Lab {
  const faults = labFaults(lab);
  if (faults.length > 0) throw new Error(`labs/${lab.id}/lab.ts: ${faults.join('; ')}`);
  return lab;
}
