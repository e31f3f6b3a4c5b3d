/** A million register accesses of guests that mean harm, and any ring they could set up. */
import { describe, expect, it } from 'vitest';
import { hostileGuest, hostileRings } from '../../emulator/device/rtl8139/testing/fuzz.ts';
import { shares } from './scale.ts';

describe('RTL8139', () => {
  // A step is an access three times out of four, and sometimes a whole driver's open.
  it.each(shares(700_000, 10))(
    'survives a guest that does anything for $count steps (seed $seed)',
    ({ seed, count }) => {
      const { bench, accesses, sent } = hostileGuest(1000 + seed, count);
      expect(bench.faults).toEqual([]);
      expect(bench.line.repeats).toBe(0);
      expect(accesses).toBeGreaterThan(count);
      expect(sent).toBeGreaterThan(count / 400);
    },
  );

  it.each(shares(3_000, 3))('writes only inside $count rings (seed $seed)', ({ seed, count }) => {
    const { bench, written } = hostileRings(1000 + seed, count);
    expect(bench.faults).toEqual([]);
    expect(written).toBeGreaterThan(5 * count);
  });
});
