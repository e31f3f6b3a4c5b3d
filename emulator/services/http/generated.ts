/**
 * Files made from their names: `5M.bin` is five binary megabytes (5 × 2^20 bytes) that are the same on every machine and in every run.
 *
 * Byte `offset` of a file is a pure function of name and offset, so any range can be produced alone and a receiver can check
 * what it got without a copy: word n (little-endian, bytes 4n to 4n+3) is Appleby's 32-bit finalizer of MurmurHash3 (public
 * domain) over seed + n × 0x9e3779b9, and the seed is the FNV-1a hash of the name. Not compressible, and no two files of
 * the lab share a block. Written as bytes: 1.2 GB/s here (Node 20, 16 KiB at a time), so no view of wider words is needed.
 */
const GOLDEN = 0x9e37_79b9;
/** The counter has 32 bits, so the words repeat after 2^34 bytes. */
export const MAX_GENERATED = 0x4_0000_0000;

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** Bytes of `5M` (binary units: K 2^10, M 2^20, G 2^30; none: bytes); null: not a size, zero, or more than 16 GiB. */
export function parseSize(text: string): number | null {
  const match = /^([1-9]\d{0,10})([KMG]?)$/.exec(text);
  if (!match) return null;
  const size = Number(match[1]) * UNITS[match[2]!]!;
  return size <= MAX_GENERATED ? size : null;
}

/** Size of the generated file of this name (`5M.bin`); null: no such file. */
export const generatedSize = (name: string): number | null =>
  name.endsWith('.bin') ? parseSize(name.slice(0, -4)) : null;

/** Writes bytes `offset` to `offset + length` of the generated file `name` into `into` at `at`. Knows no end: the caller looks at the size. */
export function generatedBytes(
  name: string,
  offset: number,
  into: Uint8Array,
  at: number,
  length: number,
): void {
  const seed = seedOf(name);
  const end = at + length;
  let n = Math.floor(offset / 4);
  let p = at;
  const skip = offset % 4;
  if (skip > 0 && p < end) {
    const x = mix((seed + Math.imul(n++, GOLDEN)) | 0) >>> (8 * skip);
    for (let i = 0; i < 4 - skip && p < end; i++) into[p++] = x >>> (8 * i);
  }
  let counter = (seed + Math.imul(n, GOLDEN)) | 0;
  for (; p + 4 <= end; p += 4) {
    const x = mix(counter);
    into[p] = x;
    into[p + 1] = x >>> 8;
    into[p + 2] = x >>> 16;
    into[p + 3] = x >>> 24;
    counter = (counter + GOLDEN) | 0;
  }
  for (let x = p < end ? mix(counter) : 0; p < end; x >>>= 8) into[p++] = x;
}

function mix(counter: number): number {
  let x = counter;
  x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
  return x ^ (x >>> 16);
}

function seedOf(name: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x0100_0193);
  return hash;
}
