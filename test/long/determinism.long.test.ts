/** The same seed and script give the same capture, to the byte, however often; another seed gives another. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { PATHS } from '../../emulator/topology/topology.ts';
import { exec, guestRun, LEASE } from './guest.ts';
import { scaled } from './scale.ts';

const SCRIPT = [
  LEASE,
  exec('ping -c 5 -i 0.1 192.168.76.2'),
  exec('wget -q -O - http://192.168.76.2/1M.bin | sha256sum'),
  exec('nslookup filer; dd if=/dev/urandom bs=4k count=4 2>/dev/null | nc -w 2 192.168.76.2 7 | sha256sum'),
];

describe.concurrent.each(PATHS)('path %s', (path) => {
  it(`gives one capture for one seed (91, ${scaled(5)} runs) and another for another (92)`, async () => {
    const once = async (seed: number): Promise<string> => {
      const { pcapng, console, instructions, commands } = await guestRun(path, seed, SCRIPT);
      expect(commands.map((c) => c.exitCode)).toEqual([0, 0, 0]);
      const sha256 = createHash('sha256').update(pcapng).update(console).digest('hex');
      return `${sha256} ${instructions}`;
    };
    const runs = await Promise.all(Array.from({ length: scaled(5) }, () => once(91)));
    expect(new Set(runs).size).toBe(1);
    expect(await once(92)).not.toBe(runs[0]);
  });
});
