/**
 * The IPv4 layer of a simulated kernel: routing, output with fragmentation, input with validation and reassembly, loopback.
 * Follows RFC 791, RFC 1122 §3, RFC 894, RFC 6864. Leaves out forwarding, multicast membership and IP options (ignored on input).
 *
 * One buffer serves all output: the upper layer writes its segment at `frame[L4_AT..)`, then `output` puts the headers before it.
 */
import {
  IPV4_ANY,
  IPV4_BROADCAST,
  IPV4_LOOPBACK,
  MAC_BROADCAST,
  MAC_NONE,
  isMulticast,
  prefixMask,
  sameNetwork,
  type Ipv4Addr,
  type MacAddr,
} from '../base/address.ts';
import type { Clock, Nanos } from '../base/clock.ts';
import { NO_OFFLOAD, type Frame, type PacketId, type PacketIds } from '../base/frame.ts';
import type { SocketError } from '../base/host-sockets.ts';
import type { Ledger } from '../base/ledger.ts';
import type { Random } from '../base/random.ts';
import { ARP_FRAME, putArp, type Arp } from '../wire/arp.ts';
import {
  ETHERNET_HEADER,
  ETHERNET_MIN,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  etherDst,
  etherSrc,
  etherType,
  putEthernet,
} from '../wire/ethernet.ts';
import { IPV4_DF, IPV4_HEADER, IPV4_MF, Ipv4View, putIpv4 } from '../wire/ipv4.ts';
import { netCounters, netDrops } from './counters.ts';
import { NetDevice, type InterfaceOptions } from './device.ts';
import { IpIds } from './ip-ids.ts';
import { Neighbours } from './neighbours.ts';
import { Reassembly } from './reassembly.ts';
import { RouteTable, type Route } from './routes.ts';

/** Where the payload of IP starts in `frame`. */
export const L4_AT = ETHERNET_HEADER + IPV4_HEADER;
export const DEFAULT_TTL = 64;
export const LOOPBACK_MTU = 65535;
/** Linux's netdev_max_backlog. */
const BACKLOG = 1000;
/** As identification: the next number of the table. */
export const ANY_ID = -1;

/** What all layers of one kernel share. */
export interface NetEnv {
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: PacketIds;
  readonly ledger: Ledger;
  /** Calls the kernel back at this instant, after the running call has returned. */
  readonly soon: () => void;
  /** Has the kernel look at its deadlines at `at` or earlier. */
  readonly wake: (at: Nanos) => void;
}

/** A packet for this host whose header was checked; borrowed until the handler returns. */
export interface IpPacket {
  readonly bytes: Uint8Array;
  /** Where the IP header starts. */
  readonly at: number;
  /** Payload of IP: `bytes[start..end)`. */
  readonly start: number;
  readonly end: number;
  readonly src: Ipv4Addr;
  readonly dst: Ipv4Addr;
  readonly protocol: number;
  readonly ttl: number;
  readonly tos: number;
  /** Sent to a broadcast or group address. */
  readonly broadcast: boolean;
  /** The sender left the checksum to its card: it is not filled in, and right. */
  readonly csumPartial: boolean;
  readonly packet: PacketId;
}

/** Where a packet goes. `device` null: to this host itself. */
export interface Path {
  readonly device: NetDevice | null;
  readonly nextHop: Ipv4Addr;
  readonly src: Ipv4Addr;
}

const isLoopback = (a: Ipv4Addr): boolean => a >>> 24 === 127;

export class IpLayer {
  readonly counters = netCounters();
  readonly drops = netDrops();
  readonly frame = new Uint8Array(ETHERNET_HEADER + LOOPBACK_MTU + 64);
  readonly routes = new RouteTable();
  readonly devices: NetDevice[] = [];
  readonly neighbours: Neighbours;
  readonly reassembly: Reassembly;
  readonly ids: IpIds;
  readonly env: NetEnv;
  /** Set by the kernel: the transport layers, ICMP errors for packets nobody wanted, and for neighbours that do not answer. */
  deliver: (p: IpPacket) => void = () => undefined;
  onUnreachable: (frame: Uint8Array) => void = () => undefined;
  onDeviceReady: (device: NetDevice) => void = () => undefined;
  /** True: arriving frames always wait for `runBacklog` (a context of their own runs it). */
  deferred = false;

