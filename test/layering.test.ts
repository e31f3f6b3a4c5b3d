/** Enforces the import table of ARCHITECTURE.md: who may import whom, and which folders may import npm packages. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

interface Rule {
  readonly folder: string;
  /** Folders (or single files) whose modules may be imported. */
  readonly may: readonly string[];
  /** Folders of which only types may be imported. */
  readonly types?: readonly string[];
  readonly npm?: readonly string[];
}

const emulatorBelowTopology = [
  'emulator/base', 'emulator/wire', 'emulator/time', 'emulator/link', 'emulator/device', 'emulator/net',
  'emulator/slirp', 'emulator/services', 'emulator/capture', 'emulator/machine',
]; // prettier-ignore

/** The most specific folder wins. */
const rules: readonly Rule[] = [
  { folder: 'emulator/base', may: [] },
  { folder: 'emulator/wire', may: ['emulator/base'] },
  { folder: 'emulator/time', may: ['emulator/base'] },
  { folder: 'emulator/link', may: ['emulator/base', 'emulator/wire'] },
  { folder: 'emulator/device', may: ['emulator/base', 'emulator/wire'] },
  { folder: 'emulator/net', may: ['emulator/base', 'emulator/wire', 'emulator/link'] },
  { folder: 'emulator/slirp', may: ['emulator/base', 'emulator/wire', 'emulator/net/tcp'] },
  { folder: 'emulator/services', may: ['emulator/base', 'emulator/wire', 'emulator/net'] },
  { folder: 'emulator/capture', may: ['emulator/base', 'emulator/wire'] },
  { folder: 'emulator/machine', may: ['emulator/base', 'emulator/time', 'emulator/device'], npm: ['v86'] },
  { folder: 'emulator/topology', may: emulatorBelowTopology },
  {
    folder: 'emulator/cli',
    may: [...emulatorBelowTopology, 'emulator/topology', 'wasm'],
    npm: ['node:', 'tsx', 'v86'],
  },
  { folder: 'wasm', may: [] },
  // Vite plugins: they run in Node while the page is built.
  { folder: 'web/build', may: ['labs', 'web'], npm: ['vite', 'marked', 'node:'] },
  { folder: 'worker', may: [...emulatorBelowTopology, 'emulator/topology', 'wasm'], npm: ['comlink', 'v86'] },
  {
    folder: 'labs',
    may: ['emulator/base', 'emulator/wire', 'emulator/capture'],
    types: ['emulator/topology', 'worker/api.ts'],
  },
  {
    folder: 'web',
    may: ['labs', 'emulator/wire', 'emulator/capture', 'emulator/base', 'wasm'],
    types: ['worker', 'emulator/topology'],
    // Of v86 the page knows only where its code lies, to tell the worker.
    npm: ['svelte', 'comlink', '@xterm/', '@fontsource/', 'marked', 'v86/build/v86.wasm'],
  },
];

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && /\.(ts|svelte)$/.test(e.name) && !/\.test\.ts$/.test(e.name))
    .map((e) => relative(root, join(e.parentPath, e.name)))
    .filter((path) => !path.includes('node_modules'));
}

function importsOf(file: string, text: string): Import[] {
  return [...text.matchAll(IMPORT)].map((m) => {
    const specifier = (m[2] ?? m[3] ?? '').replace(/\?.*$/, '');
    const target = specifier.startsWith('.')
      ? normalize(join(dirname(file), specifier))
          .split(sep)
          .join('/')
      : specifier;
    return { file, target, typeOnly: m[1] !== undefined };
  });
}

const within = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/**
 * Folders named `testing` hold test code that several test files share: within emulator/ they may import anything of emulator/,
 * as tests may, and nothing else may import them.
 */
const isTesting = (path: string): boolean => path.split('/').includes('testing');

/** The sentence for a forbidden import, or null when it is allowed. */
function breach({ file, target, typeOnly }: Import): string | null {
  if (isTesting(file) && within(file, 'emulator') && within(target, 'emulator')) return null;
  if (isTesting(target) && !isTesting(file)) return `${file} imports ${target}, which only tests may`;
  const rule = rules
    .filter((r) => within(file, r.folder))
    .sort((a, b) => b.folder.length - a.folder.length)[0];
  if (!rule || within(target, rule.folder)) return null;
  const local = /^(emulator|worker|web|labs|wasm|test)\//.test(target) || target === 'package.json';
  const allowed = local
    ? rule.may.some((f) => within(target, f)) ||
      (typeOnly && (rule.types ?? []).some((f) => within(target, f)))
    : (rule.npm ?? []).some(
        (p) => target === p || target.startsWith(p.endsWith('/') || p.endsWith(':') ? p : `${p}/`),
      );
  return allowed
    ? null
    : `${file} imports ${typeOnly ? 'types of ' : ''}${target}, which ${rule.folder}/ may not`;
}

describe('import directions', () => {
  it('follow the table of ARCHITECTURE.md', () => {
    const files = ['emulator', 'worker', 'web', 'labs', 'wasm'].flatMap(sources);
    expect(files.length).toBeGreaterThan(10);
    const breaches = files.flatMap((file) =>
      importsOf(file, readFileSync(join(root, file), 'utf8'))
        .map(breach)
        .filter((b) => b !== null),
    );
    expect(breaches).toEqual([]);
  });

  it('are found out when broken', () => {
    const text = "import type { A } from '../net/kernel.ts';\nimport {\n  B,\n} from '../base/b.ts';\n";
    expect(importsOf('emulator/wire/x.ts', text).map(breach)).toEqual([
      'emulator/wire/x.ts imports types of emulator/net/kernel.ts, which emulator/wire/ may not',
      null,
    ]);
    const worker = importsOf(
      'web/a.ts',
      "import { x } from '../worker/session.ts';\nimport type { y } from '../worker/api.ts';\n",
    );
    expect(worker.map(breach)).toEqual(['web/a.ts imports worker/session.ts, which web/ may not', null]);
    expect(importsOf('emulator/base/x.ts', "import fs from 'node:fs';").map(breach)[0]).toContain('node:fs');
  });

  it('let test code reach all of emulator/, and keep everything else out of test code', () => {
    const text =
      "import { ManualClock } from '../../time/manual-clock.ts';\nimport { x } from '../../../worker/x.ts';\nimport { run } from 'vitest';\n";
    expect(importsOf('emulator/net/testing/pair.ts', text).map(breach)).toEqual([
      null,
      'emulator/net/testing/pair.ts imports worker/x.ts, which emulator/net/ may not',
      'emulator/net/testing/pair.ts imports vitest, which emulator/net/ may not',
    ]);
    const own = "import type { Pair } from './testing/pair.ts';\n";
    expect(importsOf('emulator/net/kernel.ts', own).map(breach)).toEqual([
      'emulator/net/kernel.ts imports emulator/net/testing/pair.ts, which only tests may',
    ]);
    const far = "const { pair } = await import('../emulator/net/testing/pair.ts');\n";
    expect(importsOf('worker/session.ts', far).map(breach)).toEqual([
      'worker/session.ts imports emulator/net/testing/pair.ts, which only tests may',
    ]);
  });
});
