/**
 * Runs of the guest. They go through `runLab`, as the command line's do: TypeScript translated while it is loaded, each module on its own. A bundle
 * of the same world made by Vite boots and downloads no faster (boot 2.4 against 2.4 s, boot with a download 7.8 against 8.0 s), so none is made.
 */
import type { ActionOutcome, LabAction, LabOutcome } from '../../emulator/cli/lab-script.ts';
import { loadImages } from '../../emulator/cli/images.ts';
import { runLab } from '../../emulator/cli/run-script.ts';
import { DEFAULT_TOPOLOGY, type LabTopology, type PathKind } from '../../emulator/topology/topology.ts';

export const images = loadImages();

export function topologyFor(path: PathKind): LabTopology {
  return { ...DEFAULT_TOPOLOGY, guests: DEFAULT_TOPOLOGY.guests.map((guest) => ({ ...guest, path })) };
}

export type Executed = Extract<ActionOutcome, { did: 'exec' }>;

/** Boots on `path`, waits for a lease and runs the commands; throws unless each exits with 0. */
export async function runCommands(
  path: PathKind,
  commands: readonly string[],
): Promise<{ readonly outcome: LabOutcome; readonly executed: readonly Executed[] }> {
  const actions: LabAction[] = commands.map((command) => ({ do: 'exec', command }));
  const outcome = await runLab(topologyFor(path), [{ do: 'lease' }, ...actions], images);
  const executed = outcome.outcomes.filter((o) => o.did === 'exec');
  for (const { command, exitCode, output } of executed)
    if (exitCode !== 0) throw new Error(`path ${path}: "${command}" exited with ${exitCode}: ${output}`);
  return { outcome, executed };
}

/** Modelled samples of repeated runs: they must be the same. */
export function sameInAll<T>(what: string, runs: readonly T[]): T {
  const texts = new Set(runs.map((run) => JSON.stringify(run)));
  if (texts.size > 1)
    throw new Error(`${what} differs between runs with one seed: ${[...texts].join(' / ')}`);
  return runs[0]!;
}