  readonly #fragment = new Uint8Array(ETHERNET_HEADER + 65536);
  readonly #arp = new Uint8Array(ETHERNET_MIN);
  #backlog: { readonly device: NetDevice | null; readonly frame: Frame }[] = [];

  constructor(env: NetEnv) {
    this.env = env;
    this.ids = new IpIds(env.random);
    this.reassembly = new Reassembly(this.counters);
    this.neighbours = new Neighbours(
      {
        sendArp: (device, to, arp) => this.#sendArp(device, to, arp),
        sendWaiting: (device, to, bytes, id) => {
          putEthernet(bytes, to, device.mac, ETHERTYPE_IPV4);
          const room = bytes.length < ETHERNET_MIN ? new Uint8Array(ETHERNET_MIN) : bytes;
          if (room !== bytes) room.set(bytes);
          device.transmit(room, bytes.length, id);
        },
        unreachable: (_device, bytes) => this.onUnreachable(bytes),
        alarm: (at) => env.wake(at),
      },
      this.counters,
      this.drops,
    );
  }

  /** Adds an interface, its connected route, and announces nothing. */
  addInterface(options: InterfaceOptions): NetDevice {
    const device: NetDevice = new NetDevice(options, this.drops, (frame) => this.#received(device, frame));
    device.onReady = () => this.onDeviceReady(device);
    this.devices.push(device);
    this.addConnectedRoute(device);
    return device;
  }

  addConnectedRoute(device: NetDevice): void {
    const network = ((device.address & prefixMask(device.prefix)) >>> 0) as Ipv4Addr;
    this.routes.add({ network, prefix: device.prefix, gateway: null, device, metric: 0 });
  }

  isLocal(a: Ipv4Addr): boolean {
    return isLoopback(a) || this.devices.some((d) => d.address === a && a !== IPV4_ANY);
  }

  #isBroadcast(a: Ipv4Addr): boolean {
    if (a === IPV4_BROADCAST) return true;
    return this.devices.some(
      (d) =>
        d.prefix < 31 &&
        sameNetwork(a, d.address, d.prefix) &&
        (a | prefixMask(d.prefix)) >>> 0 === 0xffff_ffff,
    );
  }

  /** The way to `dst` for a sender bound to `bound` (`IPV4_ANY`: not bound); `null`: no route. */
  path(dst: Ipv4Addr, bound: Ipv4Addr): Path | null {
    if (this.isLocal(dst) || dst === IPV4_ANY) {
      const src = bound === IPV4_ANY ? (dst === IPV4_ANY ? IPV4_LOOPBACK : dst) : bound;
      return { device: null, nextHop: dst === IPV4_ANY ? IPV4_LOOPBACK : dst, src };
    }
    const fixed = bound === IPV4_ANY ? undefined : this.devices.find((d) => d.address === bound);
    if (dst === IPV4_BROADCAST || isMulticast(dst)) {
      const device = fixed ?? this.routes.lookup(dst)?.device ?? this.devices[0];
      return device === undefined
        ? null
        : { device, nextHop: dst, src: bound === IPV4_ANY ? device.address : bound };
    }
    const route: Route | null = this.routes.lookup(dst);
    if (route === null) return null;
    const src = bound === IPV4_ANY ? route.device.address : bound;
    return { device: route.device, nextHop: route.gateway ?? dst, src };
  }

