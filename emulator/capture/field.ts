/** Lines of the field tree, each with the bytes that it comes from. */
import { nameOf } from './names.ts';

/** A line of the tree with the bytes it comes from; part of the worker's API. `from` = `to`: no bytes of its own. */
export interface Field {
  readonly label: string;
  readonly from: number;
  readonly to: number;
  readonly children: readonly Field[];
}

export const field = (label: string, from: number, to: number, children: readonly Field[] = []): Field => ({
  label,
  from,
  to,
  children,
});

/** `.... .1.. = Don't fragment: Set`: bits `mask` of a `width`-bit number. */
export function bits(
  width: number,
  mask: number,
  value: number,
  text: string,
  at: number,
  bytes: number,
): Field {
  let picture = '';
  for (let bit = width - 1; bit >= 0; bit--) {
    const inMask = Math.floor(mask / 2 ** bit) % 2 === 1;
    picture += inMask ? String(Math.floor(value / 2 ** bit) % 2) : '.';
    if (bit % 4 === 0 && bit > 0) picture += ' ';
  }
  return field(`${picture} = ${text}`, at, at + bytes);
}

export const flag = (
  width: number,
  bit: number,
  value: number,
  name: string,
  at: number,
  bytes: number,
): Field => bits(width, 2 ** bit, value, `${name}: ${value & (1 << bit) ? 'Set' : 'Not set'}`, at, bytes);

/** `Name (17)`. */
export const named = (names: Readonly<Record<number, string>>, value: number): string =>
  `${nameOf(names, value)} (${value})`;

/** Bytes that nothing further is known of. */
export const dataField = (b: Uint8Array, from: number, to: number, name = 'Data'): Field => {
  const end = Math.min(to, b.length);
  return field(`${name} (${end - from} ${end - from === 1 ? 'byte' : 'bytes'})`, from, end);
};
