/** Sums over bytes: the Internet checksum, CRC-32, SHA-256. */
import { createHash } from 'node:crypto';
import { crc32 as zlibCrc32 } from 'node:zlib';
import { Sha256 } from '../../../emulator/base/sha256.ts';
import { checksum } from '../../../emulator/wire/checksum.ts';
import { crc32 } from '../../../emulator/wire/crc32.ts';
import type { Part } from './part.ts';

const ROUNDS = 1000;
const SEGMENT = 1460;
const FRAME = 1514;
const BLOCK = 65_536;

const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + 7) & 0xff);

/** RFC 1071 as one would write it first. */
function naiveChecksum(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let sum = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    sum += view.getUint16(at);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return ~sum & 0xffff;
}

/** `ours` and `theirs` must agree. */
function part<T>(
  names: { readonly id: string; readonly what: string; readonly peer: string },
  length: number,
  rounds: number,
  ours: (bytes: Uint8Array) => T,
  theirs: (bytes: Uint8Array) => T,
): Part {
  const bytes = bytesOf(length);
  if (ours(bytes) !== theirs(bytes)) throw new Error(`${names.id} and its peer differ`);
  const amount = (length * rounds) / 1e6;
  const repeat = (work: (bytes: Uint8Array) => T) => (): void => {
    for (let i = 0; i < rounds; i++) {
      // Another input each time, or the engine may see that nothing changes.
      bytes[0] = i;
      work(bytes);
    }
  };
  const { id, what, peer } = names;
  return {
    id,
    what,
    unit: 'MB/s',
    amount,
    run: repeat(ours),
    peer: { what: peer, amount, run: repeat(theirs) },
  };
}

export const digestParts = (): Part[] => [
  part(
    { id: 'checksum', what: 'Internet checksum of 1460 bytes', peer: 'naive, with a DataView' },
    SEGMENT, ROUNDS, (b) => checksum(b, 0, b.length), naiveChecksum,
  ),
  part(
    { id: 'crc32', what: 'CRC-32 of 1514 bytes', peer: 'zlib' },
    FRAME, ROUNDS, (b) => crc32(b), (b) => zlibCrc32(b),
  ),
  part(
    { id: 'sha256', what: 'SHA-256 of 64 KiB', peer: 'node:crypto' },
    BLOCK, 16, (b) => new Sha256().update(b).hex(), (b) => createHash('sha256').update(b).digest('hex'),
  ),
]; // prettier-ignore