  /**
   * Sends `frame[L4_AT..end)` from `src` to `dst` along `path`. `flags` is `IPV4_DF` or 0; `id` `ANY_ID`: a number of the
   * table. Fragments what is larger than the MTU unless DF is set.
   */
  output(
    path: Path,
    protocol: number,
    dst: Ipv4Addr,
    end: number,
    ttl: number,
    tos: number,
    flags: number,
    id: number,
  ): SocketError | null {
    const { clock, ids, ledger } = this.env;
    const { device, src } = path;
    const packet = ids.next();
    this.counters.IpOutRequests++;
    const length = end - ETHERNET_HEADER;
    const identification = id === ANY_ID ? this.ids.next(src, dst, protocol, clock.now()) : id;
    if (ledger.enabled) {
      ledger.enter('h.s5', packet);
      ledger.count('summedBytes', IPV4_HEADER);
      ledger.leave('passed');
    }
    if (device !== null && length > device.mtu)
      return this.#fragmentOut(path, device, protocol, dst, end, ttl, tos, flags, identification);
    putIpv4(this.frame, ETHERNET_HEADER, {
      tos,
      length,
      id: identification,
      flagsOffset: flags,
      ttl,
      protocol,
      src,
      dst,
    });
    if (device === null) this.#loop(end, packet);
    else this.#toNeighbour(device, path.nextHop, this.frame, end, packet);
    return null;
  }

  /** Runs what waits: looped-back packets, and frames that arrived at a bad moment. */
  runBacklog(): void {
    const batch = this.#backlog;
    if (batch.length === 0) return;
    this.#backlog = [];
    for (const { device, frame } of batch) {
      if (device === null) this.#ipArrives(frame.bytes, null, frame.id, false);
      else this.#frameArrives(device, frame);
    }
  }

  get hasBacklog(): boolean {
    return this.#backlog.length > 0;
  }

  dispose(): void {
    this.#backlog = [];
    for (const d of this.devices) d.dispose();
  }

