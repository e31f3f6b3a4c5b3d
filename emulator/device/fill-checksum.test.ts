import { describe, expect, it } from 'vitest';
import type { Offload } from '../base/frame.ts';
import { fillChecksum } from './fill-checksum.ts';

const offload = (csumStart: number, csumOffset: number): Offload => ({
  csumStart,
  csumOffset,
  gsoSize: 0,
  gsoKind: 'none',
});

/** Sum of all words from `from` to `end`, folded: 0xffff over data with a right checksum in it. */
function fold(bytes: Uint8Array, from: number, end: number): number {
  let sum = 0;
  for (let i = from; i < end; i++) sum += (i - from) % 2 === 0 ? bytes[i]! * 256 : bytes[i]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return sum;
}

describe('filling in a checksum', () => {
  it.each([40, 41])('replaces the pseudo header sum so that %i bytes verify', (end) => {
    const bytes = Uint8Array.from({ length: 48 }, (_, i) => 200 + i * 3);
    const pseudo = fold(bytes, 8 + 16, 8 + 18);
    expect(fillChecksum(bytes, 4, end, offload(4, 16))).toBe(true);
    // The pseudo header that the field stood for counts as well.
    const total = fold(bytes, 8, end) + pseudo;
    expect((total & 0xffff) + (total >>> 16)).toBe(0xffff);
  });

  it('does nothing without csumStart', () => {
    const bytes = new Uint8Array(20).fill(7);
    expect(fillChecksum(bytes, 0, 20, offload(-1, 0))).toBe(true);
    expect(bytes).toEqual(new Uint8Array(20).fill(7));
  });

  it('sends the sum 0 of UDP as 0xffff, and of TCP as 0', () => {
    const udp = new Uint8Array(8).fill(0xff, 0, 2);
    fillChecksum(udp, 0, 8, offload(0, 6));
    expect([...udp.slice(6)]).toEqual([0xff, 0xff]);
    const tcp = new Uint8Array(18).fill(0xff, 0, 2);
    fillChecksum(tcp, 0, 18, offload(0, 16));
    expect([...tcp.slice(16)]).toEqual([0, 0]);
  });

  it.each([[19, 0], [0, 19], [1000, 0], [0, 1e9], [0, -1], [NaN, 0]])('refuses a field outside the frame: %d, %d', (start, offset) => {
    const bytes = new Uint8Array(20).fill(7);
    expect(fillChecksum(bytes, 0, 20, offload(start, offset))).toBe(false);
    expect(bytes).toEqual(new Uint8Array(20).fill(7));
  }); // prettier-ignore
});
