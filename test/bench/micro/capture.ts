/** A capture point, which every frame of a path passes six times or so. */
import { frameOf } from '../../../emulator/base/frame.ts';
import { Capture } from '../../../emulator/capture/capture.ts';
import type { Part } from './part.ts';

const FRAMES = 1000;
const LENGTH = 1514;

export function captureParts(): Part[] {
  const capture = new Capture({ maxFrames: 20_000 });
  const point = capture.addInterface('vm1.eth0', 'card');
  const frame = frameOf(new Uint8Array(LENGTH).fill(0x5a), 1);
  const kept: Uint8Array[] = new Array<Uint8Array>(FRAMES).fill(frame.bytes);
  let at = 0;
  return [
    {
      id: 'capture',
      what: 'capture of 1514 bytes',
      unit: 'kframe/s',
      amount: FRAMES / 1000,
      run: () => {
        for (let i = 0; i < FRAMES; i++) point.capture(frame, 'in', at++);
      },
      peer: {
        what: 'a copy in an array',
        amount: FRAMES / 1000,
        run: () => {
          for (let i = 0; i < FRAMES; i++) kept[i] = frame.bytes.slice();
        },
      },
    },
  ];
}
