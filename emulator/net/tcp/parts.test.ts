import { describe, expect, it } from 'vitest';
import { ipv4 } from '../../base/address.ts';
import { Xoshiro128 } from '../../base/random.ts';
import { seqAdd } from '../../wire/seq.ts';
import { ByteRing } from './byte-ring.ts';
import { congestionState, CUBIC, NEWRENO } from './congestion.ts';
import { LINUX_TCP } from './config.ts';
import { isn } from './isn.ts';
import { addRange, coveredIn, firstGap, gapEnd, trimRanges } from './ranges.ts';
import { backOff, rttSample } from './rto.ts';
import { pattern, TUPLE } from './testing/pair.ts';

describe('the byte ring', () => {
  it('gives back what was written, through growth and wrap', () => {
    const ring = new ByteRing(20_000);
    const random = new Xoshiro128(3);
    const twin: number[] = [];
    const source = pattern(5000, 9);
    const out = new Uint8Array(5000);
    for (let i = 0; i < 2000; i++) {
      const n = random.below(random.below(8) === 0 ? 5000 : 300);
      if (random.below(2) === 0) {
        const taken = ring.write(source, 0, n);
        expect(taken).toBe(Math.min(n, 20_000 - twin.length));
        for (let j = 0; j < taken; j++) twin.push(source[j]!);
      } else {
        const m = Math.min(n, ring.length);
        ring.copyOut(0, out, 0, m);
        expect(Array.from(out.subarray(0, m))).toEqual(twin.splice(0, m));
        ring.drop(m);
      }
      expect(ring.length).toBe(twin.length);
    }
    expect(ring.allocated).toBeLessThanOrEqual(20_000);
  });

  it('holds bytes ahead of the end until they are committed', () => {
    const ring = new ByteRing(100);
    ring.place(3, Uint8Array.of(4, 5, 6), 0, 3);
    expect(ring.length).toBe(0);
    ring.place(0, Uint8Array.of(1, 2, 3), 0, 3);
    ring.commit(6);
    const out = new Uint8Array(6);
    ring.copyOut(0, out, 0, 6);
    expect([...out]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(() => ring.place(90, out, 0, 6)).toThrow(RangeError);
  });
});

describe('ranges of sequence numbers', () => {
  it('agree with a set of numbers, across the wrap', () => {
    const random = new Xoshiro128(5);
    for (let round = 0; round < 50; round++) {
      const base = 0xffff_ffc0;
      const ranges: number[] = [];
      const twin = new Set<number>();
      for (let i = 0; i < 20; i++) {
        const left = random.below(120);
        const n = 1 + random.below(12);
        addRange(ranges, seqAdd(base, left), seqAdd(base, left + n), 128);
        for (let j = left; j < left + n; j++) twin.add(j);
      }
      expect(coveredIn(ranges, base, seqAdd(base, 140))).toBe(twin.size);
      let gap = 0;
      while (twin.has(gap)) gap++;
      expect(firstGap(ranges, base)).toBe(seqAdd(base, gap));
      let end = gap;
      while (!twin.has(end) && end < 140) end++;
      expect(gapEnd(ranges, seqAdd(base, gap), seqAdd(base, 140))).toBe(seqAdd(base, end));
      trimRanges(ranges, seqAdd(base, 60));
      expect(coveredIn(ranges, base, seqAdd(base, 140))).toBe([...twin].filter((n) => n >= 60).length);
    }
  });

  it('refuse a new entry over the limit but still extend an old one', () => {
    const ranges = [10, 20, 30, 40];
    expect(addRange(ranges, 50, 60, 2)).toBe(false);
    expect(addRange(ranges, 40, 45, 2)).toBe(true);
    expect(ranges).toEqual([10, 20, 30, 45]);
  });
});

describe('the retransmission timeout', () => {
  it('follows RFC 6298: first sample, smoothing, doubling up to the maximum', () => {
    const s = { srtt: 0, rttvar: 0, rto: 1e9 };
    const config = { ...LINUX_TCP, minRtoNs: 0, maxRtoNs: 5e9 };
    rttSample(s, config, 100e6);
    expect(s).toEqual({ srtt: 100e6, rttvar: 50e6, rto: 300e6 });
    rttSample(s, config, 200e6);
    expect(s).toEqual({ srtt: 112.5e6, rttvar: 62.5e6, rto: 362.5e6 });
    for (let i = 0; i < 9; i++) backOff(s, config);
    expect(s.rto).toBe(5e9);
  });
});

describe('congestion control', () => {
  it('NewReno doubles per round trip in slow start and adds one segment in avoidance', () => {
    const s = congestionState(10_000);
    for (let i = 0; i < 10; i++) NEWRENO.acked(s, 1000, 1000, 0, 0);
    expect(s.cwnd).toBe(20_000);
    NEWRENO.reduce(s, 20_000, 1000);
    expect(s.ssthresh).toBe(10_000);
    s.cwnd = s.ssthresh;
    for (let i = 0; i < 10; i++) NEWRENO.acked(s, 1000, 1000, 0, 0);
    expect(s.cwnd).toBe(11_000);
  });

  it('CUBIC comes back to the old window after K seconds', () => {
    const s = congestionState(1_000_000);
    s.ssthresh = 1;
    CUBIC.reduce(s, 1_000_000, 1000);
    s.cwnd = s.ssthresh;
    expect(s.cwnd).toBe(700_000);
    const k = Math.cbrt(300 / 0.4);
    for (let now = 1e9; now < 1e9 + k * 1e9; now += 50e6)
      for (let sent = 0; sent < s.cwnd; sent += 2000) CUBIC.acked(s, 2000, 1000, now, 50e6);
    expect(s.cwnd).toBeGreaterThan(980_000);
    expect(s.cwnd).toBeLessThan(1_050_000);
  });
});

describe('initial sequence numbers', () => {
  it('differ by tuple and secret and grow with time for one tuple', () => {
    const secret = [1, 2, 3, 4] as const;
    const first = isn(secret, TUPLE, 0);
    expect(isn(secret, TUPLE, 4_000_000)).toBe((first + 1000) >>> 0);
    expect(isn(secret, { ...TUPLE, remotePort: 81 }, 0)).not.toBe(first);
    expect(isn(secret, { ...TUPLE, remoteAddr: ipv4('10.0.0.3') }, 0)).not.toBe(first);
    expect(isn([1, 2, 3, 5], TUPLE, 0)).not.toBe(first);
  });
});
