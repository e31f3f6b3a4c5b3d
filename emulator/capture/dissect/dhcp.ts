/** BOOTP and DHCP with the options by name (RFC 2131 §2, RFC 2132). */
import { u16be, u32be } from '../../base/bytes.ts';
import { ipv4At, macAt, printableAt } from '../address-text.ts';
import type { Field } from '../field.ts';
import { bits, field } from '../field.ts';
import { DHCP_MESSAGE_TYPES, DHCP_OPTIONS, hex4, hex8, nameOf } from '../names.ts';
import { dhcpTypeAt } from '../summary/udp.ts';

const FIXED = 236;
const OPTIONS = 240;
const MAX_OPTIONS = 128;

/** How the data of an option reads; bytes as hexadecimal otherwise. */
const ADDRESSES: readonly number[] = [1, 3, 4, 5, 6, 7, 28, 41, 42, 44, 50, 54];
const TEXTS: readonly number[] = [12, 15, 17, 40, 56, 60, 66, 67];
const SECONDS: readonly number[] = [51, 58, 59];

export function dhcpFields(b: Uint8Array, at: number, end: number): Field[] {
  if (at + FIXED > end) return [field('[Malformed Packet: BOOTP]', at, end)];
  const type = dhcpTypeAt(b, at, end);
  const flags = u16be(b, at + 10);
  const cast = flags & 0x8000 ? 'Broadcast' : 'Unicast';
  const address = (offset: number, name: string): Field =>
    field(`${name}: ${ipv4At(b, at + offset)}`, at + offset, at + offset + 4);
  const text = (offset: number, length: number, name: string): Field => {
    const zero = b.subarray(0, at + offset + length).indexOf(0, at + offset);
    const to = zero < 0 ? at + offset + length : zero;
    const value = to > at + offset ? `: ${printableAt(b, at + offset, to)}` : ' not given';
    return field(`${name}${value}`, at + offset, at + offset + length);
  };
  const children = [
    field(`Message type: Boot ${b[at] === 1 ? 'Request' : b[at] === 2 ? 'Reply' : 'Unknown'} (${b[at]!})`, at, at + 1),
    field(`Hardware type: ${b[at + 1] === 1 ? 'Ethernet' : 'Unknown'} (${b[at + 1]!})`, at + 1, at + 2),
    field(`Hardware address length: ${b[at + 2]!}`, at + 2, at + 3),
    field(`Hops: ${b[at + 3]!}`, at + 3, at + 4),
    field(`Transaction ID: ${hex8(u32be(b, at + 4))}`, at + 4, at + 8),
    field(`Seconds elapsed: ${u16be(b, at + 8)}`, at + 8, at + 10),
    field(`Bootp flags: ${hex4(flags)} (${cast})`, at + 10, at + 12, [
      bits(16, 0x8000, flags, `Broadcast flag: ${cast}`, at + 10, 2),
    ]),
    address(12, 'Client IP address'),
    address(16, 'Your (client) IP address'),
    address(20, 'Next server IP address'),
    address(24, 'Relay agent IP address'),
    field(`Client MAC address: ${macAt(b, at + 28)}`, at + 28, at + 34),
    text(44, 64, 'Server host name'),
    text(108, 128, 'Boot file name'),
  ]; // prettier-ignore
  if (at + OPTIONS <= end) {
    const cookie = u32be(b, at + FIXED);
    children.push(
      field(`Magic cookie: ${cookie === 0x6382_5363 ? 'DHCP' : hex8(cookie)}`, at + FIXED, at + OPTIONS),
      ...optionFields(b, at + OPTIONS, end),
    );
  }
  const title =
    type === 0
      ? 'Bootstrap Protocol'
      : `Dynamic Host Configuration Protocol (${nameOf(DHCP_MESSAGE_TYPES, type)})`;
  return [field(title, at, end, children)];
}

function optionFields(b: Uint8Array, from: number, end: number): Field[] {
  const fields: Field[] = [];
  let p = from;
  while (p < end && fields.length < MAX_OPTIONS) {
    const code = b[p]!;
    if (code === 255) {
      fields.push(field('Option: (255) End', p, p + 1));
      p++;
      break;
    }
    if (code === 0) {
      p++;
      continue;
    }
    const to = p + 1 < end ? p + 2 + b[p + 1]! : Infinity;
    if (to > end) {
      fields.push(field('[Malformed option]', p, end));
      return fields;
    }
    fields.push(optionField(b, code, p, to));
    p = to;
  }
  if (p < end) fields.push(field(`Padding (${end - p} bytes)`, p, end));
  return fields;
}

function optionField(b: Uint8Array, code: number, p: number, to: number): Field {
  const name = nameOf(DHCP_OPTIONS, code, 'Unknown');
  const values = optionValues(b, code, p + 2, to).map((value) => field(value.label, value.from, value.to));
  return field(
    `Option: (${code}) ${name}${code === 53 && to > p + 2 ? ` (${nameOf(DHCP_MESSAGE_TYPES, b[p + 2]!)})` : ''}`,
    p,
    to,
    [field(`Length: ${to - p - 2}`, p + 1, p + 2), ...values],
  );
}

function optionValues(b: Uint8Array, code: number, from: number, to: number): Field[] {
  const name = nameOf(DHCP_OPTIONS, code, 'Value');
  const whole = (text: string): Field[] => [field(`${name}: ${text}`, from, to)];
  if (from === to) return [];
  if (code === 53) return [field(`DHCP: ${nameOf(DHCP_MESSAGE_TYPES, b[from]!)} (${b[from]!})`, from, to)];
  if (ADDRESSES.includes(code) && (to - from) % 4 === 0) {
    const fields: Field[] = [];
    for (let p = from; p < to; p += 4) fields.push(field(`${name}: ${ipv4At(b, p)}`, p, p + 4));
    return fields;
  }
  if (SECONDS.includes(code) && to - from === 4) return whole(`${u32be(b, from)} seconds`);
  if ((code === 57 || code === 26) && to - from === 2) return whole(String(u16be(b, from)));
  if (TEXTS.includes(code)) return whole(printableAt(b, from, to));
  if (code === 55) {
    const fields: Field[] = [];
    for (let p = from; p < to; p++)
      fields.push(field(`Parameter Request List Item: (${b[p]!}) ${nameOf(DHCP_OPTIONS, b[p]!)}`, p, p + 1));
    return fields;
  }
  if (code === 61 && b[from] === 1 && to - from === 7)
    return [
      field('Hardware type: Ethernet (1)', from, from + 1),
      field(`Client MAC address: ${macAt(b, from + 1)}`, from + 1, to),
    ];
  const bytes = Array.from(b.subarray(from, to), (byte) => byte.toString(16).padStart(2, '0'));
  return whole(bytes.join(''));
}
