/** The IPv6 header and its extension headers (RFC 8200 §3, §4), by name and length only. */
import { u16be, u32be } from '../../base/bytes.ts';
import { ipv6At } from '../address-text.ts';
import type { Field } from '../field.ts';
import { bits, field, named } from '../field.ts';
import type { Layers } from '../layers.ts';
import { IPV6_HEADER } from '../layers.ts';
import { IP_PROTOCOLS, hex2, nameOf } from '../names.ts';

export function ipv6Fields(b: Uint8Array, { network: at, fault, transport, end }: Layers): Field[] {
  if (fault !== null) return [field(`[Malformed Packet: IPv6, ${fault}]`, at, b.length)];
  const word = u32be(b, at);
  const extensions = at + IPV6_HEADER;
  const headersEnd = transport < 0 ? Math.min(extensions, end) : transport;
  const children = [
    bits(8, 0xf0, b[at]!, 'Version: 6', at, 1),
    bits(32, 0x0ff0_0000, word, `Traffic Class: ${hex2((word >>> 20) & 255)}`, at, 4),
    bits(32, 0x000f_ffff, word, `Flow Label: 0x${(word & 0xf_ffff).toString(16).padStart(5, '0')}`, at, 4),
    field(`Payload Length: ${u16be(b, at + 4)}`, at + 4, at + 6),
    field(`Next Header: ${named(IP_PROTOCOLS, b[at + 6]!)}`, at + 6, at + 7),
    field(`Hop Limit: ${b[at + 7]!}`, at + 7, at + 8),
    field(`Source Address: ${ipv6At(b, at + 8)}`, at + 8, at + 24),
    field(`Destination Address: ${ipv6At(b, at + 24)}`, at + 24, at + 40),
    ...extensionFields(b, b[at + 6]!, extensions, headersEnd),
  ];
  const label = `Internet Protocol Version 6, Src: ${ipv6At(b, at + 8)}, Dst: ${ipv6At(b, at + 24)}`;
  return [field(label, at, Math.max(extensions, headersEnd), children)];
}

function extensionFields(b: Uint8Array, first: number, from: number, to: number): Field[] {
  const fields: Field[] = [];
  let kind = first;
  for (let p = from; p + 2 <= to;) {
    const next = b[p]!;
    // The fragment header has a reserved byte where others have their length.
    const length = kind === 44 ? 8 : 8 * (b[p + 1]! + 1);
    const end = Math.min(p + length, to);
    fields.push(
      field(nameOf(IP_PROTOCOLS, kind, 'Extension header'), p, end, [
        field(`Next Header: ${named(IP_PROTOCOLS, next)}`, p, p + 1),
        field(`Length: ${length} bytes`, p + 1, p + 2),
      ]),
    );
    kind = next;
    p += length;
  }
  return fields;
}
