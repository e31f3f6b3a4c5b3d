/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util';

export const SECTIONS = ['boot', 'ping', 'bulk', 'micro'] as const;
export type Section = (typeof SECTIONS)[number];

export interface BenchArgs {
  readonly only: readonly Section[];
  readonly runs: number;
  readonly json: string | null;
  readonly check: boolean;
  /** Folder for CPU profiles; then nothing else is done. */
  readonly profile: string | null;
}

export const HELP = `npm run bench -- [--only boot,ping,bulk,micro] [--quick] [--check] [--json FILE]
npm run bench -- --profile DIR

  --only     these sections only
  --quick    one run of everything instead of three
  --check    compares with test/bench/limits.ts; exit code 1 when a limit is missed
  --json     writes all samples to FILE
  --profile  boots and downloads on each path under V8's profiler, says where the time went, leaves the profiles in DIR`;

const USUAL_RUNS = 3;

const isSection = (name: string): name is Section => (SECTIONS as readonly string[]).includes(name);

/** What to do, or one sentence about what is wrong. */
export function parseBench(argv: readonly string[]): BenchArgs | string {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
        json: { type: 'string' },
        profile: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return HELP;
    const only = values.only?.split(',') ?? SECTIONS;
    const unknown = only.filter((name) => !isSection(name));
    if (unknown.length > 0) return `--only knows ${SECTIONS.join(', ')}, not "${unknown.join(', ')}".`;
    return {
      only: only.filter(isSection),
      runs: values.quick ? 1 : USUAL_RUNS,
      json: values.json ?? null,
      check: values.check,
      profile: values.profile ?? null,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
