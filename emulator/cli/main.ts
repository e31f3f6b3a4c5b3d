/** The `tapline` command. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { DEFAULT_TOPOLOGY, type LabTopology } from '../topology/topology.ts';
import { validateTopology } from '../topology/validate.ts';
import { HELP, parseCommandLine, type RunArgs } from './args.ts';
import type { LabAction } from './lab-script.ts';
import type { RunReport } from './report.ts';
import { runLab } from './run-script.ts';

const USAGE_ERROR = 2;
const LAB_FAILED = 3;

function topologyOf(args: RunArgs): LabTopology {
  const base = DEFAULT_TOPOLOGY;
  const native = args.path === 'native';
  return {
    ...base,
    seed: args.seed,
    guests: base.guests.map((g) => ({ ...g, path: args.path, mac: (native ? null : args.mac) ?? g.mac })),
    macs: native && args.mac !== null ? { ...base.macs, beta: args.mac } : base.macs,
  };
}

async function run(args: RunArgs): Promise<number> {
  const checked = validateTopology(topologyOf(args));
  if (!checked.ok) {
    console.error(checked.faults.join(' '));
    return USAGE_ERROR;
  }
  const topology = checked.value;
  const actions: LabAction[] = [
    { do: 'lease' },
    ...args.exec.map((command): LabAction => ({ do: 'exec', command })),
  ];
  const outcome = await runLab(topology, actions);
  if (args.pcap !== null) writeFileSync(args.pcap, outcome.pcapng);
  const commands = outcome.outcomes.filter((o) => o.did === 'exec');
  if (args.json) {
    const report: RunReport = {
      path: args.path,
      mac: args.path === 'native' ? topology.macs.beta : topology.guests[0]!.mac,
      seed: args.seed,
      commands: commands.map(({ command, output, exitCode, virtualMs }) => ({
        command,
        output,
        exitCode,
        virtualMs,
      })),
      counters: outcome.counters,
      frames: outcome.frames,
      pcapng: {
        sha256: createHash('sha256').update(outcome.pcapng).digest('hex'),
        bytes: outcome.pcapng.length,
        file: args.pcap,
      },
      virtualMs: outcome.virtualMs,
      wallMs: { boot: Math.round(outcome.wallMs.boot), total: Math.round(outcome.wallMs.total) },
    };
    console.log(JSON.stringify(report, null, 2));
  } else {
    for (const { command, output, exitCode, virtualMs } of commands) {
      console.log(`# ${command}`);
      process.stdout.write(output === '' || output.endsWith('\n') ? output : `${output}\n`);
      console.log(`[exit ${exitCode}, ${(virtualMs / 1000).toFixed(3)} s of virtual time]`);
    }
    const sha256 = createHash('sha256').update(outcome.pcapng).digest('hex');
    const where = args.pcap === null ? '' : ` -> ${args.pcap}`;
    console.log(`${outcome.frames} frames captured${where}, pcapng SHA-256 ${sha256}`);
  }
  return commands.find((c) => c.exitCode !== 0)?.exitCode ?? 0;
}

const parsed = parseCommandLine(process.argv.slice(2));
if (parsed.kind === 'help') console.log(HELP);
else if (parsed.kind === 'error') {
  console.error(parsed.message);
  process.exitCode = USAGE_ERROR;
} else {
  try {
    process.exitCode = await run(parsed.args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = LAB_FAILED;
  }
}
