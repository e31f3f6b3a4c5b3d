/** Frames for the stand-in machine: just enough real bytes for list, tree and byte view. Development and tests only. */
import { hexBytes, put16be } from '../../emulator/base/bytes.ts';
import type { EvidencePacket, PacketField, PacketRow } from '../../worker/api.ts';

export interface FakeFrame {
  readonly at: number;
  readonly iface: number;
  readonly direction: 'in' | 'out';
  readonly packet: number;
  readonly bytes: Uint8Array;
  readonly facts: Facts;
}

/** What the stand-in knows of a frame because it made it. */
export interface Facts {
  readonly ethSrc: string;
  readonly ethDst: string;
  readonly kind: EvidencePacket['kind'];
  readonly ipSrc: string | null;
  readonly ipDst: string | null;
  readonly protocol: string;
  readonly info: string;
  readonly icmpType?: number;
  readonly dhcpType?: number;
  readonly dhcpYiaddr?: string;
  readonly tcpFlags?: number;
  readonly ports?: readonly [number, number];
  readonly payload?: number;
}

const octets = (ip: string): number[] => ip.split('.').map(Number);

export function frameBytes(f: Facts): Uint8Array {
  const eth = (type: number): number[] => [
    ...hexBytes(f.ethDst.replace(/:/g, '')),
    ...hexBytes(f.ethSrc.replace(/:/g, '')),
    type >> 8,
    type & 255,
  ];
  if (f.kind === 'arp')
    return Uint8Array.from([...eth(0x0806), 0, 1, 8, 0, 6, 4, 0, 1, ...new Array<number>(20).fill(0)]);
  const proto = f.kind === 'icmp' ? 1 : f.kind === 'udp' ? 17 : 6;
  const l4 = proto === 6 ? 20 : 8;
  const payload = f.payload ?? 56;
  const ip = [0x45, 0, 0, 0, 0x1a, 0x2b, 0x40, 0, 64, proto, 0, 0, ...octets(f.ipSrc!), ...octets(f.ipDst!)];
  const bytes = new Uint8Array(14 + 20 + l4 + payload);
  bytes.set([...eth(0x0800), ...ip]);
  put16be(bytes, 16, bytes.length - 14);
  if (f.ports) {
    put16be(bytes, 34, f.ports[0]);
    put16be(bytes, 36, f.ports[1]);
  }
  if (proto === 1) bytes[34] = f.icmpType ?? 8;
  if (proto === 6) bytes[47] = f.tcpFlags ?? 0x10;
  for (let i = 14 + 20 + l4; i < bytes.length; i++) bytes[i] = 0x61 + (i % 23);
  return bytes;
}

export function rowOf(frame: FakeFrame, index: number): PacketRow {
  const { facts } = frame;
  return {
    index,
    at: frame.at,
    iface: frame.iface,
    direction: frame.direction,
    packet: frame.packet,
    source: facts.ipSrc ?? facts.ethSrc,
    destination: facts.ipDst ?? facts.ethDst,
    protocol: facts.protocol,
    length: frame.bytes.length,
    info: facts.info,
  };
}

export function evidenceOf(frame: FakeFrame, index: number, iface: string): EvidencePacket {
  const { facts } = frame;
  return {
    index,
    at: frame.at,
    iface,
    direction: frame.direction,
    packet: frame.packet,
    ethSrc: facts.ethSrc,
    ethDst: facts.ethDst,
    kind: facts.kind,
    ipSrc: facts.ipSrc,
    ipDst: facts.ipDst,
    srcPort: facts.ports?.[0] ?? null,
    dstPort: facts.ports?.[1] ?? null,
    icmpType: facts.icmpType ?? -1,
    dhcpType: facts.dhcpType ?? -1,
    dhcpYiaddr: facts.dhcpYiaddr ?? null,
    tcpFlags: facts.tcpFlags ?? 0,
    info: facts.info,
  };
}

const leaf = (label: string, from: number, to: number): PacketField => ({ label, from, to, children: [] });

export function fieldsOf({ facts, bytes }: FakeFrame): PacketField[] {
  const ethernet: PacketField = {
    label: `Ethernet II, ${facts.ethSrc} → ${facts.ethDst}`,
    from: 0,
    to: 14,
    children: [
      leaf(`Destination: ${facts.ethDst}`, 0, 6),
      leaf(`Source: ${facts.ethSrc}`, 6, 12),
      leaf(`Type: ${facts.kind === 'arp' ? 'ARP (0x0806)' : 'IPv4 (0x0800)'}`, 12, 14),
    ],
  };
  if (facts.kind === 'arp')
    return [ethernet, { label: 'Address Resolution Protocol', from: 14, to: bytes.length, children: [] }];
  const l4 = facts.kind === 'tcp' ? 54 : 42;
  return [
    ethernet,
    {
      label: `Internet Protocol Version 4, ${facts.ipSrc} → ${facts.ipDst}`,
      from: 14,
      to: 34,
      children: [
        leaf('Version: 4, header length: 20 bytes', 14, 15),
        leaf(`Total length: ${bytes.length - 14}`, 16, 18),
        leaf('Identification: 0x1a2b', 18, 20),
        leaf('Flags: 0x4000, don’t fragment', 20, 22),
        leaf('Time to live: 64', 22, 23),
        leaf(`Protocol: ${facts.kind.toUpperCase()}`, 23, 24),
        leaf(`Source: ${facts.ipSrc}`, 26, 30),
        leaf(`Destination: ${facts.ipDst}`, 30, 34),
      ],
    },
    {
      label: facts.info,
      from: 34,
      to: l4,
      children: facts.ports
        ? [
            leaf(`Source port: ${facts.ports[0]}`, 34, 36),
            leaf(`Destination port: ${facts.ports[1]}`, 36, 38),
          ]
        : [leaf(`Type: ${facts.icmpType}`, 34, 35), leaf('Code: 0', 35, 36), leaf('Checksum', 36, 38)],
    },
    leaf(`Data (${bytes.length - l4} bytes)`, l4, bytes.length),
  ];
}
