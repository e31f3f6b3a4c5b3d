/** Real guests for the long runs: scripts in world threads, at most two at a time. */
import { loadImages } from '../../emulator/cli/images.ts';
import type { ActionOutcome, LabAction, LabOutcome } from '../../emulator/cli/lab-script.ts';
import { runLab } from '../../emulator/cli/run-script.ts';
import { DEFAULT_TOPOLOGY, type PathKind } from '../../emulator/topology/topology.ts';

const AT_ONCE = 2;

let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  while (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  running++;
  try {
    return await work();
  } finally {
    running--;
    waiting.shift()?.();
  }
}

export const exec = (command: string): LabAction => ({ do: 'exec', command });
export const LEASE: LabAction = { do: 'lease' };
/** The command line has let go before the machine resets, so that nobody waits for its answer. */
export const REBOOT: readonly LabAction[] = [
  exec('(sleep 1; reboot -f) >/dev/null 2>&1 &'),
  { do: 'sleep', ms: 3000 },
  LEASE,
];

export interface GuestRun extends LabOutcome {
  /** The outcomes of commands, in order. */
  readonly commands: readonly Extract<ActionOutcome, { did: 'exec' }>[];
  /** The addresses waited for, in order. */
  readonly addresses: readonly string[];
  /** Output of the first command that contains `part`. */
  output(part: string): string;
}

/** Boots a guest and performs the actions; `kernel`: words added to the kernel's command line. */
export async function guestRun(
  path: PathKind,
  seed: number,
  actions: readonly LabAction[],
  kernel = '',
): Promise<GuestRun> {
  const images = loadImages();
  const guests = DEFAULT_TOPOLOGY.guests.map((guest) => ({ ...guest, path }));
  const outcome = await inTurn(() =>
    runLab({ ...DEFAULT_TOPOLOGY, seed, guests }, actions, {
      ...images,
      cmdline: `${images.cmdline} ${kernel}`.trim(),
    }),
  );
  const commands = outcome.outcomes.filter((o) => o.did === 'exec');
  return {
    ...outcome,
    commands,
    addresses: outcome.outcomes.flatMap((o) => (o.did === 'lease' ? [o.address] : [])),
    output: (part) => {
      const found = commands.find((c) => c.command.includes(part));
      if (found === undefined) throw new Error(`no command contains ${part}`);
      return found.output;
    },
  };
}

/** The row of eth0 in /proc/net/dev, by the kernel's names. */
export function interfaceCounters(procNetDev: string): Readonly<Record<string, number>> {
  const row = /^\s*eth0:\s*(.*)$/m.exec(procNetDev)?.[1]?.trim().split(/\s+/).map(Number);
  if (row?.length !== 16) throw new Error(`no row of eth0 in ${procNetDev}`);
  const receive = ['bytes', 'packets', 'errs', 'drop', 'fifo', 'frame', 'compressed', 'multicast'];
  const transmit = ['bytes', 'packets', 'errs', 'drop', 'fifo', 'colls', 'carrier', 'compressed'];
  const names = [...receive.map((n) => `rx ${n}`), ...transmit.map((n) => `tx ${n}`)];
  return Object.fromEntries(names.map((name, i) => [name, row[i]!]));
}

/** What `interfaceCounters` must say of a card that did its work. */
export const NO_ERRORS = {
  'rx errs': 0,
  'rx drop': 0,
  'rx fifo': 0,
  'rx frame': 0,
  'tx errs': 0,
  'tx drop': 0,
  'tx fifo': 0,
  'tx colls': 0,
  'tx carrier': 0,
};

/** Lines of `dmesg -r` from emergency to warning that have to do with the card, interrupts, or a kernel in trouble. */
export const worrying = (dmesg: string): readonly string[] =>
  dmesg
    .split('\n')
    .filter(
      (line) => /^<[0-4]>/.test(line) && /8139|eth0|NETDEV|irq|BUG|Oops|WARNING|stall|Call Trace/i.test(line),
    );
