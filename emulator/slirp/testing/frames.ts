/** Frames as a guest would send them, and frames to the guest taken apart. */
import {
  formatIpv4,
  formatMac,
  ipv4,
  mac,
  MAC_BROADCAST,
  MAC_NONE,
  type Ipv4Addr,
  type MacAddr,
} from '../../base/address.ts';
import { ARP_FRAME, ARP_REQUEST, parseArp, putArp, type Arp } from '../../wire/arp.ts';
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  etherDst,
  etherSrc,
  etherType,
  putEthernet,
} from '../../wire/ethernet.ts';
import { ICMP_ECHO_REQUEST, ICMP_HEADER, IcmpView, putIcmp } from '../../wire/icmpv4.ts';
import { IPV4_HEADER, Ipv4View, PROTO_ICMP, PROTO_TCP, PROTO_UDP, putIpv4 } from '../../wire/ipv4.ts';
import { parseTcpOptions, putTcp, TCP_HEADER, TcpView, type TcpOptions } from '../../wire/tcp.ts';
import { putUdp, UDP_HEADER, UdpView } from '../../wire/udp.ts';

export const GUEST_MAC = mac('52:54:00:12:34:56');
export const GUEST = ipv4('10.0.2.15');
export const HOST = ipv4('10.0.2.2');
export const DNS = ipv4('10.0.2.3');
export const FILER = ipv4('192.168.76.2');
const GATEWAY_MAC = mac('52:55:0a:00:02:02');

export interface IpOverrides {
  readonly src?: Ipv4Addr;
  readonly ttl?: number;
  readonly tos?: number;
  readonly id?: number;
  readonly flagsOffset?: number;
}

export function arpFrame(over: Partial<Arp> & { readonly tpa: Ipv4Addr }): Uint8Array {
  const b = new Uint8Array(ARP_FRAME);
  putEthernet(b, MAC_BROADCAST, over.sha ?? GUEST_MAC, ETHERTYPE_ARP);
  putArp(b, 14, { oper: ARP_REQUEST, sha: GUEST_MAC, spa: GUEST, tha: MAC_NONE, ...over });
  return b;
}

/** An IPv4 frame around a transport payload. */
export function ipFrame(
  protocol: number,
  dst: Ipv4Addr,
  payload: Uint8Array,
  over: IpOverrides = {},
): Uint8Array {
  const b = new Uint8Array(14 + IPV4_HEADER + payload.length);
  putEthernet(b, GATEWAY_MAC, GUEST_MAC, ETHERTYPE_IPV4);
  putIpv4(b, 14, {
    tos: over.tos ?? 0,
    length: IPV4_HEADER + payload.length,
    id: over.id ?? 1,
    flagsOffset: over.flagsOffset ?? 0,
    ttl: over.ttl ?? 64,
    protocol,
    src: over.src ?? GUEST,
    dst,
  });
  b.set(payload, 14 + IPV4_HEADER);
  return b;
}

export function udpPayload(
  src: Ipv4Addr,
  dst: Ipv4Addr,
  srcPort: number,
  dstPort: number,
  data: Uint8Array,
): Uint8Array {
  const b = new Uint8Array(UDP_HEADER + data.length);
  b.set(data, UDP_HEADER);
  putUdp(b, 0, b.length, src, dst, srcPort, dstPort);
  return b;
}

export const udpFrame = (
  dst: Ipv4Addr,
  srcPort: number,
  dstPort: number,
  data: Uint8Array,
  over: IpOverrides = {},
): Uint8Array => ipFrame(PROTO_UDP, dst, udpPayload(over.src ?? GUEST, dst, srcPort, dstPort, data), over);

export function pingFrame(
  dst: Ipv4Addr,
  id: number,
  sequence: number,
  data: Uint8Array,
  over: IpOverrides = {},
): Uint8Array {
  const b = new Uint8Array(ICMP_HEADER + data.length);
  b.set(data, ICMP_HEADER);
  putIcmp(b, 0, b.length, ICMP_ECHO_REQUEST, 0, id, sequence);
  return ipFrame(PROTO_ICMP, dst, b, over);
}

