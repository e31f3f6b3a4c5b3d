import { describe, expect, it } from 'vitest';
import { checksum } from '../wire/checksum.ts';
import type { Clock } from '../base/clock.ts';
import { frameOf } from '../base/frame.ts';
import { testFrame } from '../../test/contracts/link.ts';
import { plainCopy } from '../base/testing/plain-copy.ts';
import { ManualClock } from '../time/manual-clock.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { Cable } from './cable.ts';
import { serialisationNs } from './cable-end.ts';

const RATE = 100e6;
const DELAY = 5_000;
/** 60 bytes and the FCS are the shortest frame: 84 byte times at 80 ns. */
const SHORT = 84 * 80;

interface Bench<C extends Clock> {
  clock: C;
  cable: Cable;
  arrivals: { id: number; at: number }[];
}

function setUpOn<C extends Clock>(clock: C, queueFrames = 4): Bench<C> {
  const cable = new Cable({ clock, bitsPerSecond: RATE, delayNs: DELAY, queueFrames });
  const arrivals: { id: number; at: number }[] = [];
  cable.b.onReceive = (frame) => arrivals.push({ id: frame.id, at: clock.now() });
  return { clock, cable, arrivals };
}

const setUp = (queueFrames?: number): Bench<ManualClock> => setUpOn(new ManualClock(), queueFrames);

