/** ICMP, ICMPv6 and IGMP in the packet list. */
import { u16be } from '../../base/bytes.ts';
import { ipv4At, ipv6At, macAt } from '../address-text.ts';
import type { Layers } from '../layers.ts';
import { ICMPV6_CODES, ICMPV6_TYPES, ICMP_CODES, ICMP_TYPES, hex4, nameOf } from '../names.ts';
import type { ProtocolInfo } from '../summary.ts';

/** Types with identifier and sequence number: echo, timestamp, information, address mask. */
const QUERIES: readonly number[] = [0, 8, 13, 14, 15, 16, 17, 18];
const TITLE = 20;

/** ` (request in 9)` behind a reply; empty when the request was not seen. */
const requestIn = (number: number): string => (number < 0 ? '' : ` (request in ${number})`);

/** `request` is the number of the answered echo request, or -1. */
export function icmpInfo(b: Uint8Array, layers: Layers, request: number): ProtocolInfo {
  const at = layers.transport;
  const protocol = 'ICMP';
  if (at + 8 > Math.min(b.length, layers.end)) return { protocol, info: '[Malformed Packet]' };
  const [type, code] = [b[at]!, b[at + 1]!];
  const title = nameOf(ICMP_TYPES, type, `Unknown ICMP (${type})`).padEnd(TITLE);
  if (QUERIES.includes(type)) {
    const [id, seq] = [u16be(b, at + 4), u16be(b, at + 6)];
    const swapped = ((seq & 255) << 8) | (seq >>> 8);
    const ttl = b[layers.network + 8]!;
    return {
      protocol,
      info: `${title} id=${hex4(id)}, seq=${seq}/${swapped}, ttl=${ttl}${requestIn(request)}`,
    };
  }
  const codes = ICMP_CODES[type];
  return { protocol, info: codes ? `${title} (${nameOf(codes, code)})` : title };
}

export function icmpv6Info(b: Uint8Array, layers: Layers, request: number): ProtocolInfo {
  const at = layers.transport;
  const protocol = 'ICMPv6';
  const end = Math.min(b.length, layers.end);
  if (at + 8 > end) return { protocol, info: '[Malformed Packet]' };
  const [type, code] = [b[at]!, b[at + 1]!];
  const title = nameOf(ICMPV6_TYPES, type, `Unknown (${type})`);
  const codes = ICMPV6_CODES[type];
  if (codes) return { protocol, info: `${title} (${nameOf(codes, code)})` };
  if (type === 128 || type === 129) {
    const [id, seq] = [u16be(b, at + 4), u16be(b, at + 6)];
    const hops = b[layers.network + 7]!;
    return {
      protocol,
      info: `${title} id=${hex4(id)}, seq=${seq}, hop limit=${hops}${requestIn(request)}`,
    };
  }
  if (type >= 133 && type <= 136) return { protocol, info: `${title}${neighbour(b, at, end, type)}` };
  return { protocol, info: title };
}

/** Target and link-layer address of neighbour discovery (RFC 4861 §4). */
function neighbour(b: Uint8Array, at: number, end: number, type: number): string {
  const targeted = type >= 135;
  if (targeted && at + 24 > end) return ' [Malformed Packet]';
  const options = at + (targeted ? 24 : type === 134 ? 16 : 8);
  const mac = linkLayerOption(b, options, end, type === 136 ? 2 : 1);
  if (!targeted) return mac === null ? '' : ` from ${mac}`;
  const target = ipv6At(b, at + 8);
  if (type === 135) return ` for ${target}${mac === null ? '' : ` from ${mac}`}`;
  const flags = ['rtr', 'sol', 'ovr'].filter((_, i) => b[at + 4]! & (0x80 >> i));
  return ` ${target}${flags.length > 0 ? ` (${flags.join(', ')})` : ''}${mac === null ? '' : ` is at ${mac}`}`;
}

function linkLayerOption(b: Uint8Array, from: number, end: number, kind: number): string | null {
  for (let p = from; p + 8 <= end;) {
    const length = 8 * b[p + 1]!;
    if (length === 0) return null;
    if (b[p] === kind) return macAt(b, p + 2);
    p += length;
  }
  return null;
}

/** RFC 2236, RFC 3376: the first group record of a report. */
export function igmpInfo(b: Uint8Array, layers: Layers): ProtocolInfo {
  const at = layers.transport;
  const end = Math.min(b.length, layers.end);
  if (at + 8 > end) return { protocol: 'IGMP', info: '[Malformed Packet]' };
  const group = ipv4At(b, at + 4);
  switch (b[at]) {
    case 0x11:
      return {
        protocol: end - at >= 12 ? 'IGMPv3' : 'IGMPv2',
        info: `Membership Query, ${group === '0.0.0.0' ? 'general' : `specific for group ${group}`}`,
      };
    case 0x16:
      return { protocol: 'IGMPv2', info: `Membership Report group ${group}` };
    case 0x17:
      return { protocol: 'IGMPv2', info: `Leave Group ${group}` };
    case 0x22: {
      if (at + 16 > end) return { protocol: 'IGMPv3', info: 'Membership Report' };
      const record = ipv4At(b, at + 12);
      const sources = u16be(b, at + 10);
      const joins = b[at + 8] === 4 || b[at + 8] === 2;
      const what =
        sources > 0
          ? `Group ${record}`
          : joins
            ? `Join group ${record} for any sources`
            : `Leave group ${record}`;
      return { protocol: 'IGMPv3', info: `Membership Report / ${what}` };
    }
    default:
      return { protocol: 'IGMP', info: `Unknown Type:${b[at]!}` };
  }
}
