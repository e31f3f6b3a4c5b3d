/** The command line of `tapline`, parsed and checked; every mistake is one sentence. */
import { parseArgs } from 'node:util';
import { checkMac, checkPath } from '../topology/validate.ts';
import type { PathKind } from '../topology/topology.ts';

export interface RunArgs {
  readonly path: PathKind;
  readonly exec: readonly string[];
  /** null: the topology's default. */
  readonly mac: string | null;
  readonly seed: number;
  /** File for the capture of all tap points; null: none is written. */
  readonly pcap: string | null;
  readonly json: boolean;
}

export type ParsedArgs =
  | { readonly kind: 'run'; readonly args: RunArgs }
  | { readonly kind: 'help' }
  | { readonly kind: 'error'; readonly message: string };

export const HELP = `tapline run [options]   boots the guest in Node under the virtual clock and runs commands at its prompt

  --path nat|bridge|native   how the guest reaches the LAN (default nat)
  --exec "COMMAND"           a command for the guest's prompt; may be given several times, run in order
  --mac MAC                  the virtual card's address (default 52:54:00:12:34:56; native: beta's card)
  --seed N                   0 to 4294967295; the same seed and commands give the same run, to the byte (default 1)
  --pcap FILE.pcapng         write the capture of all tap points
  --json                     print one JSON object instead of text

Ends with the first non-zero exit code of the commands, else 0; 2 for a wrong command line, 3 when the lab itself failed.`;

const problem = (message: string): ParsedArgs => ({ kind: 'error', message });

/** `argv` without node and script. */
export function parseCommandLine(argv: readonly string[]): ParsedArgs {
  const [command, ...rest] = argv;
  if (command === undefined || command === 'help' || command === '--help' || command === '-h')
    return { kind: 'help' };
  if (command !== 'run') return problem(`Unknown command "${command}": use "run" (see tapline help).`);
  let values;
  try {
    values = parseArgs({
      args: [...rest],
      strict: true,
      allowPositionals: false,
      options: {
        path: { type: 'string', default: 'nat' },
        exec: { type: 'string', multiple: true, default: [] },
        mac: { type: 'string' },
        seed: { type: 'string', default: '1' },
        pcap: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    return problem(error instanceof Error ? error.message : String(error));
  }
  if (values.help) return { kind: 'help' };
  const path = checkPath(values.path);
  if (!path.ok) return problem(path.faults[0] ?? 'Unknown path.');
  const mac = values.mac === undefined ? null : checkMac(values.mac);
  if (mac && !mac.ok) return problem(`--mac: ${mac.faults[0] ?? 'malformed.'}`);
  if (!/^\d{1,10}$/.test(values.seed) || Number(values.seed) > 0xffff_ffff)
    return problem(`--seed: must be a whole number from 0 to 4294967295, not "${values.seed}".`);
  const broken = values.exec.find((line) => /[\r\n]/.test(line) || line.trim() === '');
  if (broken !== undefined) return problem('--exec: a command must be one line and not empty.');
  const long = values.exec.find((line) => line.length > 1000);
  if (long !== undefined)
    return problem('--exec: a command may have at most 1000 characters (the guest’s line editor).');
  return {
    kind: 'run',
    args: {
      path: path.value,
      exec: values.exec,
      mac: mac ? mac.value : null,
      seed: Number(values.seed),
      pcap: values.pcap ?? null,
      json: values.json,
    },
  };
}