describe('a cable', () => {
  it('takes preamble, FCS, gap and the shortest frame into account', () => {
    expect(serialisationNs(1514, RATE)).toBe(1538 * 80);
    expect(serialisationNs(1514, 1e9)).toBe(12_304);
    expect(serialisationNs(14, RATE)).toBe(SHORT);
    expect(serialisationNs(60, RATE)).toBe(SHORT);
    expect(serialisationNs(61, RATE)).toBe(85 * 80);
  });

  it('delivers after serialisation and delay, one frame behind the other', () => {
    const { clock, cable, arrivals } = setUp();
    cable.a.transmit(testFrame(1, 1514));
    cable.a.transmit(testFrame(2));
    clock.advance(1e9);
    expect(arrivals).toEqual([
      { id: 1, at: 1538 * 80 + DELAY },
      { id: 2, at: 1538 * 80 + SHORT + DELAY },
    ]);
  });

  it('carries both directions at full rate', () => {
    const { clock, cable, arrivals } = setUp();
    const back: number[] = [];
    cable.a.onReceive = () => back.push(clock.now());
    cable.a.transmit(testFrame(1));
    cable.b.transmit(testFrame(2));
    clock.advance(1e9);
    expect(arrivals[0]?.at).toBe(SHORT + DELAY);
    expect(back).toEqual([SHORT + DELAY]);
  });

  it('lets queueFrames frames wait behind the one being sent, and drops and counts the next', () => {
    const { clock, cable, arrivals } = setUp(4);
    for (let id = 1; id <= 7; id++) cable.a.transmit(testFrame(id));
    expect(cable.a.queued).toBe(5);
    clock.advance(1e9);
    expect(arrivals.map((a) => a.id)).toEqual([1, 2, 3, 4, 5]);
    expect(cable.a.drops.queueFull).toBe(2);
    expect(cable.a.counters).toMatchObject({ txPackets: 5, txBytes: 300, txDropped: 2 });
    expect(cable.b.counters).toMatchObject({ rxPackets: 5, rxBytes: 300 });
  });

  it('says that there is room again as soon as a frame has left the transmitter', () => {
    const { clock, cable } = setUp(1);
    const readyAt: number[] = [];
    cable.a.onReady = () => readyAt.push(clock.now());
    cable.a.transmit(testFrame(1));
    expect(cable.a.ready()).toBe(true);
    cable.a.transmit(testFrame(2));
    expect(cable.a.ready()).toBe(false);
    clock.advance(1e9);
    expect(readyAt).toEqual([SHORT]);
  });

  it('frees its queue when a frame has left, however long the cable is', () => {
    const { clock, cable, arrivals } = setUp(1);
    cable.configure({ delayNs: 1e8 });
    for (let id = 1; id <= 6; id++) {
      cable.a.transmit(testFrame(id));
      clock.advance(SHORT);
    }
    clock.advance(1e9);
    expect(arrivals.map((a) => a.id)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('loses and counts what waits or is under way when it is pulled, and tells both ends', () => {
    const { clock, cable, arrivals } = setUp();
    const told: string[] = [];
    cable.a.onCarrier((up) => told.push(`a ${up}`));
    const watch = cable.b.onCarrier((up) => told.push(`b ${up}`));
    cable.a.transmit(testFrame(1));
    cable.a.transmit(testFrame(2));
    clock.advance(SHORT + DELAY - 1);
    cable.setUp(false);
    expect(cable.a.drops.lostInFlight).toBe(2);
    expect(cable.a.carrier).toBe(false);
    cable.a.transmit(testFrame(3));
    expect(cable.a.drops.noCarrier).toBe(1);
    clock.advance(1e9);
    watch.dispose();
    cable.setUp(true);
    cable.setUp(true);
    cable.a.transmit(testFrame(4));
    clock.advance(1e9);
    expect(arrivals.map((a) => a.id)).toEqual([4]);
    expect(told).toEqual(['a false', 'b false', 'a true']);
  });

  it('lets a blocked sender go on when it is pulled', () => {
    const { cable } = setUp(1);
    let calls = 0;
    cable.a.onReady = () => calls++;
    cable.a.transmit(testFrame(1));
    cable.a.transmit(testFrame(2));
    expect(cable.a.ready()).toBe(false);
    cable.setUp(false);
    expect(calls).toBe(1);
    expect(cable.a.ready()).toBe(true);
  });

  it('survives being pulled by the receiver of a frame', () => {
    const { clock, cable } = setUp();
    let seen = 0;
    cable.b.onReceive = () => {
      seen++;
      cable.setUp(false);
    };
    for (let id = 1; id <= 3; id++) cable.a.transmit(testFrame(id));
    clock.advance(1e9);
    expect(seen).toBe(1);
    expect(cable.a.drops.lostInFlight).toBe(2);
  });

  it('keeps its order when a machine that is a little behind sends', () => {
    const { clock, cable, arrivals } = setUpOn(new VirtualClock());
    clock.enter({ localNow: 100_000 });
    cable.a.transmit(testFrame(1));
    clock.enter({ localNow: 50_000 });
    cable.a.transmit(testFrame(2));
    clock.leave();
    clock.runDue(1e9);
    expect(arrivals).toEqual([
      { id: 1, at: 100_000 + SHORT + DELAY },
      { id: 2, at: 100_000 + 2 * SHORT + DELAY },
    ]);
  });

  it('never reorders when its delay is made shorter', () => {
    const { clock, cable, arrivals } = setUp();
    cable.configure({ delayNs: 1e6 });
    cable.a.transmit(testFrame(1));
    cable.configure({ delayNs: 0 });
    cable.a.transmit(testFrame(2));
    clock.advance(1e9);
    expect(arrivals.map((a) => a.id)).toEqual([1, 2]);
  });

  it('drops runts and giants by name', () => {
    const { clock, cable, arrivals } = setUp();
    cable.a.transmit(testFrame(1, 13));
    cable.a.transmit(testFrame(2, 1519));
    cable.a.transmit(testFrame(3, 1518));
    clock.advance(1e9);
    expect(arrivals.map((a) => a.id)).toEqual([3]);
    expect(cable.a.drops).toMatchObject({ runt: 1, giant: 1 });
  });

  it('fills in a checksum that was left to the hardware', () => {
    const { clock, cable } = setUp();
    const { bytes } = testFrame(1, 60);
    bytes[20] = 0;
    bytes[21] = 0;
    let sum = -1;
    cable.b.onReceive = (frame) => {
      sum = checksum(frame.bytes, 14, 60);
      expect(frame.offload.csumStart).toBe(-1);
    };
    cable.a.transmit(frameOf(bytes, 1, { csumStart: 14, csumOffset: 6, gsoSize: 0, gsoKind: 'none' }));
    clock.advance(1e9);
    expect(sum).toBe(0);
    expect(bytes[20]).toBe(0);
  });

  it('refuses settings that make no cable', () => {
    const { cable } = setUp();
    expect(() => cable.configure({ bitsPerSecond: 0 })).toThrow(RangeError);
    expect(() => cable.configure({ delayNs: NaN })).toThrow(RangeError);
    expect(() => cable.configure({ queueFrames: 0 })).toThrow(RangeError);
  });

  it('goes on from a saved state as if nothing had happened', () => {
    const run = (interrupt: boolean): unknown => {
      const clock = new ManualClock();
      const make = (): Cable => new Cable({ clock, bitsPerSecond: RATE, delayNs: DELAY, queueFrames: 2 });
      let cable = make();
      const seen: unknown[] = [];
      const watch = (): void => {
        cable.b.onReceive = (frame) => seen.push([frame.id, frame.bytes.length, clock.now()]);
        cable.a.onReady = () => seen.push(['ready', clock.now()]);
      };
      watch();
      for (let id = 1; id <= 4; id++) cable.a.transmit(testFrame(id, 60 + id));
      clock.advance(3_000);
      if (interrupt) {
        const state = plainCopy(cable.save());
        cable.dispose();
        cable = make();
        cable.restore(state);
        watch();
      }
      cable.a.transmit(testFrame(5));
      clock.advance(1e9);
      return [seen, cable.a.counters, cable.a.drops, cable.b.counters];
    };
    expect(run(true)).toEqual(run(false));
  });
});
