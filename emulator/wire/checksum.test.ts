import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Offload } from '../base/frame.ts';
import { hexBytes, put16be, u16be } from '../base/bytes.ts';
import {
  addWords,
  checksum,
  fillPartialChecksum,
  finish,
  fold,
  pseudoHeader,
  updateChecksum,
} from './checksum.ts';

/** RFC 1071 §1 step by step: add as one's complement, wrap the carry each time. */
function slowSum(b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < b.length; i += 2) {
    sum += b[i]! * 256 + (b[i + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

const offload = (csumStart: number, csumOffset: number): Offload => ({
  csumStart,
  csumOffset,
  gsoSize: 0,
  gsoKind: 'none',
});

/** Sum of all words from `from` to `end`, folded: 0xffff over data with a right checksum in it. */
function foldedWords(bytes: Uint8Array, from: number, end: number): number {
  let sum = 0;
  for (let i = from; i < end; i++) sum += (i - from) % 2 === 0 ? bytes[i]! * 256 : bytes[i]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return sum;
}

describe('the Internet checksum', () => {
  it('is that of the example of RFC 1071 §3', () => {
    expect(fold(addWords(0, hexBytes('0001f203f4f5f6f7'), 0, 8))).toBe(0xddf2);
  });

  it('agrees with the obvious way of summing, for even and odd lengths', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (b) => {
        expect(fold(addWords(0, b, 0, b.length)) % 0xffff).toBe(slowSum(b) % 0xffff);
      }),
    );
  });

  it('stays exact for the longest packet of all ones', () => {
    const b = new Uint8Array(0xffff).fill(0xff);
    expect(fold(addWords(0, b, 0, b.length - 1))).toBe(0xffff);
    expect(fold(addWords(0, b, 0, b.length))).toBe(0xff00);
  });

  it('can be summed in parts of even length', () => {
    const b = hexBytes('0102030405060708090a0b');
    expect(addWords(addWords(0, b, 0, 4), b, 4, 11)).toBe(addWords(0, b, 0, 11));
  });

  it('is 0 over a range that holds its own checksum', () => {
    const b = hexBytes('4500003c1c4640004006 0000 ac100a63ac100a0c');
    put16be(b, 10, checksum(b, 0, 20));
    expect(u16be(b, 10)).toBe(0xb1e6);
    expect(checksum(b, 0, 20)).toBe(0);
  });

  it('is kept right when one word changes (RFC 1624)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), fc.nat(0xffff), (b, word) => {
        put16be(b, 10, 0);
        b[0] = 0x45;
        put16be(b, 10, checksum(b, 0, 20));
        const updated = updateChecksum(u16be(b, 10), u16be(b, 4), word);
        put16be(b, 4, word);
        put16be(b, 10, updated);
        expect(checksum(b, 0, 20)).toBe(0);
      }),
    );
  });

  it('does not make 0xffff out of the example of RFC 1624 §4', () => {
    expect(updateChecksum(0xdd2f, 0x5555, 0x3285)).toBe(0x0000);
  });

  it('takes a pseudo header of addresses above 2^31 as unsigned', () => {
    expect(fold(pseudoHeader(0xffff_ffff, 0xc0a8_4c02, 17, 8))).toBe(
      fold(0xffff + 0xffff + 0xc0a8 + 0x4c02 + 17 + 8),
    );
    expect(finish(0)).toBe(0xffff);
  });

  it('that was left to a later stage is filled in from the pseudo-header sum', () => {
    const b = new Uint8Array(30).fill(0x11);
    put16be(b, 16, fold(pseudoHeader(1, 2, 17, 20)));
    const whole = finish(addWords(pseudoHeader(1, 2, 17, 20), new Uint8Array(20).fill(0x11), 0, 20) - 0x1111);
    fillPartialChecksum(b, 0, 30, offload(10, 6));
    expect(u16be(b, 16)).toBe(whole);
  });

  it('that comes out as 0 is stored as 0xffff, which UDP needs', () => {
    const b = new Uint8Array(8);
    put16be(b, 6, 0xffff);
    fillPartialChecksum(b, 0, 8, offload(0, 6));
    expect(u16be(b, 6)).toBe(0xffff);
  });

  it('is not written outside the packet', () => {
    const b = new Uint8Array(8).fill(0xa5);
    fillPartialChecksum(b, 0, 8, offload(4, 3));
    expect([...b]).toEqual(new Array(8).fill(0xa5));
  });
});

describe('a checksum left to a later stage', () => {
  it.each([40, 41])('replaces the pseudo header sum so that %i bytes verify', (end) => {
    const bytes = Uint8Array.from({ length: 48 }, (_, i) => 200 + i * 3);
    const pseudo = foldedWords(bytes, 8 + 16, 8 + 18);
    expect(fillPartialChecksum(bytes, 4, end, offload(4, 16))).toBe(true);
    // The pseudo header that the field stood for counts as well.
    const total = foldedWords(bytes, 8, end) + pseudo;
    expect((total & 0xffff) + (total >>> 16)).toBe(0xffff);
  });

  it('does nothing without csumStart', () => {
    const bytes = new Uint8Array(20).fill(7);
    expect(fillPartialChecksum(bytes, 0, 20, offload(-1, 0))).toBe(true);
    expect(bytes).toEqual(new Uint8Array(20).fill(7));
  });

  it('sends the sum 0 of UDP as 0xffff, and of TCP as 0', () => {
    const udp = new Uint8Array(8).fill(0xff, 0, 2);
    fillPartialChecksum(udp, 0, 8, offload(0, 6));
    expect([...udp.slice(6)]).toEqual([0xff, 0xff]);
    const tcp = new Uint8Array(18).fill(0xff, 0, 2);
    fillPartialChecksum(tcp, 0, 18, offload(0, 16));
    expect([...tcp.slice(16)]).toEqual([0, 0]);
  });

  it.each([[19, 0], [0, 19], [1000, 0], [0, 1e9], [0, -1], [NaN, 0]])('refuses a field outside the frame: %d, %d', (start, offset) => {
    const bytes = new Uint8Array(20).fill(7);
    expect(fillPartialChecksum(bytes, 0, 20, offload(start, offset))).toBe(false);
    expect(bytes).toEqual(new Uint8Array(20).fill(7));
  }); // prettier-ignore
});
