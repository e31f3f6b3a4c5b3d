/** A million mutated frames into SLIRP: every answer well-formed, every table within its bound, memory flat. */
import { describe, expect, it } from 'vitest';
import { SECOND } from '../../emulator/base/clock.ts';
import { Storm } from '../../emulator/slirp/testing/fuzz.ts';
import { liveBytes } from './heap.ts';
import { shares } from './scale.ts';

describe('SLIRP', () => {
  it.each(shares(1_000_000, 4))(
    'survives $count mutated frames without growing (seed $seed)',
    ({ seed, count }) => {
      const storm = new Storm(3000 + seed);
      const warmUp = Math.ceil(count / 4);
      storm.run(warmUp);
      const before = liveBytes();
      storm.run(count - warmUp);
      expect((liveBytes() - before) / 2 ** 20).toBeLessThan(8);
      expect(storm.answers).toBeGreaterThan(count / 12);
      const { bench } = storm;
      bench.advance(900 * SECOND);
      bench.take();
      expect(bench.slirp.table().filter((row) => row.protocol !== 'tcp')).toEqual([]);
      bench.slirp.dispose();
      expect(bench.clock.leftover).toBe(0);
    },
  );
});
