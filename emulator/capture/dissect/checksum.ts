/** Checksum lines, verified where all the bytes that were summed are there. */
import { u16be } from '../../base/bytes.ts';
import { addWords, fold } from '../../wire/checksum.ts';
import type { Field } from '../field.ts';
import { field } from '../field.ts';
import type { Layers } from '../layers.ts';
import { hex4 } from '../names.ts';

/** `[unverified]` when the sum is not known, because bytes are missing. */
export function checksumField(b: Uint8Array, at: number, label: string, sum: number | null): Field {
  const value = u16be(b, at);
  if (sum === null) return field(`${label}: ${hex4(value)} [unverified]`, at, at + 2);
  const total = fold(sum);
  if (total === 0xffff) return field(`${label}: ${hex4(value)} [correct]`, at, at + 2);
  const right = ~fold(total + (~value & 0xffff)) & 0xffff;
  return field(`${label}: ${hex4(value)} [incorrect, should be ${hex4(right)}]`, at, at + 2);
}

/** Sum with the pseudo header over `b[at..end)`; null when the packet is a fragment or cut off. */
export function transportSum(b: Uint8Array, layers: Layers, at: number, end: number): number | null {
  if (layers.fragment || end > b.length || end - at > 0xffff) return null;
  const { network, family, protocol } = layers;
  const addresses =
    family === 4 ? addWords(0, b, network + 12, network + 20) : addWords(0, b, network + 8, network + 40);
  return addWords(addresses + protocol + (end - at), b, at, end);
}
