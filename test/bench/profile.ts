/** Where the time of a run goes: the world thread under V8's sampling profiler. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabAction, LabScript, ThreadMessage } from '../../emulator/cli/lab-script.ts';
import { PATHS, type PathKind } from '../../emulator/topology/topology.ts';
import { DOWNLOAD } from './bulk.ts';
import { images, topologyFor } from './lab.ts';
import { inThread } from './threads.ts';

const WORLD = new URL('../../emulator/cli/world-thread.ts', import.meta.url);
const TOP = 25;

/** The part of a .cpuprofile that is read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  /** µs before each sample. */
  readonly timeDeltas: readonly number[];
}

type CallFrame = CpuProfile['nodes'][number]['callFrame'];

/** v86's own functions have names, those that its JIT made have none. */
const isTranslated = (name: string): boolean => name === '' || name.startsWith('wasm-function');

function share({ functionName, url }: CallFrame): string {
  if (url.startsWith('wasm:'))
    return isTranslated(functionName) ? 'guest code, translated' : 'v86 in WebAssembly';
  if (url.includes('/v86/')) return 'v86 in JavaScript';
  const folder = /\/(emulator\/\w+)\//.exec(url);
  if (folder !== null) return folder[1]!;
  return functionName.startsWith('(') ? functionName : 'engine and loader';
}

/** Rust's mangled names end in the path `crate::module::function` as lengths and words. */
function plainName({ functionName, url, lineNumber }: CallFrame): string {
  if (url.startsWith('wasm:')) {
    if (isTranslated(functionName)) return 'guest code, translated';
    const words = [...functionName.matchAll(/\d+_?([a-z][a-z_0-9]*)/g)].map((match) => match[1]);
    return `v86 ${functionName.startsWith('_R') && words.length > 0 ? words.slice(-2).join('::') : functionName}`;
  }
  const at = url === '' ? '' : ` ${url.split('/').slice(-2).join('/')}:${lineNumber + 1}`;
  return `${functionName === '' ? '(anonymous)' : functionName}${at}`;
}

function print(title: string, times: ReadonlyMap<string, number>, total: number, rows: number): void {
  console.log(`\n${title}`);
  const sorted = [...times].sort((a, b) => b[1] - a[1]);
  for (const [name, ms] of sorted.slice(0, rows))
    console.log(`${ms.toFixed(0).padStart(7)} ms ${((100 * ms) / total).toFixed(1).padStart(5)} %  ${name}`);
}

/** Self time by share and by function. */
function explain(title: string, profile: CpuProfile): void {
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const shares = new Map<string, number>();
  const functions = new Map<string, number>();
  let total = 0;
  profile.samples.forEach((id, i) => {
    const frame = frames.get(id)!;
    const ms = profile.timeDeltas[i]! / 1000;
    if (frame.functionName === '(idle)') return;
    total += ms;
    shares.set(share(frame), (shares.get(share(frame)) ?? 0) + ms);
    functions.set(plainName(frame), (functions.get(plainName(frame)) ?? 0) + ms);
  });
  print(`${title}: ${total.toFixed(0)} ms by share`, shares, total, TOP);
  print(`${title}: self time by function`, functions, total, TOP);
}

async function profileRun(
  name: string,
  path: PathKind,
  actions: readonly LabAction[],
  dir: string,
): Promise<void> {
  const folder = join(dir, name);
  mkdirSync(folder, { recursive: true });
  const script: LabScript = { topology: topologyFor(path), actions, images };
  const message = await inThread<ThreadMessage>(WORLD, { script }, [
    '--cpu-prof',
    `--cpu-prof-dir=${folder}`,
  ]);
  if (!message.ok) throw new Error(message.error);
  const newest = readdirSync(folder).filter((file) => file.endsWith('.cpuprofile')).sort().at(-1); // prettier-ignore
  if (newest === undefined) throw new Error(`V8 left no profile in ${folder}`);
  explain(name, JSON.parse(readFileSync(join(folder, newest), 'utf8')) as CpuProfile);
}

/** Leaves the profiles in `dir`, for Chrome's developer tools. */
export async function profileLab(dir: string): Promise<void> {
  await profileRun('boot', 'nat', [], dir);
  for (const path of PATHS)
    await profileRun(
      `boot and download, ${path}`,
      path,
      [{ do: 'lease' }, { do: 'exec', command: DOWNLOAD }],
      dir,
    );
}
