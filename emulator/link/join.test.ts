import { describe, expect, it } from 'vitest';
import type { Frame } from '../base/frame.ts';
import type { Direction, TapPoint } from '../base/tap-point.ts';
import { ProbeLink, testFrame } from '../../test/contracts/link.ts';
import { ManualClock } from '../time/manual-clock.ts';
import type { HoldsBack } from './join.ts';
import { join } from './join.ts';
import { tapDevice, tapLink } from './tap-link.ts';

class HoldingProbe extends ProbeLink implements HoldsBack {
  farReady = (): boolean => true;
  resumed = 0;
  farBecameReady(): void {
    this.resumed++;
  }
}

describe('join', () => {
  it('sends on one link what arrives at the other', () => {
    const a = new ProbeLink();
    const b = new ProbeLink();
    const joint = join(a, b);
    a.emit(testFrame(1));
    b.emit(testFrame(2));
    joint.dispose();
    a.emit(testFrame(3));
    expect(b.taken.map((f) => f.id)).toEqual([1]);
    expect(a.taken.map((f) => f.id)).toEqual([2]);
  });

  it('tells a device that can hold its frames back whether the far side takes them', () => {
    const card = new HoldingProbe();
    const cable = new ProbeLink();
    const joint = join(card, cable);
    cable.isReady = false;
    expect(card.farReady()).toBe(false);
    cable.isReady = true;
    cable.onReady();
    expect(card.resumed).toBe(1);
    expect(card.farReady()).toBe(true);
    joint.dispose();
    cable.onReady();
    expect(card.resumed).toBe(1);
  });
});

class LogPoint implements TapPoint {
  readonly iface = { id: 0, name: 'eth0', description: '' };
  readonly seen: [number, Direction, number][] = [];
  capture(frame: Frame, direction: Direction, at: number): void {
    this.seen.push([frame.id, direction, at]);
  }
}

describe('a capture point', () => {
  it('sees what the user of a link sends as out, and what comes as in, before it is passed on', () => {
    const clock = new ManualClock();
    const inner = new ProbeLink();
    const point = new LogPoint();
    const link = tapLink(inner, point, clock);
    const received: number[] = [];
    link.onReceive = (frame) => {
      expect(point.seen.length).toBe(2);
      received.push(frame.id);
    };
    link.transmit(testFrame(1));
    clock.advance(500);
    inner.emit(testFrame(2));
    expect(point.seen).toEqual([
      [1, 'out', 0],
      [2, 'in', 500],
    ]);
    expect(inner.taken.map((f) => f.id)).toEqual([1]);
    expect(received).toEqual([2]);
  });

  it('turns the directions round for a device that is itself the link', () => {
    const device = new ProbeLink();
    const point = new LogPoint();
    const link = tapDevice(device, point, new ManualClock());
    link.transmit(testFrame(1));
    device.emit(testFrame(2));
    expect(point.seen.map(([id, direction]) => [id, direction])).toEqual([
      [1, 'in'],
      [2, 'out'],
    ]);
  });

  it('passes readiness through', () => {
    const inner = new ProbeLink();
    const link = tapLink(inner, new LogPoint(), new ManualClock());
    let calls = 0;
    link.onReady = () => calls++;
    inner.isReady = false;
    expect(link.ready()).toBe(false);
    inner.onReady();
    expect(calls).toBe(1);
  });
});
