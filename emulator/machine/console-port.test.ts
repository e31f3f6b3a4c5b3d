import { describe, expect, it } from 'vitest';
import { latin1, latin1Bytes } from '../base/bytes.ts';
import { ManualClock } from '../time/manual-clock.ts';
import { ConsolePort } from './console-port.ts';

function setUp() {
  const clock = new ManualClock();
  const port = new ConsolePort(clock, 16_000);
  const fifo: number[] = [];
  const bursts: number[] = [];
  port.connect({
    unread: () => fifo.length,
    receive: (byte) => {
      fifo.push(byte);
      bursts.push(clock.now());
    },
  });
  return { clock, port, fifo, bursts };
}

describe('ConsolePort input', () => {
  it('comes in bursts of a FIFO, as fast as the line, and only when the last was taken', () => {
    const { clock, port, fifo } = setUp();
    port.send(new Uint8Array(40).fill(0x61));
    clock.advance(0);
    expect(fifo.length).toBe(16);
    clock.advance(5_000_000);
    expect(fifo.length).toBe(16);
    fifo.length = 0;
    clock.advance(1_000_000);
    expect(fifo.length).toBe(16);
    fifo.length = 0;
    clock.advance(999_999);
    expect(fifo.length).toBe(0);
    clock.advance(1);
    expect(fifo.length).toBe(8);
    expect(clock.leftover).toBe(0);
  });

  it('keeps the order of several sends and copies what it is given', () => {
    const { clock, port, fifo } = setUp();
    const bytes = latin1Bytes('ab');
    port.send(bytes);
    bytes.fill(0);
    port.send(latin1Bytes('cd'));
    clock.advance(0);
    expect(latin1(Uint8Array.from(fifo))).toBe('abcd');
  });

  it('never exceeds the line’s rate over separate sends', () => {
    const { clock, port, fifo, bursts } = setUp();
    port.send(new Uint8Array(16));
    clock.advance(100);
    fifo.length = 0;
    port.send(Uint8Array.of(1));
    clock.advance(2_000_000);
    expect(bursts.at(-1)).toBe(1_000_000);
  });

  it('is bounded: what does not fit is dropped and counted', () => {
    const { port } = setUp();
    port.send(new Uint8Array(2 << 20));
    expect(port.inputDropped).toBe(1 << 20);
  });

  it('arrives at the given time, and not at all on a machine that is off', () => {
    const { clock, port, bursts } = setUp();
    port.send(Uint8Array.of(1), 500);
    clock.advance(1_000);
    expect(bursts).toEqual([500]);
    port.connect(null);
    port.send(Uint8Array.of(1));
    clock.advance(10_000_000);
    expect(bursts).toEqual([500]);
    expect(clock.leftover).toBe(0);
  });
});

describe('ConsolePort output', () => {
  it('is given on in one piece with the time of its last byte', () => {
    const { clock, port } = setUp();
    const seen: string[] = [];
    port.onOutput = (bytes, at) => seen.push(`${latin1(bytes)}@${at}`);
    port.flush();
    port.written(0x68);
    clock.advance(10);
    port.written(0x69);
    clock.advance(10);
    port.flush();
    port.flush();
    expect(seen).toEqual(['hi@10']);
  });

  it('is bounded between two flushes', () => {
    const { port } = setUp();
    let length = 0;
    port.onOutput = (bytes) => (length += bytes.length);
    for (let i = 0; i < 70_000; i++) port.written(i);
    port.flush();
    expect(length).toBe(65_536);
    expect(port.outputDropped).toBe(70_000 - 65_536);
  });
});
