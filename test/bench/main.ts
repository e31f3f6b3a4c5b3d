/** `npm run bench`: boot, ping, bulk transfer and the single parts, measured here beside what the model says. */
import { writeFileSync } from 'node:fs';
import { PATHS } from '../../emulator/topology/topology.ts';
import { parseBench, type BenchArgs, type Section } from './args.ts';
import { benchBoot } from './boot.ts';
import { benchBulk } from './bulk.ts';
import type { Figure } from './figures.ts';
import { LIMITS } from './limits.ts';
import { benchMicro } from './micro.ts';
import { benchPing } from './ping.ts';
import { profileLab } from './profile.ts';
import { compare, machineLine, results, sectionTitle, table } from './report.ts';

const MISSED = 1;
const USAGE_ERROR = 2;

/** Each in pieces, so that the table grows while it works. */
const sections: Readonly<Record<Section, readonly ((runs: number) => Promise<Figure[]>)[]>> = {
  boot: [benchBoot],
  ping: PATHS.map((path) => (runs: number) => benchPing(path, runs)),
  bulk: PATHS.map((path) => (runs: number) => benchBulk(path, runs)),
  micro: [benchMicro],
};

async function bench(args: BenchArgs): Promise<number> {
  const startedAt = new Date();
  const machine = machineLine();
  console.log(machine);
  console.log(
    'Median, then extremes and (samples). Measured: wall time here. Modelled: virtual time in the lab.',
  );
  const figures: Figure[] = [];
  for (const name of args.only) {
    console.log(sectionTitle(name));
    for (const piece of sections[name]) {
      const made = await piece(args.runs);
      console.log(table(made));
      figures.push(...made);
    }
  }
  if (args.json !== null)
    writeFileSync(args.json, `${JSON.stringify(results(figures, startedAt, machine), null, 2)}\n`);
  if (!args.check) return 0;
  const { text, missed } = compare(figures, LIMITS);
  console.log(`\nlimits\n${text}`);
  return missed === 0 ? 0 : MISSED;
}

const args = parseBench(process.argv.slice(2));
if (typeof args === 'string') {
  const asked = process.argv.includes('--help');
  (asked ? console.log : console.error)(args);
  process.exitCode = asked ? 0 : USAGE_ERROR;
} else if (args.profile !== null) await profileLab(args.profile);
else process.exitCode = await bench(args);
