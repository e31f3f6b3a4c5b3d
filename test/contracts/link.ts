/** What every Link does, as a suite to run on each implementation (see emulator/base/link.ts). */
import { describe, expect, it } from 'vitest';
import { SECOND } from '../../emulator/base/clock.ts';
import type { Frame } from '../../emulator/base/frame.ts';
import { frameOf } from '../../emulator/base/frame.ts';
import type { Link } from '../../emulator/base/link.ts';
import { hex } from '../../emulator/base/bytes.ts';
import { ManualClock } from '../../emulator/time/manual-clock.ts';

/** Two ends such that what is transmitted at one arrives at the other; each side's `transmit` and `onReceive` are the test's. */
export interface LinkPair {
  readonly near: Link;
  readonly far: Link;
  dispose(): void;
}

/** An end for tests that keeps a copy of all that is transmitted into it, and lets frames come out. */
export class ProbeLink implements Link {
  readonly taken: { bytes: string; id: number }[] = [];
  isReady = true;
  onReady = (): void => undefined;
  onReceive: (frame: Frame) => void = () => undefined;

  transmit(frame: Frame): void {
    this.taken.push({ bytes: hex(frame.bytes), id: frame.id });
  }

  ready(): boolean {
    return this.isReady;
  }

  /** A frame comes out of this end. */
  emit(frame: Frame): void {
    this.onReceive(frame);
  }
}

/** An Ethernet frame of `length` bytes from `...:src` to `...:dst`, its payload counting up from `fill`. */
export function testFrame(id: number, length = 60, src = 1, dst = 2, fill = 0): Frame {
  const bytes = Uint8Array.from({ length }, (_, i) => (fill + i) & 255);
  bytes.set([0x02, 0, 0, 0, 0, dst, 0x02, 0, 0, 0, 0, src, 0x88, 0xb5].slice(0, length));
  return frameOf(bytes, id);
}

/** Longer than any link of a test takes to deliver what it holds. */
const LONG = 10 * SECOND;

export function linkContract(name: string, make: (clock: ManualClock) => LinkPair): void {
  const setUp = (): { clock: ManualClock; pair: LinkPair; arrived: string[]; ids: number[] } => {
    const clock = new ManualClock();
    const pair = make(clock);
    const arrived: string[] = [];
    const ids: number[] = [];
    pair.far.onReceive = (frame) => {
      arrived.push(hex(frame.bytes));
      ids.push(frame.id);
    };
    return { clock, pair, arrived, ids };
  };

  describe(`${name} keeps the link contract`, () => {
    it('brings a frame to the other side with its bytes and its id', () => {
      const { clock, pair, arrived, ids } = setUp();
      const frame = testFrame(7, 1514);
      pair.near.transmit(frame);
      clock.advance(LONG);
      expect(arrived).toEqual([hex(frame.bytes)]);
      expect(ids).toEqual([7]);
    });

    it('works in both directions', () => {
      const { clock, pair, ids } = setUp();
      const back: number[] = [];
      pair.near.onReceive = (frame) => back.push(frame.id);
      pair.near.transmit(testFrame(1));
      pair.far.transmit(testFrame(2, 60, 2, 1));
      clock.advance(LONG);
      expect(ids).toEqual([1]);
      expect(back).toEqual([2]);
    });

    it('has only borrowed the frame: the sender reuses its buffer at once', () => {
      const { clock, pair, arrived } = setUp();
      const frame = testFrame(1);
      const sent = hex(frame.bytes);
      pair.near.transmit(frame);
      frame.bytes.fill(0xee);
      clock.advance(LONG);
      expect(arrived).toEqual([sent]);
    });

    it('keeps frames of different lengths in order', () => {
      const { clock, pair, ids } = setUp();
      for (let id = 1; id <= 40; id++) pair.near.transmit(testFrame(id, 60 + ((id * 379) % 1400)));
      clock.advance(LONG);
      expect(ids).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    });

    it('does not hand a frame back to its sender', () => {
      const { clock, pair } = setUp();
      const back: number[] = [];
      pair.near.onReceive = (frame) => back.push(frame.id);
      pair.near.transmit(testFrame(1));
      clock.advance(LONG);
      expect(back).toEqual([]);
    });

    it('survives frames of any length', () => {
      const { clock, pair, ids } = setUp();
      for (const length of [0, 1, 13, 14, 1515, 9000, 65_535]) pair.near.transmit(testFrame(100, length));
      pair.near.transmit(testFrame(8));
      clock.advance(LONG);
      expect(ids).toContain(8);
    });

    it('lets the receiver answer from inside onReceive', () => {
      const { clock, pair } = setUp();
      const back: number[] = [];
      pair.near.onReceive = (frame) => back.push(frame.id);
      pair.far.onReceive = (frame) => pair.far.transmit(testFrame(frame.id + 1, 60, 2, 1));
      pair.near.transmit(testFrame(1));
      pair.near.transmit(testFrame(11));
      clock.advance(LONG);
      expect(back).toEqual([2, 12]);
    });

    it('is ready when nothing is under way, and never blocks a sender that does not ask', () => {
      const { clock, pair, ids } = setUp();
      expect(pair.near.ready()).toBe(true);
      for (let id = 1; id <= 3000; id++) pair.near.transmit(testFrame(id));
      clock.advance(LONG);
      expect(ids.length).toBeGreaterThan(0);
      expect(pair.near.ready()).toBe(true);
    });

    it('calls onReady after ready() was false, and not from inside transmit', () => {
      const { clock, pair } = setUp();
      let inside = false;
      let calls = 0;
      pair.near.onReady = () => {
        expect(inside).toBe(false);
        expect(pair.near.ready()).toBe(true);
        calls++;
      };
      let refused = false;
      for (let id = 1; id <= 3000 && !refused; id++) {
        inside = true;
        pair.near.transmit(testFrame(id));
        inside = false;
        refused = !pair.near.ready();
      }
      clock.advance(LONG);
      if (refused) expect(calls).toBeGreaterThan(0);
    });

    it('leaves no timer behind once disposed of', () => {
      const { clock, pair, ids } = setUp();
      for (let id = 1; id <= 5; id++) pair.near.transmit(testFrame(id));
      pair.dispose();
      const before = ids.length;
      pair.near.transmit(testFrame(9));
      expect(clock.leftover).toBe(0);
      clock.advance(LONG);
      expect(ids.length).toBe(before);
    });
  });
}
