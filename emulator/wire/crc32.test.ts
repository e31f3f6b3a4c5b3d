import { describe, expect, it } from 'vitest';
import { latin1Bytes } from '../base/bytes.ts';
import { Xoshiro128 } from '../base/random.ts';
import { crc32 } from './crc32.ts';

/** The definition, bit by bit. */
function slowCrc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const feed = ((byte >>> bit) ^ crc) & 1;
      crc = (crc >>> 1) ^ (feed === 1 ? 0xedb88320 : 0);
    }
  }
  return ~crc >>> 0;
}

describe('CRC-32', () => {
  it('gives the published check value', () => {
    expect(crc32(latin1Bytes('123456789'))).toBe(0xcbf43926);
  });

  it('gives the known value of sixty zero bytes', () => {
    expect(crc32(new Uint8Array(60))).toBe(0x04128908);
  });

  it('gives 0 for no bytes', () => {
    expect(crc32(new Uint8Array(0))).toBe(0);
  });

  it('agrees with the bitwise definition at every length and start', () => {
    const random = new Xoshiro128(7);
    const bytes = new Uint8Array(128);
    random.fill(bytes);
    for (let at = 0; at < 9; at++) {
      for (let end = at; end <= 96; end++) {
        expect(crc32(bytes, at, end)).toBe(slowCrc32(bytes.slice(at, end)));
      }
    }
  });

  it('leaves the constant residue over a frame with its FCS', () => {
    const bytes = new Uint8Array(68);
    new Xoshiro128(3).fill(bytes);
    const fcs = crc32(bytes, 0, 64);
    for (let i = 0; i < 4; i++) bytes[64 + i] = fcs >>> (8 * i);
    expect(crc32(bytes)).toBe(0x2144df1c);
  });
});
