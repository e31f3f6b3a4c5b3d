import { describe, expect, it } from 'vitest';
import { frameOf } from '../base/frame.ts';
import { hex } from '../base/bytes.ts';
import { Capture } from './capture.ts';

const frame = (id: number, length = 60): ReturnType<typeof frameOf> =>
  frameOf(
    Uint8Array.from({ length }, (_, i) => (id + i) & 255),
    id,
  );

describe('a capture', () => {
  it('keeps a copy of each frame with its time, interface, direction, id and length', () => {
    const capture = new Capture();
    capture.addInterface('vm1.eth0', 'card of vm1');
    const tap = capture.addInterface('alpha.tap0', '');
    const sent = frame(7, 100);
    tap.capture(sent, 'out', 123);
    const bytes = hex(sent.bytes);
    sent.bytes.fill(0);
    const held = capture.frame(0)!;
    expect({ ...held, bytes: hex(held.bytes) }).toEqual({
      at: 123,
      iface: 1,
      direction: 'out',
      packet: 7,
      bytes,
      length: 100,
    });
    expect(capture.interfaces.map((i) => i.name)).toEqual(['vm1.eth0', 'alpha.tap0']);
  });

  it('cuts frames at the snap length and remembers how long they were', () => {
    const capture = new Capture({ snapLength: 96 });
    capture.addInterface('a', '').capture(frame(1, 1514), 'in', 0);
    expect(capture.frame(0)!.bytes.length).toBe(96);
    expect(capture.frame(0)!.length).toBe(1514);
  });

  it('loses the oldest frames when it is full, and counts them per interface', () => {
    const capture = new Capture({ maxFrames: 10 });
    const a = capture.addInterface('a', '');
    const b = capture.addInterface('b', '');
    for (let i = 0; i < 25; i++) (i % 2 ? b : a).capture(frame(i + 1), 'in', i);
    expect([capture.first, capture.next, capture.held, capture.lost]).toEqual([15, 25, 10, 15]);
    expect(capture.frame(14)).toBeNull();
    expect(capture.frame(25)).toBeNull();
    expect(capture.frame(15)!.packet).toBe(16);
    expect(capture.frame(24)!.packet).toBe(25);
    expect(capture.statistics(0)).toEqual({ seen: 13, lost: 8 });
    expect(capture.statistics(1)).toEqual({ seen: 12, lost: 7 });
  });

  it('bounds its bytes, over many chunks, without mixing frames up', () => {
    const capture = new Capture({ maxBytes: 3_000_000, maxFrames: 100_000 });
    const point = capture.addInterface('a', '');
    for (let i = 0; i < 6000; i++) point.capture(frame(i, 60 + ((i * 131) % 1455)), 'in', i);
    expect(capture.bytes).toBeLessThanOrEqual(3_000_000);
    expect(capture.lost).toBeGreaterThan(0);
    let sum = 0;
    for (let i = capture.first; i < capture.next; i++) {
      const held = capture.frame(i)!;
      sum += held.bytes.length;
      expect(held.packet).toBe(i);
      expect(held.bytes.length).toBe(60 + ((i * 131) % 1455));
      expect(held.bytes[0]).toBe(i & 255);
      expect(held.bytes.at(-1)).toBe((i + held.bytes.length - 1) & 255);
    }
    expect(sum).toBe(capture.bytes);
  });

  it('leaves a view of a frame as it is after the frame was lost', () => {
    const capture = new Capture({ maxFrames: 2 });
    const point = capture.addInterface('a', '');
    point.capture(frame(1), 'in', 0);
    const { bytes } = capture.frame(0)!;
    const before = hex(bytes);
    for (let i = 2; i < 40_000; i++) point.capture(frame(i), 'in', i);
    expect(hex(bytes)).toBe(before);
  });

  it('starts anew on clear, and says so by its epoch', () => {
    const capture = new Capture();
    const point = capture.addInterface('a', '');
    point.capture(frame(1), 'in', 0);
    capture.clear();
    expect([capture.first, capture.next, capture.bytes, capture.epoch]).toEqual([0, 0, 0, 1]);
    expect(capture.frame(0)).toBeNull();
    expect(capture.statistics(0)).toEqual({ seen: 0, lost: 0 });
    point.capture(frame(2), 'in', 5);
    expect(capture.frame(0)!.packet).toBe(2);
    expect(capture.interfaces[0]!.counters).toEqual({ framesIn: 2, framesOut: 0, bytesIn: 120, bytesOut: 0 });
  });

  it('counts frames and bytes per interface and direction', () => {
    const capture = new Capture();
    const point = capture.addInterface('a', '');
    point.capture(frame(1, 100), 'in', 0);
    point.capture(frame(2, 60), 'out', 0);
    point.capture(frame(3, 61), 'out', 0);
    expect(capture.interfaces[0]!.counters).toEqual({
      framesIn: 1,
      framesOut: 2,
      bytesIn: 100,
      bytesOut: 121,
    });
  });

  it('does nothing while it is not running', () => {
    const capture = new Capture();
    const point = capture.addInterface('a', '');
    capture.running = false;
    point.capture(frame(1), 'in', 0);
    expect(capture.next).toBe(0);
  });

  it('takes empty frames', () => {
    const capture = new Capture();
    capture.addInterface('a', '').capture(frame(1, 0), 'in', 0);
    expect(capture.frame(0)!.bytes.length).toBe(0);
  });

  it('refuses sizes that make no capture', () => {
    expect(() => new Capture({ snapLength: 0 })).toThrow(RangeError);
    expect(() => new Capture({ snapLength: 1 << 20 })).toThrow(RangeError);
    expect(() => new Capture({ maxFrames: 0 })).toThrow(RangeError);
    expect(() => new Capture({ maxBytes: 10 })).toThrow(RangeError);
  });
});