export interface Segment {
  readonly srcPort: number;
  readonly dstPort: number;
  readonly seq: number;
  readonly ack?: number;
  readonly flags: number;
  readonly window?: number;
  readonly data?: Uint8Array;
  /** MSS option of a SYN. */
  readonly options?: Uint8Array;
}

export function tcpFrame(dst: Ipv4Addr, s: Segment, over: IpOverrides = {}): Uint8Array {
  const options = s.options ?? new Uint8Array(0);
  const data = s.data ?? new Uint8Array(0);
  const header = TCP_HEADER + options.length;
  const b = new Uint8Array(header + data.length);
  b.set(options, TCP_HEADER);
  b.set(data, header);
  putTcp(b, 0, b.length, header, over.src ?? GUEST, dst, {
    srcPort: s.srcPort,
    dstPort: s.dstPort,
    seq: s.seq,
    ack: s.ack ?? 0,
    flags: s.flags,
    window: s.window ?? 64_240,
    urgent: 0,
  });
  return ipFrame(PROTO_TCP, dst, b, over);
}

/** A frame to the guest, checked: every length and checksum is right. */
export interface Seen {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly ethSrc: string;
  readonly ethDst: string;
  readonly arp: Arp | null;
  readonly ip: Ipv4View | null;
  readonly src: string;
  readonly dst: string;
  readonly tcp: TcpView | null;
  readonly options: TcpOptions | null;
  readonly udp: UdpView | null;
  readonly icmp: IcmpView | null;
  /** Payload of TCP or UDP, message behind the ICMP header, or the raw payload of a fragment. */
  readonly data: Uint8Array;
}

function sound<T>(fault: T | undefined, what: string): void {
  if (fault !== undefined) throw new Error(`bad ${what} to the guest: ${String(fault)}`);
}

export function seen(bytes: Uint8Array): Seen {
  const base = {
    bytes,
    length: bytes.length,
    ethSrc: formatMac(etherSrc(bytes) as MacAddr),
    ethDst: formatMac(etherDst(bytes) as MacAddr),
    arp: null,
    ip: null,
    src: '',
    dst: '',
    tcp: null,
    options: null,
    udp: null,
    icmp: null,
    data: new Uint8Array(0),
  };
  if (etherType(bytes) === ETHERTYPE_ARP) {
    const arp = parseArp(bytes, 14, bytes.length);
    if (typeof arp === 'string') throw new Error(`bad ARP to the guest: ${arp}`);
    return { ...base, arp };
  }
  const ip = new Ipv4View(bytes, 14, bytes.length);
  sound(ip.fault(), 'IPv4');
  const outer = { ...base, ip, src: formatIpv4(ip.src), dst: formatIpv4(ip.dst) };
  if (ip.isFragment) return { ...outer, data: bytes.slice(ip.payload, ip.packetEnd) };
  if (ip.protocol === PROTO_TCP) {
    const tcp = new TcpView(bytes, ip.payload, ip.packetEnd);
    sound(tcp.fault(ip.src, ip.dst), 'TCP');
    return { ...outer, tcp, options: parseTcpOptions(tcp), data: bytes.slice(tcp.payload, tcp.end) };
  }
  if (ip.protocol === PROTO_UDP) {
    const udp = new UdpView(bytes, ip.payload, ip.packetEnd);
    sound(udp.fault(ip.src, ip.dst), 'UDP');
    return { ...outer, udp, data: bytes.slice(udp.payload, udp.payloadEnd) };
  }
  const icmp = new IcmpView(bytes, ip.payload, ip.packetEnd);
  sound(icmp.fault(), 'ICMP');
  return { ...outer, icmp, data: bytes.slice(icmp.data, icmp.end) };
}
