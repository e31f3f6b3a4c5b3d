/**
 * Where the headers of a captured frame are. Unlike the stacks' parsers it goes on after a wrong checksum and reads what a snap
 * length has left: a capture shows what was there. Leaves out: IP in IP, LLC.
 */
import { u16be } from '../base/bytes.ts';
import { ETHERNET_HEADER, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_VLAN } from '../wire/ethernet.ts';
import { IPV4_HEADER, PROTO_TCP, PROTO_UDP } from '../wire/ipv4.ts';
import { TCP_HEADER } from '../wire/tcp.ts';
import { UDP_HEADER } from '../wire/udp.ts';

export const IPV6_HEADER = 40;
const ETHERTYPE_QINQ = 0x88a8;
const MAX_TAGS = 4;
const MAX_EXTENSIONS = 8;
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const DESTINATION_OPTIONS = 60;

export type IpFault =
  'truncated' | 'wrong-version' | 'header-length-below-minimum' | 'header-past-end' | 'length-below-header';

export interface Layers {
  /** Type of the innermost tag; -1: the frame is too short. Below 1536 it is an 802.3 length. */
  readonly etherType: number;
  /** Where the network header starts. */
  readonly network: number;
  readonly family: 0 | 4 | 6;
  readonly fault: IpFault | null;
  /** Protocol of `transport`, or -1. */
  readonly protocol: number;
  /** Where the transport header starts; -1: there is none here (not IP, broken, or not the first fragment). */
  readonly transport: number;
  /** Where the packet ends by its own length, link padding excluded; may lie past the captured bytes. */
  readonly end: number;
  readonly fragment: boolean;
}

const NOTHING = { family: 0, fault: null, protocol: -1, transport: -1, fragment: false } as const;

export function readLayers(b: Uint8Array): Layers {
  if (b.length < ETHERNET_HEADER) return { ...NOTHING, etherType: -1, network: b.length, end: b.length };
  let network = ETHERNET_HEADER;
  let etherType = u16be(b, network - 2);
  for (
    let tags = 0;
    tags < MAX_TAGS && (etherType === ETHERTYPE_VLAN || etherType === ETHERTYPE_QINQ);
    tags++
  ) {
    if (network + 4 > b.length) break;
    etherType = u16be(b, network + 2);
    network += 4;
  }
  if (etherType === ETHERTYPE_IPV4) return { ...ipv4Layers(b, network), etherType, network };
  if (etherType === ETHERTYPE_IPV6) return { ...ipv6Layers(b, network), etherType, network };
  return { ...NOTHING, etherType, network, end: b.length };
}

type IpLayers = Omit<Layers, 'etherType' | 'network'>;

const broken = (b: Uint8Array, family: 4 | 6, fault: IpFault): IpLayers => ({
  ...NOTHING,
  family,
  fault,
  end: b.length,
});

function ipv4Layers(b: Uint8Array, at: number): IpLayers {
  if (at + IPV4_HEADER > b.length) return broken(b, 4, 'truncated');
  if (b[at]! >>> 4 !== 4) return broken(b, 4, 'wrong-version');
  const header = (b[at]! & 15) << 2;
  if (header < IPV4_HEADER) return broken(b, 4, 'header-length-below-minimum');
  if (at + header > b.length) return broken(b, 4, 'header-past-end');
  const length = u16be(b, at + 2);
  // Segmentation offload leaves 0 here: the packet is then as long as the frame.
  if (length !== 0 && length < header) return broken(b, 4, 'length-below-header');
  const offset = u16be(b, at + 6);
  return {
    family: 4,
    fault: null,
    protocol: b[at + 9]!,
    transport: (offset & 0x1fff) === 0 ? at + header : -1,
    end: length === 0 ? b.length : at + length,
    fragment: (offset & 0x3fff) !== 0,
  };
}

function ipv6Layers(b: Uint8Array, at: number): IpLayers {
  if (at + IPV6_HEADER > b.length) return broken(b, 6, 'truncated');
  if (b[at]! >>> 4 !== 6) return broken(b, 6, 'wrong-version');
  const end = at + IPV6_HEADER + u16be(b, at + 4);
  let protocol = b[at + 6]!;
  let p = at + IPV6_HEADER;
  let fragment = false;
  for (let i = 0; i < MAX_EXTENSIONS && p + 8 <= Math.min(end, b.length); i++) {
    if (protocol === FRAGMENT) {
      fragment = (u16be(b, p + 2) & 0xfff9) !== 0;
      const first = (u16be(b, p + 2) & 0xfff8) === 0;
      protocol = b[p]!;
      p += 8;
      if (!first) return { family: 6, fault: null, protocol, transport: -1, end, fragment };
    } else if (protocol === HOP_BY_HOP || protocol === ROUTING || protocol === DESTINATION_OPTIONS) {
      protocol = b[p]!;
      p += 8 * (b[p + 1]! + 1);
    } else break;
  }
  return { family: 6, fault: null, protocol, transport: p <= b.length ? p : -1, end, fragment };
}

/** A transport header whose fixed part is there. */
export interface Ports {
  readonly src: number;
  readonly dst: number;
}

/** Ports of TCP or UDP; null when this is neither, or cut off. */
export function portsOf(b: Uint8Array, layers: Layers): Ports | null {
  const { protocol, transport } = layers;
  const header = protocol === PROTO_TCP ? TCP_HEADER : protocol === PROTO_UDP ? UDP_HEADER : Infinity;
  if (transport < 0 || transport + header > Math.min(b.length, layers.end)) return null;
  return { src: u16be(b, transport), dst: u16be(b, transport + 2) };
}
