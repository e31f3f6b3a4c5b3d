import { describe, expect, it } from 'vitest';
import { hexBytes } from '../../base/bytes.ts';
import { Xoshiro128 } from '../../base/random.ts';
import { multicastIndex, multicastPasses } from './multicast-hash.ts';

/** The data sheet's way: most significant bit first, each byte's least significant bit first. */
function slowIndex(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const carry = (crc >>> 31) ^ ((byte >>> bit) & 1);
      crc = (crc << 1) ^ (carry ? 0x04c11db7 : 0);
    }
  }
  return crc >>> 26;
}

describe('the multicast hash', () => {
  it.each([
    ['33:33:00:00:00:01', 62],
    ['01:00:5e:00:00:01', 31],
    ['33:33:ff:12:34:56', 2],
    ['01:00:5e:00:00:fb', 15],
    ['33:33:00:00:00:fb', 46],
  ])('of %s is %i', (address, index) => {
    expect(multicastIndex(hexBytes(address), 0)).toBe(index);
  });

  it('agrees with the definition on random addresses', () => {
    const random = new Xoshiro128(11);
    const bytes = new Uint8Array(6);
    for (let i = 0; i < 500; i++) {
      random.fill(bytes);
      expect(multicastIndex(bytes, 0)).toBe(slowIndex(bytes));
    }
  });

  it('selects the bit that Linux sets for the groups it joins', () => {
    const mar = hexBytes('04 00 00 80 00 00 00 40');
    for (const group of ['33:33:00:00:00:01', '01:00:5e:00:00:01', '33:33:ff:12:34:56']) {
      expect(multicastPasses(mar, hexBytes(group), 0)).toBe(true);
    }
    expect(multicastPasses(mar, hexBytes('01:00:5e:00:00:fb'), 0)).toBe(false);
  });
});
