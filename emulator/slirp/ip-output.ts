/**
 * IPv4 toward the guest: builds packets, cuts them to the MTU (RFC 791 §3.2), numbers them from one counter as slirp does, and queues them.
 * Frames get their Ethernet header when they leave.
 */
import type { Ipv4Addr } from '../base/address.ts';
import type { PacketId, PacketIds } from '../base/frame.ts';
import type { Ledger } from '../base/ledger.ts';
import { ETHERNET_HEADER, ETHERNET_MIN } from '../wire/ethernet.ts';
import { IPV4_HEADER, IPV4_MF, PROTO_UDP, putIpv4 } from '../wire/ipv4.ts';
import { putUdp, UDP_HEADER } from '../wire/udp.ts';
import type { Counters } from './counters.ts';
import type { OutputQueue } from './output-queue.ts';

/** Where the transport header stands in an outgoing frame. */
export const TRANSPORT = ETHERNET_HEADER + IPV4_HEADER;
const MAX_PACKET = 65535;

export interface IpHeader {
  readonly tos: number;
  readonly ttl: number;
  readonly dontFragment: boolean;
  readonly protocol: number;
  readonly src: Ipv4Addr;
  readonly dst: Ipv4Addr;
}

/** TTL 64, no DF: how slirp sends its own datagrams. */
export const plainHeader = (protocol: number, src: Ipv4Addr, dst: Ipv4Addr, tos = 0): IpHeader => ({
  tos,
  ttl: 64,
  dontFragment: false,
  protocol,
  src,
  dst,
});

export interface IpOutputPorts {
  readonly mtu: number;
  readonly padTo60: boolean;
  readonly firstId: number;
  readonly ids: PacketIds;
  readonly ledger: Ledger;
  readonly counters: Counters;
  readonly queue: OutputQueue;
  /** Something was queued. */
  readonly queued: () => void;
}

export class IpOutput {
  readonly #ports: IpOutputPorts;
  #id: number;

  constructor(ports: IpOutputPorts) {
    this.#ports = ports;
    this.#id = ports.firstId & 0xffff;
  }

  get mtu(): number {
    return this.#ports.mtu;
  }

  /** The next IPv4 identification. */
  nextId(): number {
    const id = this.#id;
    this.#id = (id + 1) & 0xffff;
    return id;
  }

  /** Length of the frame for an IP packet of `length` bytes. */
  frameLength(length: number): number {
    const frame = ETHERNET_HEADER + length;
    return this.#ports.padTo60 && frame < ETHERNET_MIN ? ETHERNET_MIN : frame;
  }

  /** An empty frame for a transport payload of `length` bytes, to be filled from `TRANSPORT` on and given to `push`. */
  frame(length: number): Uint8Array {
    return new Uint8Array(this.frameLength(IPV4_HEADER + length));
  }

  /** Queues a frame of `frame()` with its `length` bytes filled in; only for what fits the MTU. */
  push(
    flow: number,
    header: IpHeader,
    frame: Uint8Array,
    length: number,
    flagsOffset = 0,
    id = this.nextId(),
  ): boolean {
    const { ids, ledger, queue, queued } = this.#ports;
    const packet = ids.next();
    if (ledger.enabled) {
      ledger.enter('s.o2', packet);
      ledger.count('allocations', 1);
      ledger.count('summedBytes', IPV4_HEADER);
      ledger.enter('s.o3', packet);
    }
    putIpv4(frame, ETHERNET_HEADER, {
      tos: header.tos,
      length: IPV4_HEADER + length,
      id,
      flagsOffset: flagsOffset | (header.dontFragment ? 0x4000 : 0),
      ttl: header.ttl,
      protocol: header.protocol,
      src: header.src,
      dst: header.dst,
    });
    const taken = queue.push(flow, { bytes: frame, id: packet, nextHop: header.dst });
    if (ledger.enabled) {
      ledger.leave(taken ? 'queued' : 'dropped');
      ledger.leave('born');
    }
    if (taken) queued();
    return taken;
  }

  /** Queues a copy of the finished IP packet of `length` bytes in `frame`. */
  pushPacket(flow: number, packet: PacketId, frame: Uint8Array, length: number, nextHop: Ipv4Addr): void {
    const { ledger, queue, queued } = this.#ports;
    const bytes = new Uint8Array(this.frameLength(length));
    bytes.set(frame.subarray(0, ETHERNET_HEADER + length));
    if (ledger.enabled) {
      ledger.enter('s.o3', packet);
      ledger.count('allocations', 1);
      ledger.count('copies', 1);
      ledger.count('copiedBytes', length);
      ledger.leave('queued');
    }
    if (queue.push(flow, { bytes, id: packet, nextHop })) queued();
  }

  /** Sends the transport payload `b[from..to)` (copied), in fragments where it is longer than the MTU. */
  send(flow: number, header: IpHeader, b: Uint8Array, from: number, to: number): boolean {
    const { mtu, counters } = this.#ports;
    const length = to - from;
    if (IPV4_HEADER + length <= mtu) {
      const frame = this.frame(length);
      frame.set(b.subarray(from, to), TRANSPORT);
      return this.push(flow, header, frame, length);
    }
    if (header.dontFragment || IPV4_HEADER + length > MAX_PACKET) {
      counters.add('output-too-big');
      return false;
    }
    const id = this.nextId();
    const step = (mtu - IPV4_HEADER) & ~7;
    for (let at = from; at < to; at += step) {
      const n = Math.min(step, to - at);
      const frame = this.frame(n);
      frame.set(b.subarray(at, at + n), TRANSPORT);
      const more = at + n < to ? IPV4_MF : 0;
      if (!this.push(flow, header, frame, n, more | ((at - from) >> 3), id)) return false;
    }
    counters.add('fragmented');
    return true;
  }

  /** Sends a UDP datagram with `data` (copied). */
  udp(
    flow: number,
    src: Ipv4Addr,
    srcPort: number,
    dst: Ipv4Addr,
    dstPort: number,
    data: Uint8Array,
    tos = 0,
  ): boolean {
    const length = UDP_HEADER + data.length;
    if (IPV4_HEADER + length > MAX_PACKET) {
      this.#ports.counters.add('output-too-big');
      return false;
    }
    const header = plainHeader(PROTO_UDP, src, dst, tos);
    if (IPV4_HEADER + length <= this.mtu) {
      const frame = this.frame(length);
      frame.set(data, TRANSPORT + UDP_HEADER);
      putUdp(frame, TRANSPORT, TRANSPORT + length, src, dst, srcPort, dstPort);
      return this.push(flow, header, frame, length);
    }
    const datagram = new Uint8Array(length);
    datagram.set(data, UDP_HEADER);
    putUdp(datagram, 0, length, src, dst, srcPort, dstPort);
    return this.send(flow, header, datagram, 0, length);
  }

  save(): number {
    return this.#id;
  }

  restore(id: number): void {
    this.#id = id;
  }
}
