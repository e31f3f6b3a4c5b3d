/** Cold boot to the prompt, ours and plain v86's in turn. */
import { runLab } from '../../emulator/cli/run-script.ts';
import { ratios, type Figure } from './figures.ts';
import { images, sameInAll, topologyFor } from './lab.ts';
import { inThread } from './threads.ts';

const PLAIN = new URL('./plain-v86.ts', import.meta.url);

export async function benchBoot(runs: number): Promise<Figure[]> {
  const prompt: number[] = [];
  const cpu: number[] = [];
  const plain: number[] = [];
  const virtual: { ms: number; instructions: number }[] = [];
  for (let run = 0; run < runs; run++) {
    const before = process.cpuUsage();
    const outcome = await runLab(topologyFor('nat'), [], images);
    const { user, system } = process.cpuUsage(before);
    prompt.push(outcome.wallMs.boot);
    cpu.push((user + system) / 1000);
    virtual.push({ ms: outcome.virtualMs, instructions: outcome.instructions });
    plain.push(await inThread<number>(PLAIN, { images }));
  }
  const { ms, instructions } = sameInAll('The boot', virtual);
  return [
    { id: 'boot.prompt', what: 'cold boot to the prompt', kind: 'measured', unit: 'ms', samples: prompt },
    { id: 'boot.cpu', what: 'processor time of it, all threads', kind: 'measured', unit: 'ms', samples: cpu },
    { id: 'boot.plain', what: 'plain v86, the same image', kind: 'measured', unit: 'ms', samples: plain },
    { id: 'boot.ratio', what: 'ours / plain v86', kind: 'ratio', unit: '', samples: ratios(prompt, plain) },
    { id: 'boot.virtual', what: 'cold boot to the prompt', kind: 'modelled', unit: 'ms', samples: [ms] },
    { id: 'boot.instructions', what: 'guest instructions', kind: 'modelled', unit: 'M', samples: [instructions / 1e6] },
  ]; // prettier-ignore
}
