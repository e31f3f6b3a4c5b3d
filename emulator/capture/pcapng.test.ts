import { describe, expect, it } from 'vitest';
import { mac } from '../base/address.ts';
import { hex, u16le, u32le } from '../base/bytes.ts';
import { frameOf } from '../base/frame.ts';
import { Capture } from './capture.ts';
import { writePcapng } from './pcapng.ts';

interface Block {
  readonly type: number;
  readonly at: number;
  readonly end: number;
}

/** Walks the blocks as a reader would: both lengths agree, and they fill the file. */
function blocks(file: Uint8Array): Block[] {
  const found: Block[] = [];
  let p = 0;
  while (p < file.length) {
    const length = u32le(file, p + 4);
    expect(length % 4).toBe(0);
    expect(u32le(file, p + length - 4)).toBe(length);
    found.push({ type: u32le(file, p), at: p + 8, end: p + length - 4 });
    p += length;
  }
  expect(p).toBe(file.length);
  return found;
}

function options(file: Uint8Array, at: number, end: number): Map<number, string> {
  const found = new Map<number, string>();
  for (let p = at; p < end && u16le(file, p) !== 0; p += 4 + ((u16le(file, p + 2) + 3) & ~3))
    found.set(u16le(file, p), hex(file.subarray(p + 4, p + 4 + u16le(file, p + 2))));
  return found;
}

function sample(): Capture {
  const capture = new Capture();
  const vm = capture.addInterface('vm1.eth0', 'card of vm1', mac('52:54:00:12:34:56'));
  const tap = capture.addInterface('alpha.tap0', 'tap – host side');
  vm.capture(frameOf(new Uint8Array(61).fill(0xab), 5), 'out', 1_000_000_001);
  tap.capture(frameOf(new Uint8Array(61).fill(0xab), 5), 'in', 1_000_000_002);
  return capture;
}

describe('a pcapng file', () => {
  it('holds section header, interfaces, packets and statistics, in this order', () => {
    const file = writePcapng(sample());
    expect(blocks(file).map((b) => b.type)).toEqual([0x0a0d0d0a, 1, 1, 6, 6, 5, 5]);
    expect(u32le(file, 8)).toBe(0x1a2b3c4d);
  });

  it('describes its interfaces', () => {
    const file = writePcapng(sample());
    const [, first, second] = blocks(file);
    expect(u16le(file, first!.at)).toBe(1);
    const told = options(file, first!.at + 8, first!.end);
    expect(told.get(2)).toBe(hex(Uint8Array.from('vm1.eth0', (c) => c.charCodeAt(0))));
    expect(told.get(6)).toBe('525400123456');
    expect(told.get(9)).toBe('09');
    expect(options(file, second!.at + 8, second!.end).get(3)).toContain('e28093');
  });

  it('stamps packets in nanoseconds from the day of the study, with direction and packet id', () => {
    const file = writePcapng(sample());
    const [packet, other] = blocks(file).filter((b) => b.type === 6);
    const { at, end } = packet!;
    const time = (BigInt(u32le(file, at + 4)) << 32n) | BigInt(u32le(file, at + 8));
    expect(time).toBe(1_368_403_200_000_000_000n + 1_000_000_001n);
    expect([u32le(file, at), u32le(file, at + 12), u32le(file, at + 16)]).toEqual([0, 61, 61]);
    const told = options(file, at + 20 + 64, end);
    expect(told.get(2)).toBe('02000000');
    expect(told.get(5)).toBe('0500000000000000');
    expect(options(file, other!.at + 20 + 64, other!.end).get(2)).toBe('01000000');
  });

  it('ends with what each interface has seen and lost', () => {
    const capture = new Capture({ maxFrames: 1 });
    const point = capture.addInterface('a', '');
    for (let i = 0; i < 3; i++) point.capture(frameOf(new Uint8Array(60), i + 1), 'in', i);
    const file = writePcapng(capture);
    const { at, end } = blocks(file).find((b) => b.type === 5)!;
    const told = options(file, at + 12, end);
    expect(told.get(4)).toBe('0300000000000000');
    expect(told.get(5)).toBe('0200000000000000');
  });

  it('is the same, to the byte, each time it is written', () => {
    expect(hex(writePcapng(sample()))).toBe(hex(writePcapng(sample())));
  });

  it('takes another epoch', () => {
    const file = writePcapng(sample(), { epochMs: 0 });
    const { at } = blocks(file).find((b) => b.type === 6)!;
    expect([u32le(file, at + 4), u32le(file, at + 8)]).toEqual([0, 1_000_000_001]);
  });

  it('can hold some interfaces and frames only', () => {
    const file = writePcapng(sample(), { interfaces: [1] });
    expect(blocks(file).map((b) => b.type)).toEqual([0x0a0d0d0a, 1, 6, 5]);
    expect(u32le(file, blocks(file)[2]!.at)).toBe(0);
    expect(blocks(writePcapng(sample(), { keep: (i) => i === 1 })).filter((b) => b.type === 6).length).toBe(
      1,
    );
  });

  it('is a file without packets when the capture is empty', () => {
    const capture = new Capture();
    capture.addInterface('a', '');
    expect(blocks(writePcapng(capture)).map((b) => b.type)).toEqual([0x0a0d0d0a, 1, 5]);
    expect(blocks(writePcapng(new Capture())).map((b) => b.type)).toEqual([0x0a0d0d0a]);
  });
});
