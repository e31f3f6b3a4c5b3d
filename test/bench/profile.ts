/** Where the time of a run goes: the world thread under V8's sampling profiler. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LabAction, LabScript, ThreadMessage } from '../../emulator/cli/lab-script.ts';
import { PATHS, type PathKind } from '../../emulator/topology/topology.ts';
import { DOWNLOAD } from './bulk.ts';
import { images, topologyFor } from './lab.ts';
import { inThread } from './threads.ts';

const WORLD = new URL('../../emulator/cli/world-thread.ts', import.meta.url);
const TOP = 25;
/** V8 samples each millisecond; after a longer gap the thread did not run, and the sampled function is not to blame. */
const LONGEST_GAP_MS = 4;
const GAP = '(thread not running)';

/** The part of a .cpuprofile that is read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
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

/** The last two words of a name that Rust mangled (its v0 scheme: each word after its length, the crate's hash before). */
function demangled(name: string): string {
  const text = name.replace(/s[0-9A-Za-z]*_(?=\d)/g, '');
  const words: string[] = [];
  for (let at = 0; at < text.length; at++) {
    const length = /^[1-9]\d?/.exec(text.slice(at))?.[0];
    if (length === undefined) continue;
    const from = at + length.length + (text[at + length.length] === '_' ? 1 : 0);
    words.push(text.slice(from, from + Number(length)));
    at = from + Number(length) - 1;
  }
  // Back references look like lengths: such a name stays as it is.
  const readable =
    words.length > 0 && words.every((word) => /^[A-Za-z]\w*$/.test(word) && !/[a-z]\d+[A-Z]/.test(word));
  return readable ? words.slice(-2).join('::') : name;
}

/** Without a line: what is loaded here has lost its lines. */
function plainName({ functionName, url }: CallFrame): string {
  if (url.startsWith('wasm:')) {
    if (isTranslated(functionName)) return 'guest code, translated';
    return `v86 ${functionName.startsWith('_R') ? demangled(functionName) : functionName}`;
  }
  const file = url === '' ? '' : ` ${url.split('/').slice(-2).join('/')}`;
  return `${functionName === '' ? '(anonymous)' : functionName}${file}`;
}

function print(title: string, times: ReadonlyMap<string, number>, total: number, rows: number): void {
  console.log(`\n${title}`);
  const sorted = [...times].sort((a, b) => b[1] - a[1]);
  for (const [name, ms] of sorted.slice(0, rows))
    console.log(`${ms.toFixed(0).padStart(7)} ms ${((100 * ms) / total).toFixed(1).padStart(5)} %  ${name}`);
}

/** The world's thread has a profile, and so has the one that loads TypeScript for it. */
function readProfile(folder: string): CpuProfile {
  for (const file of readdirSync(folder)) {
    const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
    if (profile.nodes.some((node) => node.callFrame.url === WORLD.href)) return profile;
  }
  throw new Error(`V8 left no profile of the world's thread in ${folder}`);
}

const add = (times: Map<string, number>, name: string, ms: number): void => {
  times.set(name, (times.get(name) ?? 0) + ms);
};

/** Self time by share and by function: of the last `ms` before the run wrote its capture, which is what a run ends with. */
function explain(title: string, profile: CpuProfile, ms: number): void {
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const ends: number[] = [];
  profile.timeDeltas.reduce((at, delta) => (ends.push(at + delta / 1000), at + delta / 1000), 0);
  const isWriting = (id: number): boolean => frames.get(id)!.url.endsWith('/capture/pcapng.ts');
  const writing = profile.samples.findIndex(isWriting);
  const end = writing < 0 ? Infinity : ends[writing]!;
  const shares = new Map<string, number>();
  const functions = new Map<string, number>();
  let total = 0;
  profile.samples.forEach((id, i) => {
    if (ends[i]! > end || ends[i]! < end - ms) return;
    const frame = frames.get(id)!;
    const delta = profile.timeDeltas[i]! / 1000;
    const ran = Math.min(delta, LONGEST_GAP_MS);
    total += delta;
    add(shares, share(frame), ran);
    add(functions, plainName(frame), ran);
    if (delta > ran) {
      add(shares, GAP, delta - ran);
      add(functions, GAP, delta - ran);
    }
  });
  print(`${title}: ${total.toFixed(0)} ms`, shares, total, TOP);
  print(`${title}: self time by function`, functions, total, TOP);
}

async function profileRun(
  name: string,
  path: PathKind,
  actions: readonly LabAction[],
  dir: string,
): Promise<void> {
  const folder = join(dir, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const script: LabScript = { topology: topologyFor(path), actions, images };
  const message = await inThread<ThreadMessage>(WORLD, { script }, [
    '--cpu-prof',
    `--cpu-prof-dir=${folder}`,
  ]);
  if (!message.ok) throw new Error(message.error);
  const last = message.outcome.outcomes.at(-1);
  const ms = last?.did === 'exec' ? last.wallMs : message.outcome.wallMs.total;
  explain(name, readProfile(folder), ms);
}

/** Leaves the profiles in `dir`, for Chrome's developer tools. */
export async function profileLab(dir: string): Promise<void> {
  await profileRun('boot', 'nat', [], dir);
  for (const path of PATHS)
    await profileRun(`download-${path}`, path, [{ do: 'lease' }, { do: 'exec', command: DOWNLOAD }], dir);
}
