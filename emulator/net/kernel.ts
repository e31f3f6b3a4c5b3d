/**
 * A simulated kernel: interfaces, ARP, IPv4, ICMP, UDP and TCP behind the host-sockets seam, with the numbers of a Linux 6.1
 * host (TTL 64, ports, windows, identification). One clock timer serves all its deadlines. Left out: IPv6, forwarding,
 * netfilter, multicast, urgent data on the socket side, receive and segmentation offload.
 */
import { IPV4_ANY, type Ipv4Addr, type MacAddr } from '../base/address.ts';
import type { Clock, Nanos, Timer } from '../base/clock.ts';
import type { Context, Task } from '../base/context.ts';
import type { Disposable } from '../base/disposable.ts';
import type { PacketIds } from '../base/frame.ts';
import type { Ledger } from '../base/ledger.ts';
import type { Random } from '../base/random.ts';
import { ETHERNET_HEADER } from '../wire/ethernet.ts';
import { UNREACH_HOST, UNREACH_PROTOCOL } from '../wire/icmpv4.ts';
import { PROTO_ICMP, PROTO_TCP, PROTO_UDP } from '../wire/ipv4.ts';
import type { NetCounters, NetDrops } from './counters.ts';
import type { InterfaceOptions, NetDevice } from './device.ts';
import { EventQueue } from './events.ts';
import { IcmpLayer } from './icmp.ts';
import type { IpIdsState } from './ip-ids.ts';
import { IpLayer, type IpPacket } from './ip.ts';
import { KernelSockets } from './kernel-sockets.ts';
import type { NeighbourState } from './neighbours.ts';
import type { ReassemblyState } from './reassembly.ts';
import { LINUX_TCP, type TcpConfig } from './tcp/config.ts';
import type { TcpInfo } from './tcp/connection.ts';
import type { TcbState } from './tcp/tcb.ts';
import { TcpLayer } from './tcp-layer.ts';
import { UdpLayer } from './udp.ts';

export interface KernelOptions {
  readonly name: string;
  readonly clock: Clock;
  /** A generator of its own (`fork`), so that kernels do not disturb each other's numbers. */
  readonly random: Random;
  readonly ids: PacketIds;
  readonly ledger: Ledger;
  /** Runs the receive path; without one, frames are handled as they arrive. */
  readonly softirq?: Context;
  /** Default `LINUX_TCP`. */
  readonly tcp?: TcpConfig;
}

/** Structured-cloneable. Sockets are told apart by their tuples; users of sockets keep their own state. */
export interface KernelState {
  readonly neighbours: readonly NeighbourState[];
  readonly ids: IpIdsState;
  readonly reassembly: ReassemblyState;
  readonly counters: NetCounters;
  readonly drops: NetDrops;
  readonly connections: readonly TcbState[];
}

export class SimulatedKernel implements Disposable {
  readonly name: string;
  readonly sockets: KernelSockets;
  readonly #clock: Clock;
  readonly #ip: IpLayer;
  readonly #icmp: IcmpLayer;
  readonly #udp: UdpLayer;
  readonly #tcp: TcpLayer;
  readonly #events: EventQueue;
  readonly #softirq: Task | null;
  /** Earliest deadline of everything in this kernel; may be early, never late. */
  readonly #deadline: Timer;
  /** Pending events and looped-back packets, at this instant. */
  readonly #instant: Timer;

  constructor(options: KernelOptions) {
    this.name = options.name;
    this.#clock = options.clock;
    this.#deadline = options.clock.timer(() => this.#timeout());
    this.#instant = options.clock.timer(() => this.#run());
    this.#softirq = options.softirq?.task(() => this.#ip.runBacklog()) ?? null;
    const soon = (): void => this.#soon();
    this.#events = new EventQueue(() => this.#armInstant());
    this.#ip = new IpLayer({ ...options, soon, wake: (at) => this.#wake(at) });
    this.#ip.deferred = this.#softirq !== null;
    this.#icmp = new IcmpLayer(this.#ip);
    this.#udp = new UdpLayer(this.#ip, this.#icmp);
    this.#tcp = new TcpLayer(this.#ip, this.#events, options.tcp ?? LINUX_TCP);
    this.#ip.deliver = (p) => this.#deliver(p);
    this.#ip.onUnreachable = (frame) => this.#unreachable(frame);
    this.#ip.onDeviceReady = (device) => this.#tcp.deviceReady(device);
    this.#icmp.onError = (e) => {
      if (e.protocol === PROTO_TCP) this.#tcp.error(e);
      else if (e.protocol === PROTO_UDP) this.#udp.error(e);
    };
    this.sockets = new KernelSockets(options.name, this.#ip, this.#icmp, this.#udp, this.#tcp, this.#events);
  }

  /** Adds an interface with its connected route; takes over the link's `onReceive` and `onReady`. */
  addInterface(options: InterfaceOptions): NetDevice {
    return this.#ip.addInterface(options);
  }

