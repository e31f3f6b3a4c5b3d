/** A machine saved in one realm goes on in another. */
import { beforeAll, describe, expect, it } from 'vitest';
import { guestImageExists } from './guest-image.ts';
import { runScenario } from './run-scenario.ts';

const here = guestImageExists();

describe.skipIf(!here)('a saved guest', () => {
  let first: Awaited<ReturnType<typeof runScenario<'saveAndGoOn'>>>;
  beforeAll(async () => {
    first = await runScenario('saveAndGoOn');
  });

  it('goes on in another realm as in its own: same output, instructions and times', async () => {
    expect(first.run.results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0, 0]);
    const again = await runScenario('goOn', first.saved);
    expect(again.run).toEqual(first.run);
  });

  it('is refused when it is damaged or of another machine, and a machine boots cold in the same world', async () => {
    const { errors, stages } = await runScenario('badStates', first.saved);
    const damaged = 'vm1: the saved state cannot be restored';
    const foreign = 'vm1: the saved state is that of another machine';
    expect(errors).toEqual([damaged, damaged, foreign, foreign, foreign]);
    expect(stages).toEqual(['bios', 'bios', 'bios', 'bios', 'bios']);
  });
});
