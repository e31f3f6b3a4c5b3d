/**
 * The packet list: source, destination, protocol and info of a frame in the words of Wireshark's columns (4.0, names not resolved
 * except `Broadcast`). Leaves out: reassembly, RPC and NFS, what is told by a later frame ("reply in", "no response found").
 */
import { MAC_BROADCAST } from '../base/address.ts';
import { u16be, u48be } from '../base/bytes.ts';
import { ARP_LENGTH, ARP_REPLY, ARP_REQUEST } from '../wire/arp.ts';
import { ETHERTYPE_ARP, FIRST_ETHERTYPE, etherDst } from '../wire/ethernet.ts';
import { PROTO_ICMP, PROTO_ICMPV6, PROTO_TCP, PROTO_UDP } from '../wire/ipv4.ts';
import { ipv4At, ipv6At, macAt } from './address-text.ts';
import type { Capture } from './capture.ts';
import type { Note } from './conversations.ts';
import { Conversations } from './conversations.ts';
import type { Layers } from './layers.ts';
import { portsOf, readLayers } from './layers.ts';
import { ETHERTYPES, IP_PROTOCOLS, hex4, nameOf } from './names.ts';
import { icmpInfo, icmpv6Info, igmpInfo } from './summary/icmp.ts';
import { tcpInfo } from './summary/tcp.ts';
import { udpInfo } from './summary/udp.ts';

export interface ProtocolInfo {
  readonly protocol: string;
  readonly info: string;
}

export interface Summary extends ProtocolInfo {
  readonly source: string;
  readonly destination: string;
}

const PROTO_IGMP = 2;
const PROTO_NONE = 59;

/** What the frames of one capture say, row by row. */
export class PacketList {
  readonly #capture: Capture;
  readonly #conversations: Conversations;

  /** `firstNumber` is what the row of index 0 is called in texts such as `(request in 9)`; Wireshark counts from 1. */
  constructor(capture: Capture, firstNumber = 1) {
    this.#capture = capture;
    this.#conversations = new Conversations(capture, firstNumber);
  }

  /** The row of a held frame; null when it is not held. */
  summary(index: number): Summary | null {
    const frame = this.#capture.frame(index);
    if (frame === null) return null;
    const layers = readLayers(frame.bytes);
    return summarise(frame.bytes, layers, this.#conversations.note(index, frame.bytes, layers));
  }

  /** What earlier frames tell of a held frame, for `dissect`. */
  note(index: number): Note | null {
    const frame = this.#capture.frame(index);
    return frame && this.#conversations.note(index, frame.bytes, readLayers(frame.bytes));
  }
}

/** The row of one frame, given what earlier frames tell of it. */
export function summarise(b: Uint8Array, layers: Layers, note: Note): Summary {
  if (layers.etherType < 0)
    return { source: '', destination: '', protocol: 'Ethernet', info: '[Malformed Packet]' };
  if (layers.family === 0 || layers.fault !== null) {
    const destination = etherDst(b) === MAC_BROADCAST ? 'Broadcast' : macAt(b, 0);
    return {
      source: macAt(b, 6),
      destination,
      ...(layers.family === 0 ? linkInfo(b, layers) : brokenIp(b, layers)),
    };
  }
  const at = layers.network;
  const [source, destination] =
    layers.family === 4 ? [ipv4At(b, at + 12), ipv4At(b, at + 16)] : [ipv6At(b, at + 8), ipv6At(b, at + 24)];
  return { source, destination, ...ipInfo(b, layers, note) };
}

function linkInfo(b: Uint8Array, { etherType, network }: Layers): ProtocolInfo {
  if (etherType === ETHERTYPE_ARP) return { protocol: 'ARP', info: arpInfo(b, network) };
  if (etherType < FIRST_ETHERTYPE) return { protocol: 'LLC', info: `802.3 frame, length ${etherType}` };
  return { protocol: hex4(etherType), info: nameOf(ETHERTYPES, etherType, 'Ethernet II') };
}

function arpInfo(b: Uint8Array, at: number): string {
  if (at + ARP_LENGTH > b.length) return '[Malformed Packet]';
  const oper = u16be(b, at + 6);
  const [spa, tpa] = [ipv4At(b, at + 14), ipv4At(b, at + 24)];
  const sha = macAt(b, at + 8);
  if (oper === ARP_REQUEST) {
    if (spa === tpa) return `ARP Announcement for ${tpa}`;
    return spa === '0.0.0.0' ? `Who has ${tpa}? (ARP Probe)` : `Who has ${tpa}? Tell ${spa}`;
  }
  if (oper !== ARP_REPLY) return `Unknown ARP opcode ${hex4(oper)}`;
  return spa === tpa && u48be(b, at + 18) === MAC_BROADCAST
    ? `Gratuitous ARP for ${spa} (Reply)`
    : `${spa} is at ${sha}`;
}

function brokenIp(b: Uint8Array, { family, fault, network: at }: Layers): ProtocolInfo {
  const protocol = `IPv${family}`;
  const header = (b[at] ?? 0) & 15;
  switch (fault) {
    case 'wrong-version':
      return { protocol, info: `Bogus ${protocol} version (${b[at]! >>> 4}, must be ${family})` };
    case 'header-length-below-minimum':
      return { protocol, info: `Bogus IP header length (${4 * header}, must be at least 20)` };
    case 'length-below-header':
      return {
        protocol,
        info: `Bogus IP length (${u16be(b, at + 2)}, less than header length ${4 * header})`,
      };
    default:
      return { protocol, info: '[Malformed Packet]' };
  }
}

function ipInfo(b: Uint8Array, layers: Layers, note: Note): ProtocolInfo {
  const { protocol, transport, family } = layers;
  if (layers.fragment) return { protocol: `IPv${family}`, info: fragmentInfo(b, layers) };
  const ip = `IPv${family}`;
  if (transport < 0) return { protocol: ip, info: '[Malformed Packet]' };
  if (protocol === PROTO_TCP || protocol === PROTO_UDP) {
    if (portsOf(b, layers) === null)
      return { protocol: nameOf(IP_PROTOCOLS, protocol), info: '[Malformed Packet]' };
    return protocol === PROTO_TCP ? tcpInfo(b, layers, note.tcp) : udpInfo(b, layers, note.tftpBlock);
  }
  if (protocol === PROTO_ICMP && family === 4) return icmpInfo(b, layers, note.request);
  if (protocol === PROTO_ICMPV6 && family === 6) return icmpv6Info(b, layers, note.request);
  if (protocol === PROTO_IGMP && family === 4) return igmpInfo(b, layers);
  if (protocol === PROTO_NONE && family === 6) return { protocol: ip, info: 'IPv6 no next header' };
  return { protocol: ip, info: `${nameOf(IP_PROTOCOLS, protocol)} (${protocol})` };
}

function fragmentInfo(b: Uint8Array, { family, protocol, network: at }: Layers): string {
  const name = `proto=${nameOf(IP_PROTOCOLS, protocol)} ${protocol}`;
  if (family === 6) return `IPv6 fragment (${name})`;
  const offset = (u16be(b, at + 6) & 0x1fff) * 8;
  return `Fragmented IP protocol (${name}, off=${offset}, ID=${hex4(u16be(b, at + 4)).slice(2)})`;
}
