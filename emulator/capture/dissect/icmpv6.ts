/** ICMPv6: echo, and neighbour discovery with its options (RFC 4861 §4). */
import { u16be } from '../../base/bytes.ts';
import { ipv6At, macAt } from '../address-text.ts';
import type { Field } from '../field.ts';
import { dataField, field } from '../field.ts';
import type { Layers } from '../layers.ts';
import { ICMPV6_CODES, ICMPV6_TYPES, hex4, nameOf } from '../names.ts';
import { checksumField, transportSum } from './checksum.ts';

const HEADER = 8;
const OPTIONS: Readonly<Record<number, string>> = {
  1: 'Source link-layer address',
  2: 'Target link-layer address',
  3: 'Prefix information',
  4: 'Redirected header',
  5: 'MTU',
};
/** Where the options start, by type. */
const FIXED: Readonly<Record<number, number>> = { 133: 8, 134: 16, 135: 24, 136: 24 };
const MAX_RECORDS = 64;

export function icmpv6Fields(b: Uint8Array, at: number, end: number, layers: Layers): Field[] {
  if (at + HEADER > end) return [field('[Malformed Packet: ICMPv6]', at, end)];
  const [type, code] = [b[at]!, b[at + 1]!];
  const codes = ICMPV6_CODES[type];
  const children = [
    field(`Type: ${nameOf(ICMPV6_TYPES, type)} (${type})`, at, at + 1),
    field(`Code: ${code}${codes ? ` (${nameOf(codes, code)})` : ''}`, at + 1, at + 2),
    checksumField(b, at + 2, 'Checksum', transportSum(b, layers, at, layers.end)),
    ...bodyFields(b, at, end, type),
  ];
  return [field('Internet Control Message Protocol v6', at, end, children)];
}

function bodyFields(b: Uint8Array, at: number, end: number, type: number): Field[] {
  if (type === 128 || type === 129) {
    const fields = [
      field(`Identifier: ${hex4(u16be(b, at + 4))}`, at + 4, at + 6),
      field(`Sequence: ${u16be(b, at + 6)}`, at + 6, at + 8),
    ];
    return at + HEADER < end ? [...fields, dataField(b, at + HEADER, end)] : fields;
  }
  if (type === 143) return listenerReport(b, at, end);
  const options = FIXED[type];
  if (options === undefined || at + options > end)
    return at + 4 < end ? [dataField(b, at + 4, end, 'Message body')] : [];
  const target = type >= 135 ? [field(`Target Address: ${ipv6At(b, at + 8)}`, at + 8, at + 24)] : [];
  return [...target, ...optionFields(b, at + options, end)];
}

function optionFields(b: Uint8Array, from: number, end: number): Field[] {
  const fields: Field[] = [];
  for (let p = from; p + 8 <= end && b[p + 1]! > 0;) {
    const to = Math.min(p + 8 * b[p + 1]!, end);
    const mac = b[p] === 1 || b[p] === 2 ? ` : ${macAt(b, p + 2)}` : '';
    fields.push(field(`ICMPv6 Option (${nameOf(OPTIONS, b[p]!)}${mac})`, p, to));
    p = to;
  }
  return fields;
}

function listenerReport(b: Uint8Array, at: number, end: number): Field[] {
  const count = u16be(b, at + 6);
  const fields = [field(`Number of Multicast Address Records: ${count}`, at + 6, at + 8)];
  let p = at + HEADER;
  for (let i = 0; i < Math.min(count, MAX_RECORDS) && p + 20 <= end; i++) {
    const to = Math.min(p + 20 + 16 * u16be(b, p + 2) + 4 * b[p + 1]!, end);
    fields.push(field(`Multicast Address Record: ${ipv6At(b, p + 4)}`, p, to));
    p = to;
  }
  return fields;
}