  #loop(end: number, packet: PacketId): void {
    if (this.#backlog.length >= BACKLOG) {
      this.drops.backlogFull++;
      return;
    }
    const frame = { bytes: this.frame.slice(0, end), id: packet, offload: NO_OFFLOAD };
    this.#backlog.push({ device: null, frame });
    this.env.soon();
  }

  #fragmentOut(
    path: Path,
    device: NetDevice,
    protocol: number,
    dst: Ipv4Addr,
    end: number,
    ttl: number,
    tos: number,
    flags: number,
    id: number,
  ): SocketError | null {
    if (flags & IPV4_DF) {
      this.counters.IpFragFails++;
      return 'EMSGSIZE';
    }
    const step = (device.mtu - IPV4_HEADER) & ~7;
    const f = this.#fragment;
    for (let at = L4_AT; at < end; at += step) {
      const n = Math.min(step, end - at);
      f.set(this.frame.subarray(at, at + n), L4_AT);
      const more = at + n < end ? IPV4_MF : 0;
      const flagsOffset = more | ((at - L4_AT) >> 3);
      putIpv4(f, ETHERNET_HEADER, {
        tos,
        length: IPV4_HEADER + n,
        id,
        flagsOffset,
        ttl,
        protocol,
        src: path.src,
        dst,
      });
      this.counters.IpFragCreates++;
      this.#toNeighbour(device, path.nextHop, f, L4_AT + n, this.env.ids.next());
    }
    this.counters.IpFragOKs++;
    return null;
  }

  #toNeighbour(
    device: NetDevice,
    nextHop: Ipv4Addr,
    buffer: Uint8Array,
    end: number,
    packet: PacketId,
  ): void {
    const { ledger } = this.env;
    if (ledger.enabled) ledger.enter('h.s6', packet);
    const mac = this.#macOf(device, nextHop);
    putEthernet(buffer, mac, device.mac, ETHERTYPE_IPV4);
    let sent = true;
    if (mac === MAC_NONE) this.neighbours.wait(device, nextHop, buffer, end, packet, this.env.clock.now());
    else sent = device.transmit(buffer, end, packet);
    if (ledger.enabled) ledger.leave(mac === MAC_NONE ? 'queued' : sent ? 'born' : 'dropped');
  }

  #macOf(device: NetDevice, nextHop: Ipv4Addr): MacAddr {
    if (isMulticast(nextHop)) return (0x0100_5e00_0000 + (nextHop & 0x7f_ffff)) as MacAddr;
    if (this.#isBroadcast(nextHop)) return MAC_BROADCAST;
    return this.neighbours.resolve(device, nextHop, this.env.clock.now());
  }

  #sendArp(device: NetDevice, to: MacAddr, arp: Arp): void {
    putEthernet(this.#arp, to, device.mac, ETHERTYPE_ARP);
    putArp(this.#arp, ETHERNET_HEADER, arp);
    device.transmit(this.#arp, ARP_FRAME, this.env.ids.next());
  }

  #received(device: NetDevice, frame: Frame): void {
    if (!this.deferred && !this.devices.some((d) => d.transmitting)) {
      this.#frameArrives(device, frame);
      return;
    }
    if (this.#backlog.length >= BACKLOG) {
      this.drops.backlogFull++;
      device.counters.rxDropped++;
      return;
    }
    this.#backlog.push({
      device,
      frame: { bytes: frame.bytes.slice(), id: frame.id, offload: frame.offload },
    });
    this.env.soon();
  }

  #frameArrives(device: NetDevice, frame: Frame): void {
    const { ledger } = this.env;
    const b = frame.bytes;
    if (ledger.enabled) {
      ledger.enter('h.r1', frame.id);
      ledger.count('interrupts', 1);
      ledger.leave('passed');
    }
    if (b.length < ETHERNET_HEADER) {
      this.drops.malformed++;
      return;
    }
    const dst = etherDst(b);
    const toAll = b[0]! & 1;
    if (dst !== device.mac && !toAll) {
      this.drops.otherHost++;
      return;
    }
    // Our own broadcast come back, or somebody with our address: not for the stack.
    if (etherSrc(b) === device.mac) {
      this.drops.martian++;
      return;
    }
    const type = etherType(b);
    if (type === ETHERTYPE_ARP) this.neighbours.arrives(device, b, this.env.clock.now());
    else if (type === ETHERTYPE_IPV4) this.#ipArrives(b, device, frame.id, frame.offload.csumStart >= 0);
    else this.drops.unknownType++;
  }

  #ipArrives(b: Uint8Array, device: NetDevice | null, packet: PacketId, csumPartial: boolean): void {
    this.counters.IpInReceives++;
    const view = new Ipv4View(b, ETHERNET_HEADER, b.length);
    if (view.fault() !== undefined) {
      this.counters.IpInHdrErrors++;
      return;
    }
    const { src, dst } = view;
    const broadcast = this.#isBroadcast(dst);
    if (device !== null) {
      if (!broadcast && !isMulticast(dst) && (isLoopback(dst) || !this.isLocal(dst))) {
        this.counters.IpInAddrErrors++;
        return;
      }
      // No group is joined.
      if (isMulticast(dst)) {
        this.drops.otherHost++;
        return;
      }
      if (this.isLocal(src) || isMulticast(src) || this.#isBroadcast(src)) {
        this.drops.martian++;
        return;
      }
    }
    if (!view.isFragment) {
      this.#toTransport(view, broadcast, csumPartial, packet);
      return;
    }
    const whole = this.reassembly.add(view, this.env.clock.now());
    if (whole === null) {
      this.env.wake(this.reassembly.deadline());
      return;
    }
    this.#toTransport(new Ipv4View(whole, 0, whole.length), broadcast, false, packet, whole.length);
  }

  #toTransport(
    view: Ipv4View,
    broadcast: boolean,
    csumPartial: boolean,
    packet: PacketId,
    end = view.packetEnd,
  ): void {
    const { ledger } = this.env;
    if (ledger.enabled) ledger.enter('h.r2n', packet);
    this.deliver({
      bytes: view.bytes,
      at: view.at,
      start: view.payload,
      end,
      src: view.src,
      dst: view.dst,
      protocol: view.protocol,
      ttl: view.ttl,
      tos: view.tos,
      broadcast,
      csumPartial,
      packet,
    });
    if (ledger.enabled) ledger.leave('ended');
  }
}
