/**
 * The field tree of a frame: what each byte means, in the words of Wireshark's packet details. One file per protocol under
 * dissect/. Bounded for any input: never reads past the captured bytes, and lists are cut at a fixed length.
 */
import { ETHERTYPE_ARP } from '../wire/ethernet.ts';
import { PROTO_ICMP, PROTO_ICMPV6, PROTO_TCP, PROTO_UDP } from '../wire/ipv4.ts';
import type { Note } from './conversations.ts';
import { NO_NOTE } from './conversations.ts';
import { arpFields } from './dissect/arp.ts';
import { ethernetFields, paddingFields } from './dissect/ethernet.ts';
import { icmpFields } from './dissect/icmp.ts';
import { icmpv6Fields } from './dissect/icmpv6.ts';
import { ipv4Fields } from './dissect/ipv4.ts';
import { ipv6Fields } from './dissect/ipv6.ts';
import { tcpFields } from './dissect/tcp.ts';
import { udpFields } from './dissect/udp.ts';
import type { Field } from './field.ts';
import { dataField, field } from './field.ts';
import type { Layers } from './layers.ts';
import { readLayers } from './layers.ts';
import { nameOf, IP_PROTOCOLS } from './names.ts';

/** Top-level lines of the frame `b`; `note` is what earlier frames tell of it (`PacketList.note`). */
export function dissect(b: Uint8Array, note: Note = NO_NOTE): readonly Field[] {
  const layers = readLayers(b);
  if (layers.etherType < 0) return [field('[Malformed Packet: Ethernet]', 0, b.length)];
  const fields = [ethernetFields(b, layers)];
  if (layers.etherType === ETHERTYPE_ARP) fields.push(...arpFields(b, layers.network));
  else if (layers.family === 4) fields.push(...ipv4Fields(b, layers));
  else if (layers.family === 6) fields.push(...ipv6Fields(b, layers));
  else if (layers.network < b.length) fields.push(dataField(b, layers.network, b.length));
  if (layers.family !== 0 && layers.fault === null) fields.push(...transportFields(b, layers, note));
  fields.push(...paddingFields(b, layers));
  return fields;
}

function transportFields(b: Uint8Array, layers: Layers, note: Note): readonly Field[] {
  const { transport: at, protocol, family } = layers;
  const end = Math.min(layers.end, b.length);
  if (at < 0) {
    const from = layers.network + (family === 4 ? (b[layers.network]! & 15) << 2 : 40);
    return from < end ? [dataField(b, from, end)] : [];
  }
  if (protocol === PROTO_TCP) return tcpFields(b, layers, note.tcp);
  if (protocol === PROTO_UDP) return udpFields(b, layers, note.tftpBlock);
  if (protocol === PROTO_ICMP && family === 4) return icmpFields(b, at, end, layers);
  if (protocol === PROTO_ICMPV6 && family === 6) return icmpv6Fields(b, at, end, layers);
  return at < end ? [dataField(b, at, end, nameOf(IP_PROTOCOLS, protocol, 'Data'))] : [];
}
