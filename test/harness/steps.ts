/** The static checks: each a command that must exit with 0. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const root = join(import.meta.dirname, '..', '..');

const tsc = (project: string): Step => ({ name: `types: ${project}`, command: ['tsc', '-p', project] });

export const steps: readonly Step[] = [
  tsc('emulator'),
  tsc('emulator/machine'),
  tsc('emulator/topology'),
  tsc('emulator/cli'),
  tsc('worker'),
  tsc('labs'),
  tsc('test'),
  { name: 'types: web', command: ['svelte-check', '--tsconfig', 'web/tsconfig.json', '--fail-on-warnings'] },
  { name: 'lint', command: ['eslint', '.', '--max-warnings', '0'] },
  { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
];

/** Runs a command of node_modules/.bin (or of PATH); answers its exit code and what it printed. */
export function run(
  command: readonly string[],
  options: { readonly echo?: boolean; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const path = `${join(root, 'node_modules', '.bin')}:${process.env['PATH'] ?? ''}`;
    const child = spawn(command[0]!, command.slice(1), {
      cwd: root,
      env: { ...process.env, ...options.env, PATH: path },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => {
        output += data.toString();
        if (options.echo) process.stdout.write(data);
      });
    child.on('error', (error) => resolve({ code: 127, output: String(error) }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Runs all steps, two at a time, and prints what failed; answers how many failed. */
export async function runSteps(list: readonly Step[]): Promise<number> {
  const queue = [...list];
  let failed = 0;
  const worker = async (): Promise<void> => {
    for (let step = queue.shift(); step; step = queue.shift()) {
      const { code, output } = await run(step.command);
      console.log(`${code === 0 ? '✓' : '✗'} ${step.name}`);
      if (code !== 0) {
        failed++;
        console.log(output);
      }
    }
  };
  await Promise.all([worker(), worker()]);
  return failed;
}
