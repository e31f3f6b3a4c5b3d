import { describe, expect, it } from 'vitest';
import { put32le } from '../base/bytes.ts';
import { Xoshiro128 } from '../base/random.ts';
import {
  MAX_PAYLOAD,
  MAX_RAW,
  readSnapshotFile,
  SNAPSHOT_HEADER_BYTES,
  writeSnapshotFile,
  type SnapshotFile,
} from './snapshot-file.ts';

const images = {
  bzImage: '01'.repeat(32),
  initrd: '23'.repeat(32),
  bios: '45'.repeat(32),
  v86Wasm: 'ef'.repeat(32),
};
const payload = Uint8Array.from({ length: 500 }, (_, i) => i * 7);
const file: SnapshotFile = { kind: 'prompt', compression: 'gzip', rawLength: 12_345, payload };
const good = writeSnapshotFile(file, images);

const errorOf = (bytes: Uint8Array): string => {
  const result = readSnapshotFile(bytes, images);
  return result.ok ? 'taken' : result.error;
};

describe('a snapshot file', () => {
  it('is read as it was written', () => {
    expect(readSnapshotFile(good, images)).toEqual({ ok: true, file });
  });

  it('is refused when it is cut anywhere', () => {
    for (let length = 0; length < good.length; length++)
      expect(errorOf(good.slice(0, length))).toMatch(/truncated|not a Tapline snapshot/);
    expect(errorOf(Uint8Array.from([...good, 0]))).toMatch(/follows its end/);
  });

  it('is refused when any one bit is another', () => {
    for (let at = 0; at < good.length; at++) {
      const bytes = good.slice();
      bytes[at]! ^= 1 << (at % 8);
      expect(errorOf(bytes)).not.toBe('taken');
    }
  });

  it('is refused by version and by image, each with its reason', () => {
    const newer = good.slice();
    put32le(newer, 8, 9);
    expect(errorOf(newer)).toBe(
      'The snapshot cannot be used, it is of version 9, and this Tapline reads version 1.',
    );
    const other = readSnapshotFile(good, { ...images, initrd: '99'.repeat(32) });
    expect(other).toEqual({
      ok: false,
      error: 'The snapshot cannot be used, it was made of another guest image.',
    });
  });

  it('keeps within its limits for 10,000 broken headers', () => {
    const random = new Xoshiro128(3);
    for (let i = 0; i < 10_000; i++) {
      const bytes = good.slice(0, random.below(4) === 0 ? random.below(good.length) : good.length);
      for (let n = random.below(6); n >= 0; n--) {
        const at = random.below(Math.max(1, Math.min(bytes.length, SNAPSHOT_HEADER_BYTES)));
        if (random.below(2) === 0) bytes[at] = random.u32();
        else if (at + 4 <= bytes.length) put32le(bytes, at & ~3, random.u32());
      }
      const result = readSnapshotFile(bytes, images);
      if (!result.ok) {
        expect(result.error).toMatch(/^The snapshot cannot be used, .*\.$/);
        continue;
      }
      expect(result.file.payload.length).toBeLessThanOrEqual(MAX_PAYLOAD);
      expect(result.file.rawLength).toBeLessThanOrEqual(MAX_RAW);
    }
  });

  it('is not written larger than it would be read', () => {
    expect(() => writeSnapshotFile({ ...file, rawLength: MAX_RAW + 1 }, images)).toThrow(RangeError);
  });
});
