import { describe, expect, it } from 'vitest';
import { hex } from '../../base/bytes.ts';
import { Xoshiro128 } from '../../base/random.ts';
import { generatedBytes, generatedSize, parseSize } from './generated.ts';

function bytes(name: string, offset: number, length: number): Uint8Array {
  const into = new Uint8Array(length);
  generatedBytes(name, offset, into, 0, length);
  return into;
}

describe('a generated file', () => {
  it('is, at any offset and length, the same as the stream from the start', () => {
    const whole = bytes('5M.bin', 0, 4000);
    const random = new Xoshiro128(1);
    for (let i = 0; i < 3000; i++) {
      const offset = random.below(3900);
      const length = random.below(Math.min(100, 4000 - offset) + 1);
      const into = new Uint8Array(length + 10).fill(0xa5);
      generatedBytes('5M.bin', offset, into, 5, length);
      expect(hex(into)).toBe('a5'.repeat(5) + hex(whole.subarray(offset, offset + length)) + 'a5'.repeat(5));
    }
  });

  it('is made of the words its description says, near the end of the largest file too', () => {
    // An obvious twin in exact arithmetic.
    const mask = 0xffff_ffffn;
    const fmix = (h: bigint): bigint => {
      h = ((h ^ (h >> 16n)) * 0x85ebca6bn) & mask;
      h = ((h ^ (h >> 13n)) * 0xc2b2ae35n) & mask;
      return h ^ (h >> 16n);
    };
    const twin = (name: string, offset: number): number => {
      let seed = 0x811c9dc5n;
      for (const c of name) seed = ((seed ^ BigInt(c.charCodeAt(0))) * 0x01000193n) & mask;
      const n = BigInt(Math.floor(offset / 4));
      return Number((fmix((seed + n * 0x9e3779b9n) & mask) >> BigInt(8 * (offset % 4))) & 0xffn);
    };
    for (const [name, offset] of [['5M.bin', 0], ['1G.bin', 2 ** 30 - 40], ['16G.bin', 2 ** 34 - 40]] as const)
      expect([...bytes(name, offset, 40)]).toEqual(Array.from({ length: 40 }, (_, i) => twin(name, offset + i)));
  }); // prettier-ignore

  it('does not change from version to version', () => {
    expect(hex(bytes('5M.bin', 0, 16))).toMatchInlineSnapshot(`"59253377282d455861850539e2cf16e8"`);
  });

  it('shares nothing with another file or another place, and has all byte values equally often', () => {
    const blocks = new Set<string>();
    for (const name of ['5M.bin', '20M.bin', '1G.bin', '5K.bin'])
      for (let i = 0; i < 1000; i++) blocks.add(hex(bytes(name, 4 * i, 4)));
    expect(blocks.size).toBeGreaterThan(3990);
    const counts = new Uint32Array(256);
    for (const byte of bytes('1M.bin', 0, 0x10_0000)) counts[byte]!++;
    expect(Math.min(...counts)).toBeGreaterThan(3800);
    expect(Math.max(...counts)).toBeLessThan(4400);
  });
});

describe('the size in a name', () => {
  it('counts in binary units', () => {
    expect(['1', '512', '64K', '5M', '1G', '16G'].map(parseSize)).toEqual([
      1,
      512,
      65_536,
      5 * 1024 * 1024,
      1_073_741_824,
      2 ** 34,
    ]);
    expect(generatedSize('20M.bin')).toBe(20 * 1024 * 1024);
  });

  it('is refused when it is none', () => {
    for (const text of ['', '0', '05', '-1', '1.5M', '1k', 'M', '17G', '99999999999', '999999999999', '1M '])
      expect(parseSize(text)).toBeNull();
    for (const name of ['5M', 'bin', '.bin', '5M.BIN', '../5M.bin']) expect(generatedSize(name)).toBeNull();
  });
});
