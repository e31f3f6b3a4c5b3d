/** Addresses in frames as text. */
import { formatIpv4, formatMac } from '../base/address.ts';
import type { Ipv4Addr, MacAddr } from '../base/address.ts';
import { u16be, u32be, u48be } from '../base/bytes.ts';

export const macAt = (b: Uint8Array, at: number): string => formatMac(u48be(b, at) as MacAddr);

export const ipv4At = (b: Uint8Array, at: number): string => formatIpv4(u32be(b, at) as Ipv4Addr);

/** The text form of RFC 5952 §4: the longest run of two or more zero groups becomes `::`, the first of equals. */
export function ipv6At(b: Uint8Array, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => u16be(b, at + 2 * i));
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
  }
  const text = (from: number, to: number): string =>
    groups.slice(from, to).map((g) => g.toString(16)).join(':'); // prettier-ignore
  return start < 0 ? text(0, 8) : `${text(0, start)}::${text(start + length, 8)}`;
}

/** Bytes as text, what is not printable ASCII as `.`; at most `max` characters. */
export function printableAt(b: Uint8Array, from: number, to: number, max = 256): string {
  let text = '';
  for (let i = from; i < Math.min(to, from + max, b.length); i++)
    text += b[i]! >= 0x20 && b[i]! < 0x7f ? String.fromCharCode(b[i]!) : '.';
  return text;
}
