import { describe, expect, it } from 'vitest';
import { hex } from '../base/bytes.ts';
import { Xoshiro128 } from '../base/random.ts';
import { ProbeLink, testFrame } from '../../test/contracts/link.ts';
import { plainCopy } from '../base/testing/plain-copy.ts';
import { ManualClock } from '../time/manual-clock.ts';
import type { FaultProfile } from './faults.ts';
import { FaultLink } from './faults.ts';

function setUp(
  transmit: Partial<FaultProfile>,
  seed = 1,
): {
  clock: ManualClock;
  inner: ProbeLink;
  link: FaultLink;
  random: Xoshiro128;
} {
  const clock = new ManualClock();
  const inner = new ProbeLink();
  const random = new Xoshiro128(seed);
  return { clock, inner, random, link: new FaultLink(inner, { clock, random, transmit }) };
}

const ids = (probe: ProbeLink): number[] => probe.taken.map((f) => f.id);

describe('a fault injector', () => {
  it('without faults passes frames on in the same call', () => {
    const { inner, link } = setUp({});
    link.transmit(testFrame(1));
    expect(ids(inner)).toEqual([1]);
  });

  it('drops about as many as it was told, and counts them', () => {
    const { inner, link } = setUp({ drop: 0.25 });
    for (let id = 1; id <= 4000; id++) link.transmit(testFrame(id));
    expect(link.transmitCounters.dropped).toBeGreaterThan(900);
    expect(link.transmitCounters.dropped).toBeLessThan(1100);
    expect(ids(inner).length + link.transmitCounters.dropped).toBe(4000);
  });

  it('with the same seed makes the same faults', () => {
    const run = (seed: number): unknown => {
      const { clock, inner, link } = setUp(
        { drop: 0.1, corrupt: 0.1, duplicate: 0.1, reorder: 0.1, jitterNs: 1000 },
        seed,
      );
      for (let id = 1; id <= 200; id++) {
        link.transmit(testFrame(id));
        clock.advance(100_000);
      }
      return inner.taken;
    };
    expect(run(5)).toEqual(run(5));
    expect(run(5)).not.toEqual(run(6));
  });

  it('flips exactly one bit of a damaged frame and leaves the sender its bytes', () => {
    const { clock, inner, link } = setUp({ corrupt: 1 });
    const frame = testFrame(1);
    const sent = hex(frame.bytes);
    link.transmit(frame);
    clock.advance(0);
    expect(hex(frame.bytes)).toBe(sent);
    const [a, b] = [BigInt(`0x${sent}`), BigInt(`0x${inner.taken[0]!.bytes}`)];
    expect((a ^ b).toString(2).replaceAll('0', '')).toBe('1');
  });

  it('doubles a frame under the same id', () => {
    const { inner, link } = setUp({ duplicate: 1 });
    link.transmit(testFrame(7));
    expect(ids(inner)).toEqual([7, 7]);
  });

  it('lets later frames overtake one that is held back', () => {
    const { clock, inner, link } = setUp({ reorder: 0.2, reorderNs: 350_000 });
    for (let id = 1; id <= 100; id++) {
      link.transmit(testFrame(id));
      clock.advance(100_000);
    }
    clock.advance(1e9);
    const order = ids(inner);
    expect([...order].sort((x, y) => x - y)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(order).not.toEqual([...order].sort((x, y) => x - y));
    expect(link.transmitCounters.reordered).toBeGreaterThan(5);
  });

  it('delays without reordering, however large the jitter', () => {
    const { clock, inner, link } = setUp({ delayNs: 1000, jitterNs: 1e6 });
    for (let id = 1; id <= 50; id++) link.transmit(testFrame(id));
    clock.advance(999);
    expect(ids(inner)).toEqual([]);
    clock.advance(1e9);
    expect(ids(inner)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });

  it('bounds what it holds back and says so before it drops', () => {
    const { clock, inner, link } = setUp({ delayNs: 1e6 });
    let calls = 0;
    link.onReady = () => calls++;
    for (let id = 1; id <= 1010; id++) link.transmit(testFrame(id));
    expect(link.transmitCounters.overflow).toBe(10);
    expect(link.ready()).toBe(false);
    clock.advance(1e9);
    expect(ids(inner).length).toBe(1000);
    expect(calls).toBe(1);
    expect(link.ready()).toBe(true);
  });

  it('has faults of its own for the other direction', () => {
    const clock = new ManualClock();
    const inner = new ProbeLink();
    const link = new FaultLink(inner, { clock, random: new Xoshiro128(1), receive: { drop: 1 } });
    let received = 0;
    link.onReceive = () => received++;
    inner.emit(testFrame(1));
    link.transmit(testFrame(2));
    expect(received).toBe(0);
    expect(link.receiveCounters.dropped).toBe(1);
    expect(ids(inner)).toEqual([2]);
  });

  it('goes on from a saved state as if nothing had happened', () => {
    const run = (interrupt: boolean): unknown => {
      const made = setUp({ drop: 0.1, reorder: 0.3, delayNs: 1000, jitterNs: 500 });
      const { clock, inner, random } = made;
      let { link } = made;
      for (let id = 1; id <= 20; id++) link.transmit(testFrame(id));
      clock.advance(1200);
      if (interrupt) {
        const state = plainCopy(link.save());
        link.dispose();
        link = new FaultLink(inner, {
          clock,
          random,
          transmit: { drop: 0.1, reorder: 0.3, delayNs: 1000, jitterNs: 500 },
        });
        link.restore(state);
      }
      for (let id = 21; id <= 40; id++) link.transmit(testFrame(id));
      clock.advance(1e9);
      return [inner.taken, link.transmitCounters];
    };
    expect(run(true)).toEqual(run(false));
  });
});
