import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileV86, withBatchLength } from './compile-v86.ts';

const build = dirname(createRequire(import.meta.url).resolve('v86'));

describe('compileV86', () => {
  it('finds the batch length in v86.wasm, changes nothing else, and the module stays valid', () => {
    const wasm = readFileSync(join(build, 'v86.wasm'));
    const patched = withBatchLength(wasm, 20_003)!;
    const changed = [...wasm.keys()].filter((i) => wasm[i] !== patched[i]);
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.at(-1)! - changed[0]!).toBeLessThan(3);
    expect(withBatchLength(patched, 100_003)).toBeNull();
    expect(WebAssembly.validate(patched)).toBe(true);
  });

  it('refuses bytes with no such constant, or with two', async () => {
    const one = Uint8Array.of(0, 0x41, 0xa3, 0x8d, 0x06, 0x41);
    expect([...withBatchLength(one, 1)!]).toEqual([0, 0x41, 0x81, 0x80, 0, 0x41]);
    expect(withBatchLength(Uint8Array.of(...one, ...one), 1)).toBeNull();
    await expect(compileV86(new Uint8Array(8))).rejects.toThrow(/0\.5\.462/);
  });
});
