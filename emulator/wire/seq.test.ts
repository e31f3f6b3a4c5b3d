import { describe, expect, it } from 'vitest';
import { seqAdd, seqDiff, seqGeq, seqGt, seqInWindow, seqLeq, seqLt, seqMax } from './seq.ts';

const LAST = 0xffff_ffff;

describe('sequence numbers', () => {
  it('wrap round', () => {
    expect(seqAdd(LAST, 1)).toBe(0);
    expect(seqAdd(0, -1)).toBe(LAST);
    expect(seqAdd(LAST, 0x8000_0000)).toBe(0x7fff_ffff);
  });

  it('differ by a signed distance', () => {
    expect(seqDiff(5, LAST)).toBe(6);
    expect(seqDiff(LAST, 5)).toBe(-6);
    expect(seqDiff(7, 7)).toBe(0);
  });

  it('compare across the wrap', () => {
    for (const [a, b] of [
      [LAST, 0],
      [0, 1],
      [0xffff_0000, 0x0000_ffff],
      [0x7fff_ffff, 0x8000_0000],
    ] as const) {
      expect([seqLt(a, b), seqLeq(a, b), seqGt(a, b), seqGeq(a, b)]).toEqual([true, true, false, false]);
      expect([seqLt(b, a), seqLeq(b, a), seqGt(b, a), seqGeq(b, a)]).toEqual([false, false, true, true]);
      expect(seqMax(a, b)).toBe(b);
      expect(seqMax(b, a)).toBe(b);
    }
    expect([seqLt(9, 9), seqLeq(9, 9), seqGt(9, 9), seqGeq(9, 9)]).toEqual([false, true, false, true]);
  });

  it('are in a window from its start up to, not including, its end', () => {
    expect(seqInWindow(LAST, LAST, 2)).toBe(true);
    expect(seqInWindow(0, LAST, 2)).toBe(true);
    expect(seqInWindow(1, LAST, 2)).toBe(false);
    expect(seqInWindow(LAST - 1, LAST, 2)).toBe(false);
    expect(seqInWindow(5, 5, 0)).toBe(false);
  });
});
