/** DNS with all four sections. */
import { u16be } from '../../base/bytes.ts';
import type { Section, ShownDns } from '../dns-reader.ts';
import { readDns } from '../dns-reader.ts';
import type { Field } from '../field.ts';
import { bits, field, flag } from '../field.ts';
import { DNS_OPCODES, DNS_RCODES, DNS_TYPES, hex4, nameOf } from '../names.ts';
import { recordWords } from '../summary/udp.ts';

const SECTIONS: readonly (readonly [Section, string])[] = [
  ['answers', 'Answers'],
  ['authority', 'Authoritative nameservers'],
  ['additional', 'Additional records'],
];
const COUNTS: readonly string[] = ['Questions', 'Answer RRs', 'Authority RRs', 'Additional RRs'];

export function dnsFields(b: Uint8Array, at: number, end: number): Field[] {
  const dns = readDns(b, at, end);
  if (dns === null) return [field('[Malformed Packet: DNS]', at, end)];
  const response = (dns.flags & 0x8000) !== 0;
  const children = [
    field(`Transaction ID: ${hex4(dns.id)}`, at, at + 2),
    flagsField(dns, at + 2, response),
    ...COUNTS.map((name, i) => field(`${name}: ${u16be(b, at + 4 + 2 * i)}`, at + 4 + 2 * i, at + 6 + 2 * i)),
  ];
  if (dns.questions.length > 0)
    children.push(
      group(
        'Queries',
        dns.questions.map((q) =>
          field(`${q.name}: type ${nameOf(DNS_TYPES, q.type)}, class ${className(q.class)}`, q.from, q.to),
        ),
      ),
    );
  for (const [section, title] of SECTIONS)
    if (dns[section].length > 0) children.push(group(title, recordFields(b, at, end, dns, section)));
  if (dns.malformed) children.push(field('[Malformed Packet: DNS]', end, end));
  return [field(`Domain Name System (${response ? 'response' : 'query'})`, at, end, children)];
}

const group = (title: string, fields: readonly Field[]): Field =>
  field(title, fields[0]!.from, fields[fields.length - 1]!.to, fields);

const className = (value: number): string => ((value & 0x7fff) === 1 ? 'IN' : hex4(value));

function flagsField(dns: ShownDns, at: number, response: boolean): Field {
  const { flags } = dns;
  const opcode = nameOf(DNS_OPCODES, (flags >>> 11) & 15, 'Unknown operation');
  const rcode = nameOf(DNS_RCODES, flags & 15);
  const children = [
    bits(16, 0x8000, flags, `Response: Message is a ${response ? 'response' : 'query'}`, at, 2),
    bits(16, 0x7800, flags, `Opcode: ${opcode} (${(flags >>> 11) & 15})`, at, 2),
    ...(response ? [flag(16, 10, flags, 'Authoritative', at, 2)] : []),
    flag(16, 9, flags, 'Truncated', at, 2),
    flag(16, 8, flags, 'Recursion desired', at, 2),
    ...(response
      ? [
          flag(16, 7, flags, 'Recursion available', at, 2),
          bits(16, 0x000f, flags, `Reply code: ${rcode} (${flags & 15})`, at, 2),
        ]
      : []),
  ];
  return field(
    `Flags: ${hex4(flags)} ${opcode}${response ? ` response, ${rcode}` : ''}`,
    at,
    at + 2,
    children,
  );
}

function recordFields(b: Uint8Array, start: number, end: number, dns: ShownDns, section: Section): Field[] {
  return dns[section].map((record) =>
    field(
      `${record.name}: ${recordWords(b, start, end, record)}, class ${className(record.class)}, TTL ${record.ttl}`,
      record.from,
      record.to,
      [
        field(`Time to live: ${record.ttl}`, record.data - 6, record.data - 2),
        field(`Data length: ${record.to - record.data}`, record.data - 2, record.data),
        ...(record.to > record.data
          ? [field(recordWords(b, start, end, record), record.data, record.to)]
          : []),
      ],
    ),
  );
}
