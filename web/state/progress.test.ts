import { describe, expect, it } from 'vitest';
import type { Evidence } from '../../worker/api.ts';
import { twoPaths } from '../../labs/two-paths/lab.ts';
import { pass, waiting } from '../../labs/evidence.ts';
import type { Lab } from '../../labs/schema.ts';
import { Progress } from './progress.svelte.ts';

/** Step `a` passes with any command, `b` with the answer “yes”. */
const lab: Lab = {
  ...twoPaths,
  id: 'toy',
  steps: [
    { id: 'a', title: 'A', check: (e) => (e.commands.length > 0 ? pass('ran') : waiting('run')) },
    { id: 'b', title: 'B', check: (_, answers) => (answers['b'] === 'yes' ? pass('said') : waiting('say')) },
  ],
};
const evidence = (at: number | null, now = 100): Evidence => ({
  topology: lab.topology,
  now,
  packets: [],
  commands:
    at === null
      ? []
      : [
          {
            guest: 'vm1',
            command: 'ls',
            output: '',
            exitCode: 0,
            startedAt: at,
            endedAt: at + 1,
            path: 'nat',
          },
        ],
});

describe('progress', () => {
  it('keeps a step passed when its evidence is gone', () => {
    const progress = new Progress(lab);
    expect(progress.check(evidence(5))).toEqual(['a']);
    expect(progress.check(evidence(null))).toEqual([]);
    expect(progress.resultOf('a').status).toBe('pass');
    expect(progress.count).toBe(1);
  });

  it('leaves the step that passed open, so that its sentence can be read', () => {
    const progress = new Progress(lab);
    expect(progress.current).toBe('a');
    progress.check(evidence(5));
    expect(progress.current).toBe('a');
  });

  it('passes answers to checks', () => {
    const progress = new Progress(lab);
    progress.answer('b', 'yes');
    expect(progress.check(evidence(null))).toEqual(['b']);
  });

  it('does not count after a reset what happened before it', () => {
    const progress = new Progress(lab);
    progress.check(evidence(5));
    progress.reset(50);
    expect(progress.check(evidence(5))).toEqual([]);
    expect(progress.check(evidence(60))).toEqual(['a']);
  });

  it('counts everything again once the machine’s clock starts anew', () => {
    const progress = new Progress(lab);
    progress.reset(50);
    expect(progress.check(evidence(5, 10))).toEqual(['a']);
  });

  it('brings all back on undo', () => {
    const progress = new Progress(lab);
    progress.answer('b', 'yes');
    progress.check(evidence(5));
    const undo = progress.reset(50);
    expect(progress.count).toBe(0);
    undo();
    expect(progress.count).toBe(2);
    expect(progress.answers['b']).toBe('yes');
  });
});
