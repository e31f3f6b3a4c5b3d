/** Hostile guests: whatever is written where, nothing throws, nothing runs away, and only the ring is written to. */
import { describe, expect, it } from 'vitest';
import { hostileGuest, hostileRings } from './testing/fuzz.ts';

describe.each([1, 2, 3, 4, 5, 6])('a guest that does anything (seed %i)', (seed) => {
  it('breaks nothing and gets bounded work', () => {
    const { bench, sent, answers } = hostileGuest(seed, 4_000);
    expect(bench.faults).toEqual([]);
    expect(bench.line.repeats).toBe(0);
    // The run did reach the interesting places.
    expect(sent).toBeGreaterThan(20);
    expect(answers).toBeGreaterThan(20);
    const { drops } = bench.card.counters;
    expect(drops.txOversize).toBeGreaterThan(0);
    expect(drops.txBadDma).toBeGreaterThan(0);
  });
});

describe('a guest with any ring, any pointer and any traffic', () => {
  it.each([1, 2, 3, 4])('is written to only inside its ring and one record past it (seed %i)', (seed) => {
    const { bench, written } = hostileRings(seed, 60);
    expect(written).toBeGreaterThan(500);
    expect(bench.card.counters.drops.rxBadDma).toBeGreaterThan(0);
    expect(bench.faults).toEqual([]);
  });
});