  get interfaces(): readonly NetDevice[] {
    return this.#ip.devices;
  }

  addRoute(network: Ipv4Addr, prefix: number, gateway: Ipv4Addr | null, device: NetDevice, metric = 0): void {
    this.#ip.routes.add({ network, prefix, gateway, device, metric });
  }

  /** `false`: the gateway is on no connected network. */
  setDefaultGateway(gateway: Ipv4Addr): boolean {
    const route = this.#ip.routes.lookup(gateway);
    if (route === null || route.gateway !== null) return false;
    this.#ip.routes.add({ network: IPV4_ANY, prefix: 0, gateway, device: route.device, metric: 0 });
    return true;
  }

  setNameservers(addresses: readonly Ipv4Addr[]): void {
    this.sockets.nameserverAddresses = [...addresses];
  }

  /** Enters `ip` as reachable at `mac` without asking (a DHCP server answers a client that has no address yet); false: no route to it. */
  addNeighbour(ip: Ipv4Addr, mac: MacAddr, permanent = false): boolean {
    const route = this.#ip.routes.lookup(ip);
    if (route === null) return false;
    this.#ip.neighbours.set(route.device, ip, mac, permanent, this.#clock.now());
    return true;
  }

  /** As `ip neigh`. */
  neighbours(): readonly NeighbourState[] {
    return this.#ip.neighbours.save();
  }

  /** As `nstat`. */
  get counters(): Readonly<NetCounters> {
    return this.#ip.counters;
  }

  get drops(): Readonly<NetDrops> {
    return this.#ip.drops;
  }

  /** As `ss -ti`. */
  connections(): TcpInfo[] {
    return [...this.#tcp.sockets].map((s) => s.conn.info());
  }

  /** Ports in use: `tcp` listeners and `udp` sockets. */
  ports(): { readonly tcp: readonly number[]; readonly udp: readonly number[] } {
    return { tcp: this.#tcp.listening.map((l) => l.port), udp: this.#udp.ports };
  }

  save(): KernelState {
    return {
      neighbours: this.#ip.neighbours.save(),
      ids: this.#ip.ids.save(),
      reassembly: this.#ip.reassembly.save(),
      counters: { ...this.#ip.counters },
      drops: { ...this.#ip.drops },
      connections: this.#tcp.save(),
    };
  }

  /**
   * Takes over tables and counters. Connections are not brought back: their streams belong to users of the kernel, who
   * open anew; what the peers still send is answered with RST.
   */
  restore(state: KernelState): void {
    this.#ip.neighbours.restore(state.neighbours, this.#ip.devices);
    this.#ip.ids.restore(state.ids);
    this.#ip.reassembly.restore(state.reassembly);
    Object.assign(this.#ip.counters, state.counters);
    Object.assign(this.#ip.drops, state.drops);
    this.#rearm();
  }

  dispose(): void {
    this.sockets.dispose();
    this.#ip.dispose();
    this.#softirq?.dispose();
    this.#deadline.dispose();
    this.#instant.dispose();
  }

  #deliver(p: IpPacket): void {
    const c = this.#ip.counters;
    if (p.protocol === PROTO_TCP) this.#tcp.arrives(p);
    else if (p.protocol === PROTO_UDP) this.#udp.arrives(p);
    else if (p.protocol === PROTO_ICMP) this.#icmp.arrives(p);
    else {
      c.IpInUnknownProtos++;
      this.#icmp.unreachable(p, UNREACH_PROTOCOL);
      return;
    }
    c.IpInDelivers++;
  }

  /** Nobody answered for the next hop of this frame: the host tells itself, as if a router had. */
  #unreachable(frame: Uint8Array): void {
    const from = this.#ip.devices[0]?.address ?? IPV4_ANY;
    this.#icmp.localError(3, UNREACH_HOST, from, frame, ETHERNET_HEADER, frame.length);
  }

  #soon(): void {
    if (this.#softirq === null) this.#armInstant();
    else this.#softirq.schedule();
  }

  #armInstant(): void {
    if (this.#instant.deadline === Infinity) this.#instant.arm(this.#clock.now());
  }

  #run(): void {
    if (this.#softirq === null) this.#ip.runBacklog();
    this.#events.run();
  }

  #wake(at: Nanos): void {
    if (at < this.#deadline.deadline) this.#deadline.arm(at);
  }

  #timeout(): void {
    const now = this.#clock.now();
    this.#ip.neighbours.timeout(now);
    this.#ip.reassembly.timeout(now);
    this.#tcp.timeout(now);
    this.#rearm();
  }

  #rearm(): void {
    const at = Math.min(this.#ip.neighbours.deadline(), this.#ip.reassembly.deadline(), this.#tcp.deadline);
    if (at === Infinity) this.#deadline.cancel();
    else this.#deadline.arm(at);
  }
}
