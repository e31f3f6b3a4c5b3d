/** UDP, DHCP, DNS and TFTP in the packet list. */
import { u16be, u32be } from '../../base/bytes.ts';
import { DHCP_CLIENT_PORT, DHCP_HEADER, DHCP_SERVER_PORT } from '../../wire/dhcpv4.ts';
import { DNS_PORT, MDNS_PORT } from '../../wire/dns.ts';
import { UDP_HEADER } from '../../wire/udp.ts';
import { ipv4At, ipv6At, macAt, printableAt } from '../address-text.ts';
import type { ShownDns, ShownRecord } from '../dns-reader.ts';
import { nameAt, readDns } from '../dns-reader.ts';
import type { Layers } from '../layers.ts';
import {
  DHCP_MESSAGE_TYPES, DNS_OPCODES, DNS_RCODES, DNS_TYPES, TFTP_ERRORS, TFTP_OPCODES, hex4, hex8, nameOf,
} from '../names.ts'; // prettier-ignore
import type { ProtocolInfo } from '../summary.ts';

const BOOTP_HEADER = 236;
const BROADCAST_FLAG = 0x8000;

export function udpInfo(b: Uint8Array, layers: Layers, tftpBlock: number): ProtocolInfo {
  const { transport: at } = layers;
  const [src, dst] = [u16be(b, at), u16be(b, at + 2)];
  const length = u16be(b, at + 4);
  if (length < UDP_HEADER)
    return { protocol: 'UDP', info: `${src} → ${dst} [BAD UDP LENGTH ${length} < ${UDP_HEADER}]` };
  const from = at + UDP_HEADER;
  const end = Math.min(at + length, layers.end, b.length);
  const either = (port: number): boolean => src === port || dst === port;
  if (either(DHCP_SERVER_PORT) || either(DHCP_CLIENT_PORT)) return dhcpInfo(b, from, end);
  if (either(DNS_PORT) || either(MDNS_PORT)) return dnsInfo(b, from, end, either(MDNS_PORT) ? 'MDNS' : 'DNS');
  const tftp = tftpBlock > 0 ? tftpInfo(b, from, end, tftpBlock) : null;
  return tftp ?? { protocol: 'UDP', info: `${src} → ${dst} Len=${length - UDP_HEADER}` };
}

/** Message type (option 53) of the message `b[at..end)`; 0 without. */
export function dhcpTypeAt(b: Uint8Array, at: number, end: number): number {
  for (let p = at + DHCP_HEADER; p + 2 < end && b[p] !== 255;) {
    if (b[p] === 53 && b[p + 1]! > 0) return b[p + 2]!;
    p += b[p] === 0 ? 1 : 2 + b[p + 1]!;
  }
  return 0;
}

function dhcpInfo(b: Uint8Array, at: number, end: number): ProtocolInfo {
  if (at + BOOTP_HEADER > end) return { protocol: 'BOOTP', info: '[Malformed Packet]' };
  const type = dhcpTypeAt(b, at, end);
  const xid = hex8(u32be(b, at + 4));
  if (type !== 0)
    return {
      protocol: 'DHCP',
      info: `DHCP ${nameOf(DHCP_MESSAGE_TYPES, type, `Unknown (${type})`).padEnd(8)} - Transaction ID ${xid}`,
    };
  const client = u16be(b, at + 10) & BROADCAST_FLAG ? ' (Broadcast)' : '';
  return {
    protocol: 'BOOTP',
    info: b[at] === 1 ? `Boot Request from ${macAt(b, at + 28)}${client}` : `Boot Reply${client}`,
  };
}

function dnsInfo(b: Uint8Array, at: number, end: number, protocol: string): ProtocolInfo {
  const dns = readDns(b, at, end);
  if (dns === null) return { protocol, info: '[Malformed Packet]' };
  const words = [dnsTitle(dns)];
  for (const q of dns.questions) words.push(`${nameOf(DNS_TYPES, q.type)} ${q.name}`);
  for (const record of [...dns.answers, ...dns.authority, ...dns.additional])
    words.push(recordWords(b, at, end, record));
  if (dns.malformed) words.push('[Malformed Packet]');
  return { protocol, info: words.join(' ') };
}

/** `Standard query response 0x1234 No such name`. */
export function dnsTitle(dns: ShownDns): string {
  const response = (dns.flags & 0x8000) !== 0;
  const rcode = dns.flags & 15;
  const failure = response && rcode !== 0 ? ` ${nameOf(DNS_RCODES, rcode)}` : '';
  return `${nameOf(DNS_OPCODES, (dns.flags >>> 11) & 15, 'Unknown operation')}${response ? ' response' : ''} ${hex4(dns.id)}${failure}`;
}

/** Type and the part of the data that names something. */
export function recordWords(b: Uint8Array, start: number, end: number, record: ShownRecord): string {
  const type = nameOf(DNS_TYPES, record.type);
  const { data, to } = record;
  const name = (at: number): string => nameAt(b, start, at, Math.min(end, to))?.text ?? '<malformed>';
  switch (type) {
    case 'A':
      return to - data === 4 ? `A ${ipv4At(b, data)}` : type;
    case 'AAAA':
      return to - data === 16 ? `AAAA ${ipv6At(b, data)}` : type;
    case 'NS':
    case 'CNAME':
    case 'PTR':
    case 'SOA':
      return `${type} ${name(data)}`;
    case 'MX':
      return to - data > 2 ? `MX ${u16be(b, data)} ${name(data + 2)}` : type;
    case 'SRV':
      return to - data > 6
        ? `SRV ${u16be(b, data)} ${u16be(b, data + 2)} ${u16be(b, data + 4)} ${name(data + 6)}`
        : type;
    default:
      return type;
  }
}

/** Zero-terminated texts. */
function* texts(b: Uint8Array, from: number, end: number): Generator<string, void> {
  for (let p = from; p < end;) {
    const zero = b.subarray(0, end).indexOf(0, p);
    const to = zero < 0 ? end : zero;
    yield printableAt(b, p, to);
    p = to + 1;
  }
}

function options(parts: readonly string[]): string {
  let text = '';
  for (let i = 0; i + 1 < parts.length; i += 2) text += `, ${parts[i]}=${parts[i + 1]}`;
  return text;
}

function tftpInfo(b: Uint8Array, at: number, end: number, block: number): ProtocolInfo | null {
  if (at + 4 > end) return null;
  const opcode = u16be(b, at);
  const title = nameOf(TFTP_OPCODES, opcode, '');
  const number = u16be(b, at + 2);
  const strings = [...texts(b, opcode === 5 ? at + 4 : at + 2, end)].slice(0, 20);
  const protocol = 'TFTP';
  switch (opcode) {
    case 1:
    case 2:
      return {
        protocol,
        info: `${title}, File: ${strings[0] ?? ''}, Transfer type: ${strings[1] ?? ''}${options(strings.slice(2))}`,
      };
    case 3:
      return {
        protocol,
        info: `${title}, Block: ${number}${end - at - 4 < block ? ' (last)' : ''}`,
      };
    case 4:
      return { protocol, info: `${title}, Block: ${number}` };
    case 5:
      return {
        protocol,
        info: `${title}, Code: ${nameOf(TFTP_ERRORS, number)}, Message: ${strings[0] ?? ''}`,
      };
    case 6:
      return { protocol, info: `${title}${options(strings)}` };
    default:
      return null;
  }
}
