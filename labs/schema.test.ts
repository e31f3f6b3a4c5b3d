import { describe, expect, it } from 'vitest';
import { findLab, labs } from './index.ts';
import { defineLab, labFaults, type Lab } from './schema.ts';

const sound = labs[0]!;
const spoilt = (change: Partial<Lab>): string => labFaults({ ...sound, ...change }).join('; ');

describe('lab manifests', () => {
  it('are all sound, with ids of their own', () => {
    for (const lab of labs) {
      expect(labFaults(lab)).toEqual([]);
      expect(findLab(lab.id)).toBe(lab);
    }
  });

  it('name each mistake', () => {
    expect(spoilt({ id: 'Two Paths' })).toContain('“Two Paths”');
    expect(spoilt({ guest: 'vm9' })).toContain('“vm9”');
    expect(spoilt({ findings: '' })).toContain('findings');
    expect(spoilt({ steps: [] })).toContain('no steps');
    expect(spoilt({ steps: [sound.steps[0]!, sound.steps[0]!] })).toContain('used twice');
  });

  it('fail where they are written, with the lab’s file', () => {
    expect(() => defineLab({ ...sound, title: ' ' })).toThrow('labs/two-paths/lab.ts: title is empty');
  });
});
