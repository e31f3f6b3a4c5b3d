/** The RTL8139 with a driver that touches the registers a driver must: full frames out and in. */
import { crc32 } from 'node:zlib';
import { u16le } from '../../../emulator/base/bytes.ts';
import { frameOf, type Frame } from '../../../emulator/base/frame.ts';
import { ignoreFrame, ignoreReady, type Link } from '../../../emulator/base/link.ts';
import * as R from '../../../emulator/device/rtl8139/registers.ts';
import { bench, frameBytes, RAM, RING, TX_BUFFER } from '../../../emulator/device/rtl8139/testing/bench.ts';
import type { Part } from './part.ts';

const FRAMES = 1000;
const LENGTH = 1514;
/** The driver's ring (RCR of Linux: 32 KiB). */
const RING_SIZE = 0x8000;
const RX_HEADER = 4;
const FCS = 4;

class CountingLink implements Link {
  frames = 0;
  onReady = ignoreReady;
  onReceive: (frame: Frame) => void = ignoreFrame;

  ready(): boolean {
    return true;
  }

  transmit(): void {
    this.frames++;
  }
}

function transmitPart(): Part {
  const link = new CountingLink();
  const { driver } = bench({ link });
  driver.start();
  const frame = frameBytes(LENGTH);
  const ram = new Uint8Array(RAM);
  const buffer = new Uint8Array(LENGTH);
  return {
    id: 'nic.tx',
    what: 'RTL8139 transmits 1514 bytes',
    unit: 'kframe/s',
    amount: FRAMES / 1000,
    run: () => {
      const before = link.frames;
      for (let i = 0; i < FRAMES; i++) {
        driver.send(frame);
        driver.write16(R.ISR, driver.read16(R.ISR));
      }
      if (link.frames !== before + FRAMES)
        throw new Error(`sent ${link.frames - before} of ${FRAMES} frames`);
    },
    peer: {
      what: 'two copies of the bytes',
      amount: FRAMES / 1000,
      run: () => {
        for (let i = 0; i < FRAMES; i++) {
          ram.set(frame, TX_BUFFER);
          buffer.set(ram.subarray(TX_BUFFER, TX_BUFFER + LENGTH));
        }
      },
    },
  };
}

function receivePart(): Part {
  const link = new CountingLink();
  const { driver, memory } = bench({ link });
  driver.start();
  const frame = frameOf(frameBytes(LENGTH), 1);
  let current = 0;
  const ram = new Uint8Array(RAM);
  return {
    id: 'nic.rx',
    what: 'RTL8139 receives 1514 bytes',
    unit: 'kframe/s',
    amount: FRAMES / 1000,
    run: () => {
      for (let i = 0; i < FRAMES; i++) {
        link.onReceive(frame);
        const length = u16le(memory.ram, RING + current + 2);
        if (driver.read8(R.CR) & R.CR_BUFE || length !== LENGTH + FCS)
          throw new Error('no frame in the ring');
        current = ((current + length + RX_HEADER + 3) & ~3) % RING_SIZE;
        driver.write16(R.CAPR, (current - 16) & 0xffff);
        driver.write16(R.ISR, driver.read16(R.ISR));
      }
      memory.writes.length = 0;
    },
    peer: {
      what: 'one copy, and zlib’s CRC-32',
      amount: FRAMES / 1000,
      run: () => {
        let sum = 0;
        for (let i = 0; i < FRAMES; i++) {
          ram.set(frame.bytes, RING);
          sum ^= crc32(frame.bytes);
        }
        if (sum !== 0) throw new Error('the same bytes, another CRC');
      },
    },
  };
}

export const nicParts = (): Part[] => [transmitPart(), receivePart()];
