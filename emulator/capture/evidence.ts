/** Captured frames as lab checks see them: addresses as text, only what checks need. */
import { u16be } from '../base/bytes.ts';
import { ARP_LENGTH } from '../wire/arp.ts';
import { DHCP_CLIENT_PORT, DHCP_HEADER, DHCP_SERVER_PORT } from '../wire/dhcpv4.ts';
import { ETHERTYPE_ARP } from '../wire/ethernet.ts';
import { PROTO_ICMP, PROTO_TCP, PROTO_UDP } from '../wire/ipv4.ts';
import { FIN, RST, SYN } from '../wire/tcp.ts';
import { UDP_HEADER } from '../wire/udp.ts';
import { ipv4At, ipv6At, macAt } from './address-text.ts';
import type { Capture } from './capture.ts';
import type { Layers } from './layers.ts';
import { portsOf, readLayers } from './layers.ts';
import type { PacketList } from './summary.ts';
import { dhcpTypeAt } from './summary/udp.ts';

/** A captured frame as lab checks see it; part of the worker's API. */
export interface EvidencePacket {
  readonly index: number;
  readonly at: number;
  readonly iface: string;
  readonly direction: 'in' | 'out';
  readonly packet: number;
  readonly ethSrc: string;
  readonly ethDst: string;
  readonly kind: 'arp' | 'icmp' | 'udp' | 'tcp' | 'ipv6' | 'other';
  /** For ARP the sender's and the target's protocol address. */
  readonly ipSrc: string | null;
  readonly ipDst: string | null;
  readonly srcPort: number | null;
  readonly dstPort: number | null;
  /** ICMP type, or -1. */
  readonly icmpType: number;
  /** DHCP message type (53), or -1. */
  readonly dhcpType: number;
  /** DHCP `yiaddr`, or null. */
  readonly dhcpYiaddr: string | null;
  /** 0 when the frame is not TCP. */
  readonly tcpFlags: number;
  readonly info: string;
}

/** The held frame `index`; null when it is not held, or too short for Ethernet. */
export function evidenceOf(capture: Capture, list: PacketList, index: number): EvidencePacket | null {
  const frame = capture.frame(index);
  const summary = list.summary(index);
  if (frame === null || summary === null) return null;
  const { bytes, at, direction, packet, iface } = frame;
  const layers = readLayers(bytes);
  if (layers.etherType < 0) return null;
  const ports = portsOf(bytes, layers);
  const kind = kindOf(layers);
  return {
    index,
    at,
    iface: capture.interfaces[iface]!.name,
    direction,
    packet,
    ethSrc: macAt(bytes, 6),
    ethDst: macAt(bytes, 0),
    kind,
    ...addressesOf(bytes, layers),
    srcPort: ports?.src ?? null,
    dstPort: ports?.dst ?? null,
    icmpType: kind === 'icmp' && layers.transport >= 0 ? (bytes[layers.transport] ?? -1) : -1,
    ...dhcpOf(bytes, layers, ports),
    tcpFlags: kind === 'tcp' && ports !== null ? bytes[layers.transport + 13]! : 0,
    info: summary.info,
  };
}

/** All held frames but bulk TCP (segments without SYN, FIN or RST). */
export function collectEvidence(capture: Capture, list: PacketList): EvidencePacket[] {
  const packets: EvidencePacket[] = [];
  for (let index = capture.first; index < capture.next; index++) {
    if (isBulk(capture.frame(index)!.bytes)) continue;
    const packet = evidenceOf(capture, list, index);
    if (packet !== null) packets.push(packet);
  }
  return packets;
}

function isBulk(b: Uint8Array): boolean {
  const layers = readLayers(b);
  return (
    layers.protocol === PROTO_TCP &&
    portsOf(b, layers) !== null &&
    (b[layers.transport + 13]! & (SYN | FIN | RST)) === 0
  );
}

function kindOf({ etherType, family, fault, protocol }: Layers): EvidencePacket['kind'] {
  if (etherType === ETHERTYPE_ARP) return 'arp';
  if (family === 6) return 'ipv6';
  if (family === 0 || fault !== null) return 'other';
  return protocol === PROTO_ICMP
    ? 'icmp'
    : protocol === PROTO_UDP
      ? 'udp'
      : protocol === PROTO_TCP
        ? 'tcp'
        : 'other';
}

function addressesOf(b: Uint8Array, layers: Layers): Pick<EvidencePacket, 'ipSrc' | 'ipDst'> {
  const { network: at, family, fault, etherType } = layers;
  if (etherType === ETHERTYPE_ARP && at + ARP_LENGTH <= b.length)
    return { ipSrc: ipv4At(b, at + 14), ipDst: ipv4At(b, at + 24) };
  if (family === 0 || fault !== null) return { ipSrc: null, ipDst: null };
  return family === 4
    ? { ipSrc: ipv4At(b, at + 12), ipDst: ipv4At(b, at + 16) }
    : { ipSrc: ipv6At(b, at + 8), ipDst: ipv6At(b, at + 24) };
}

function dhcpOf(
  b: Uint8Array,
  layers: Layers,
  ports: { readonly src: number; readonly dst: number } | null,
): Pick<EvidencePacket, 'dhcpType' | 'dhcpYiaddr'> {
  const none = { dhcpType: -1, dhcpYiaddr: null };
  const isDhcp = [ports?.src, ports?.dst].some(
    (port) => port === DHCP_SERVER_PORT || port === DHCP_CLIENT_PORT,
  );
  if (!isDhcp || layers.protocol !== PROTO_UDP || layers.family !== 4) return none;
  const at = layers.transport + UDP_HEADER;
  const end = Math.min(layers.transport + u16be(b, layers.transport + 4), layers.end, b.length);
  if (at + DHCP_HEADER > end) return none;
  return { dhcpType: dhcpTypeAt(b, at, end) || -1, dhcpYiaddr: ipv4At(b, at + 16) };
}
