/** Reads classic pcap files (little endian, Ethernet) of the fixtures. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Capture } from '../../emulator/capture/capture.ts';
import { u32le } from '../../emulator/base/bytes.ts';
import { frameOf } from '../../emulator/base/frame.ts';
import type { TimedFrame } from './frames.ts';

const MICROSECONDS = 0xa1b2_c3d4;

export const fixturePath = (name: string): string => join(import.meta.dirname, '../fixtures/pcap', name);

export function readPcap(path: string): TimedFrame[] {
  const file = new Uint8Array(readFileSync(path));
  if (u32le(file, 0) !== MICROSECONDS) throw new Error(`${path} is no little-endian microsecond pcap file`);
  const frames: TimedFrame[] = [];
  const first = u32le(file, 24);
  for (let p = 24; p + 16 <= file.length;) {
    const length = u32le(file, p + 8);
    const at = (u32le(file, p) - first) * 1e9 + u32le(file, p + 4) * 1e3;
    frames.push({ at, bytes: file.slice(p + 16, p + 16 + length) });
    p += 16 + length;
  }
  return frames;
}

/** Puts the frames of a file through a capture point of `capture`. */
export function replay(capture: Capture, frames: readonly TimedFrame[], name = 'eth0'): void {
  const point = capture.addInterface(name, '');
  frames.forEach(({ at, bytes }, i) => point.capture(frameOf(bytes, i + 1), 'in', at));
}
