/** ICMP. Of the packet that an error quotes, the header is shown. */
import { u16be } from '../../base/bytes.ts';
import { addWords } from '../../wire/checksum.ts';
import { ICMP_ECHO_REPLY, ICMP_ECHO_REQUEST, ICMP_HEADER, ICMP_UNREACHABLE } from '../../wire/icmpv4.ts';
import type { Field } from '../field.ts';
import { dataField, field } from '../field.ts';
import { ipv4At } from '../address-text.ts';
import type { Layers } from '../layers.ts';
import { ICMP_CODES, ICMP_TYPES, IP_PROTOCOLS, hex4, nameOf } from '../names.ts';
import { checksumField } from './checksum.ts';

const ERRORS: readonly number[] = [3, 4, 5, 11, 12];
const NEEDS_FRAGMENTATION = 4;

export function icmpFields(b: Uint8Array, at: number, end: number, layers: Layers): Field[] {
  if (at + ICMP_HEADER > end) return [field('[Malformed Packet: ICMP]', at, end)];
  const [type, code] = [b[at]!, b[at + 1]!];
  const whole = !layers.fragment && layers.end <= b.length;
  const codes = ICMP_CODES[type];
  const children = [
    field(`Type: ${type} (${nameOf(ICMP_TYPES, type)})`, at, at + 1),
    field(`Code: ${code}${codes ? ` (${nameOf(codes, code)})` : ''}`, at + 1, at + 2),
    checksumField(b, at + 2, 'Checksum', whole ? addWords(0, b, at, end) : null),
    ...restFields(b, at, type, code),
  ];
  const data = at + ICMP_HEADER;
  if (ERRORS.includes(type)) children.push(...quoted(b, data, end));
  else if (data < end) children.push(dataField(b, data, end));
  return [field('Internet Control Message Protocol', at, end, children)];
}

function restFields(b: Uint8Array, at: number, type: number, code: number): Field[] {
  if (type === ICMP_ECHO_REQUEST || type === ICMP_ECHO_REPLY) {
    const [id, seq] = [u16be(b, at + 4), u16be(b, at + 6)];
    return [
      field(`Identifier (BE): ${id} (${hex4(id)})`, at + 4, at + 6),
      field(`Sequence Number (BE): ${seq} (${hex4(seq)})`, at + 6, at + 8),
    ];
  }
  if (type === ICMP_UNREACHABLE && code === NEEDS_FRAGMENTATION)
    return [field(`MTU of next hop: ${u16be(b, at + 6)}`, at + 6, at + 8)];
  if (type === 5) return [field(`Gateway Address: ${ipv4At(b, at + 4)}`, at + 4, at + 8)];
  return [];
}

function quoted(b: Uint8Array, at: number, end: number): Field[] {
  const header = at < end ? (b[at]! & 15) << 2 : 0;
  if (at + 20 > end || header < 20 || at + header > end)
    return at < end ? [dataField(b, at, end, 'Quoted packet')] : [];
  const protocol = nameOf(IP_PROTOCOLS, b[at + 9]!);
  const ports =
    (protocol === 'TCP' || protocol === 'UDP') && at + header + 4 <= end
      ? `, ${protocol} ${u16be(b, at + header)} → ${u16be(b, at + header + 2)}`
      : `, ${protocol}`;
  return [
    field(`Quoted packet: ${ipv4At(b, at + 12)} → ${ipv4At(b, at + 16)}${ports}`, at, end, [
      field(
        `Internet Protocol Version 4, Src: ${ipv4At(b, at + 12)}, Dst: ${ipv4At(b, at + 16)}`,
        at,
        at + header,
      ),
      field(`First bytes of its payload (${end - at - header} bytes)`, at + header, end),
    ]),
  ];
}
