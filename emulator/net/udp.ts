/** UDP of a simulated kernel. Follows RFC 768, RFC 1122 §4.1. Errors reach the socket whose port sent the packet, connected or not (IP_RECVERR). */
import { IPV4_ANY, type Ipv4Addr } from '../base/address.ts';
import { u16be } from '../base/bytes.ts';
import type { SocketError } from '../base/host-sockets.ts';
import { UNREACH_PORT } from '../wire/icmpv4.ts';
import { IPV4_DF, IPV4_HEADER, PROTO_UDP } from '../wire/ipv4.ts';
import { putUdp, UDP_HEADER, UdpView } from '../wire/udp.ts';
import type { IcmpError, IcmpLayer } from './icmp.ts';
import { ANY_ID, DEFAULT_TTL, L4_AT, type IpLayer, type IpPacket } from './ip.ts';

/** Linux's net.core.rmem_default. */
const RECEIVE_BUFFER = 212_992;
/** What a datagram costs the buffer besides its bytes (an skb). */
const OVERHEAD = 768;
export const MAX_UDP = 65_507;

export interface Datagram {
  readonly from: Ipv4Addr;
  readonly port: number;
  readonly data: Uint8Array;
}

export class UdpSocket {
  readonly address: Ipv4Addr;
  readonly port: number;
  readonly queue: Datagram[] = [];
  queued = 0;
  onArrival: () => void = () => undefined;
  onError: (e: IcmpError, port: number) => void = () => undefined;

  constructor(address: Ipv4Addr, port: number) {
    this.address = address;
    this.port = port;
  }

  take(): Datagram | null {
    const d = this.queue.shift();
    if (d === undefined) return null;
    this.queued -= d.data.length + OVERHEAD;
    return d;
  }
}

export class UdpLayer {
  readonly #ip: IpLayer;
  readonly #icmp: IcmpLayer;
  readonly #sockets = new Map<number, UdpSocket[]>();

  constructor(ip: IpLayer, icmp: IcmpLayer) {
    this.#ip = ip;
    this.#icmp = icmp;
  }

  get ports(): number[] {
    return [...this.#sockets.keys()];
  }

  /** `port` 0: an ephemeral one. */
  bind(address: Ipv4Addr, port: number): UdpSocket | SocketError {
    if (address !== IPV4_ANY && !this.#ip.isLocal(address)) return 'EADDRNOTAVAIL';
    const chosen = port === 0 ? this.#ephemeral() : port;
    const others = this.#sockets.get(chosen) ?? [];
    const clash = others.some((s) => s.address === IPV4_ANY || address === IPV4_ANY || s.address === address);
    if (chosen === 0 || clash) return 'EADDRINUSE';
    const socket = new UdpSocket(address, chosen);
    this.#sockets.set(chosen, [...others, socket]);
    return socket;
  }

  close(socket: UdpSocket): void {
    const rest = (this.#sockets.get(socket.port) ?? []).filter((s) => s !== socket);
    if (rest.length > 0) this.#sockets.set(socket.port, rest);
    else this.#sockets.delete(socket.port);
    socket.queue.length = 0;
    socket.queued = 0;
  }

  /** Copies `data` out. `ttl` 0: the default. */
  send(
    socket: UdpSocket,
    dst: Ipv4Addr,
    port: number,
    data: Uint8Array,
    ttl: number,
    tos: number,
  ): SocketError | null {
    if (data.length > MAX_UDP) return 'EMSGSIZE';
    const path = this.#ip.path(dst, socket.address);
    if (path === null) {
      this.#ip.counters.IpOutNoRoutes++;
      return 'ENETUNREACH';
    }
    const end = L4_AT + UDP_HEADER + data.length;
    const { ledger } = this.#ip.env;
    if (ledger.enabled) {
      ledger.enter('h.s1', 0);
      ledger.count('syscalls', 1);
      ledger.count('copies', 1);
      ledger.count('copiedBytes', data.length);
      ledger.count('summedBytes', UDP_HEADER + data.length);
      ledger.leave('passed');
    }
    const to = path.device === null ? path.nextHop : dst;
    this.#ip.frame.set(data, L4_AT + UDP_HEADER);
    putUdp(this.#ip.frame, L4_AT, end, path.src, to, socket.port, port);
    this.#ip.counters.UdpOutDatagrams++;
    // Path MTU discovery: what fits is sent with DF, what does not is fragmented.
    const fits = path.device === null || end - L4_AT + IPV4_HEADER <= path.device.mtu;
    return this.#ip.output(path, PROTO_UDP, to, end, ttl || DEFAULT_TTL, tos, fits ? IPV4_DF : 0, ANY_ID);
  }

  arrives(p: IpPacket): void {
    const c = this.#ip.counters;
    const view = new UdpView(p.bytes, p.start, p.end);
    const fault = view.fault(p.src, p.dst);
    if (fault !== undefined && !(fault === 'bad-checksum' && p.csumPartial)) {
      c.UdpInErrors++;
      if (fault === 'bad-checksum') c.UdpInCsumErrors++;
      return;
    }
    const socket = this.#find(p.dst, view.dstPort, p.broadcast);
    if (socket === undefined) {
      c.UdpNoPorts++;
      this.#icmp.unreachable(p, UNREACH_PORT);
      return;
    }
    const length = view.payloadEnd - view.payload;
    if (socket.queued + length + OVERHEAD > RECEIVE_BUFFER) {
      c.UdpRcvbufErrors++;
      c.UdpInErrors++;
      return;
    }
    c.UdpInDatagrams++;
    socket.queued += length + OVERHEAD;
    socket.queue.push({
      from: p.src,
      port: view.srcPort,
      data: p.bytes.slice(view.payload, view.payloadEnd),
    });
    const { ledger } = this.#ip.env;
    if (ledger.enabled) {
      ledger.count('copies', 1);
      ledger.count('copiedBytes', length);
      ledger.count('summedBytes', view.length);
    }
    socket.onArrival();
  }

  error(e: IcmpError): void {
    this.#find(e.src, u16be(e.bytes, e.at), false)?.onError(e, u16be(e.bytes, e.at + 2));
  }

  #find(address: Ipv4Addr, port: number, broadcast: boolean): UdpSocket | undefined {
    const bound = this.#sockets.get(port);
    if (bound === undefined) return undefined;
    return bound.find((s) => s.address === address) ?? bound.find((s) => broadcast || s.address === IPV4_ANY);
  }

  /** Linux's range and parity: odd ports for sockets that bind to port 0. */
  #ephemeral(): number {
    const start = this.#ip.env.random.below(14_116);
    for (let i = 0; i < 14_116; i++) {
      const port = 32769 + 2 * ((start + i) % 14_116);
      if (!this.#sockets.has(port)) return port;
    }
    return 0;
  }
}
