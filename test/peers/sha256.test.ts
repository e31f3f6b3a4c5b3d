/** Our SHA-256 against the platform's. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { Xoshiro128 } from '../../emulator/base/random.ts';
import { Sha256 } from '../../emulator/base/sha256.ts';

it('SHA-256 agrees with the platform for every length around the block boundaries, however it is cut', () => {
  const random = new Xoshiro128(7);
  for (let length = 0; length < 200; length++) {
    const bytes = new Uint8Array(length);
    random.fill(bytes);
    const hash = new Sha256();
    for (let at = 0; at < length;) {
      const take = Math.min(length - at, 1 + random.below(90));
      hash.update(bytes, at, take);
      at += take;
    }
    expect(hash.hex()).toBe(createHash('sha256').update(bytes).digest('hex'));
  }
});
