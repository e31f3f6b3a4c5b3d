/** The IPv4 header. */
import { u16be } from '../../base/bytes.ts';
import { addWords } from '../../wire/checksum.ts';
import { IPV4_HEADER } from '../../wire/ipv4.ts';
import { ipv4At } from '../address-text.ts';
import type { Field } from '../field.ts';
import { bits, field, flag, named } from '../field.ts';
import type { Layers } from '../layers.ts';
import { IP_PROTOCOLS, hex2, hex4 } from '../names.ts';
import { checksumField } from './checksum.ts';

const ECN: readonly string[] = [
  'Not ECN-Capable Transport', 'ECN-Capable Transport codepoint \'01\'', 'ECN-Capable Transport codepoint \'10\'', 'Congestion Experienced',
]; // prettier-ignore

export function ipv4Fields(b: Uint8Array, { network: at, fault }: Layers): Field[] {
  if (fault !== null) return [field(`[Malformed Packet: IPv4, ${fault}]`, at, b.length)];
  const header = (b[at]! & 15) << 2;
  const tos = b[at + 1]!;
  const flags = u16be(b, at + 6);
  const children = [
    bits(8, 0xf0, b[at]!, 'Version: 4', at, 1),
    bits(8, 0x0f, b[at]!, `Header Length: ${header} bytes (${header >> 2})`, at, 1),
    field(`Differentiated Services Field: ${hex2(tos)}`, at + 1, at + 2, [
      bits(8, 0xfc, tos, `Differentiated Services Codepoint: ${tos >>> 2}`, at + 1, 1),
      bits(8, 0x03, tos, `Explicit Congestion Notification: ${ECN[tos & 3]!} (${tos & 3})`, at + 1, 1),
    ]),
    field(`Total Length: ${u16be(b, at + 2)}`, at + 2, at + 4),
    field(`Identification: ${hex4(u16be(b, at + 4))} (${u16be(b, at + 4)})`, at + 4, at + 6),
    field(`Flags: 0x${(flags >>> 13).toString(16)}${flags & 0x4000 ? ", Don't fragment" : ''}${flags & 0x2000 ? ', More fragments' : ''}`, at + 6, at + 7, [
      flag(16, 15, flags, 'Reserved bit', at + 6, 1),
      flag(16, 14, flags, "Don't fragment", at + 6, 1),
      flag(16, 13, flags, 'More fragments', at + 6, 1),
    ]),
    bits(16, 0x1fff, flags, `Fragment Offset: ${(flags & 0x1fff) * 8}`, at + 6, 2),
    field(`Time to Live: ${b[at + 8]!}`, at + 8, at + 9),
    field(`Protocol: ${named(IP_PROTOCOLS, b[at + 9]!)}`, at + 9, at + 10),
    checksumField(b, at + 10, 'Header Checksum', addWords(0, b, at, at + header)),
    field(`Source Address: ${ipv4At(b, at + 12)}`, at + 12, at + 16),
    field(`Destination Address: ${ipv4At(b, at + 16)}`, at + 16, at + 20),
  ]; // prettier-ignore
  if (header > IPV4_HEADER)
    children.push(field(`Options: (${header - IPV4_HEADER} bytes)`, at + IPV4_HEADER, at + header));
  const label = `Internet Protocol Version 4, Src: ${ipv4At(b, at + 12)}, Dst: ${ipv4At(b, at + 16)}`;
  return [field(label, at, at + header, children)];
}
