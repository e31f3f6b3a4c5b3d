/**
 * SLIRP: a user-mode NAT. The guest's frames end here; what they carry goes on through sockets of the host. Behaves as libslirp does where a guest
 * can see it (addresses, services, headers), with the differences named in the profile (config.ts).
 *
 * Theory of operation. A frame from the guest (`link.transmit`) is worked off where it arrives, in the vCPU's context: Ethernet type, IPv4
 * checks, reassembly, then ARP, ICMP, UDP or TCP. Services of the virtual network (ARP, DHCP, ping of 10.0.2.2 and .3) answer themselves. Everything
 * else is a flow: it has an id, a host socket, and a place in the NAT table. Payload goes to the host's socket in the same call, as in slirp; nothing
 * ever goes to the guest in it. What the host's sockets report only marks the flow and wakes the main loop (`Context` of that name), whose task works
 * off marked flows, then hands frames to the guest, one per flow in turn, a bounded number per turn. TCP segments are made at that moment (tcp-flow.ts
 * says for which exception); other packets wait finished in the output queue. A packet whose next hop has no MAC address yet waits in the ARP table.
 *
 * Every table and queue is bounded and every drop is counted by name. IPv6 frames are dropped and counted; TFTP, guest forwards, urgent data and
 * protocol helpers (FTP, IRC) are left out.
 */
import { isMulticast } from '../base/address.ts';
import type { Ipv4Addr, MacAddr } from '../base/address.ts';
import type { Clock } from '../base/clock.ts';
import type { Context, Task } from '../base/context.ts';
import type { Disposable } from '../base/disposable.ts';
import { frameOf, type Frame, type PacketId, type PacketIds } from '../base/frame.ts';
import type { HostSockets, SocketError } from '../base/host-sockets.ts';
import type { Fate, Ledger } from '../base/ledger.ts';
import type { Random } from '../base/random.ts';
import { fillPartialChecksum } from '../wire/checksum.ts';
import {
  ETHERNET_HEADER, ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, etherType, putEthernet,
} from '../wire/ethernet.ts'; // prettier-ignore
import { Ipv4View, PROTO_ICMP, PROTO_TCP, PROTO_UDP } from '../wire/ipv4.ts';
import { ArpTable, type ArpState } from './arp.ts';
import { isBroadcast, isLoopback, isOwn, macOf, type HostForward, type SlirpConfig } from './config.ts';
import { dropped, type SlirpCore } from './core.ts';
import { Counters, type CounterState } from './counters.ts';
import { DhcpServer, type DhcpState } from './dhcp.ts';
import type { Flow, FlowRow, Worker } from './flow-table.ts';
import { Forwards } from './forwards.ts';
import { GuestLink } from './guest-link.ts';
import { IcmpErrors } from './icmp-errors.ts';
import { IcmpNat } from './icmp.ts';
import { IpOutput } from './ip-output.ts';
import { NO_FLOW, OutputQueue, type OutputQueueState, type QueuedPacket } from './output-queue.ts';
import { Reassembly, type ReassemblyState } from './reassembly.ts';
import { SocketBudget, type SocketBudgetState } from './socket-budget.ts';
import { TcpFlow } from './tcp-flow.ts';
import { TcpNat, type TcpNatState } from './tcp.ts';
import { UdpNat } from './udp.ts';

export interface SlirpPorts {
  readonly config: SlirpConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: PacketIds;
  readonly ledger: Ledger;
  readonly sockets: HostSockets;
  /** Where host events are handled and frames handed to the guest. `link.transmit` runs in its caller's context, the vCPU. */
  readonly mainLoop: Context;
}

/** Plain data. Host sockets are not in it: after a restore the guest's connections are reset and other flows begin anew. */
export interface SlirpState {
  readonly version: 1;
  readonly arp: ArpState;
  readonly dhcp: DhcpState;
  readonly reassembly: ReassemblyState;
  readonly queue: OutputQueueState;
  readonly tcp: TcpNatState;
  readonly budget: SocketBudgetState;
  readonly counters: CounterState;
  readonly ipId: number;
  readonly nextFlow: number;
  readonly task: ReturnType<Task['save']>;
}

export class Slirp implements Disposable {
  /** The guest's card plugs in here. */
  readonly link: GuestLink;
  readonly counters = new Counters();
  readonly #ports: SlirpPorts;
  readonly #arp: ArpTable;
  readonly #dhcp: DhcpServer;
  readonly #reassembly: Reassembly;
  readonly #queue: OutputQueue;
  readonly #output: IpOutput;
  readonly #budget: SocketBudget;
  readonly #icmp: IcmpNat;
  readonly #udp: UdpNat;
  readonly #tcp: TcpNat;
  readonly #forwards: Forwards;
  readonly #errors: IcmpErrors;
  readonly #task: Task;
  readonly #woken = new Set<Worker>();
  readonly #flows = new Map<number, Flow>();
  /** The frame under construction for the guest; lent to `onReceive`. */
  readonly #frame: Uint8Array;
  #nextFlow = 1;
  #handling: PacketId = 0;
  #disposed = false;

  /** Forwards that could not be opened at the start are in `failedForwards`. */
  constructor(ports: SlirpPorts) {
    const { config, clock, random, ids, ledger, sockets } = ports;
    if (sockets.caps.realNetwork && config.policy === null)
      throw new Error('slirp: sockets that reach a real network need a policy');
    const { counters } = this;
    const { limits, profile } = config;
    this.#ports = ports;
    this.link = new GuestLink(
      (frame) => this.#input(frame),
      () => this.#schedule(),
    );
    this.#task = ports.mainLoop.task(() => this.#turn());
    this.#queue = new OutputQueue(limits.chainPackets, counters);
    this.#output = new IpOutput({
      mtu: config.mtu,
      padTo60: profile.padTo60,
      firstId: profile.ipIdStart === 'random' ? random.below(0x1_0000) : 0,
      ids,
      ledger,
      counters,
      queue: this.#queue,
      queued: () => this.#schedule(),
    });
    this.#errors = new IcmpErrors(config, this.#output, counters);
    this.#budget = new SocketBudget(limits.socketsPerSecond, limits.socketsBurst);
    this.#arp = new ArpTable({
      config,
      clock,
      counters,
      send: (frame) => this.#queuePacket(NO_FLOW, { bytes: frame, id: ids.next(), nextHop: null }),
      release: (flow, packet) => this.#queuePacket(flow, packet),
    });
    this.#dhcp = new DhcpServer(config, counters);
    this.#reassembly = new Reassembly(limits, clock, counters);
    const core = this.#core();
    this.#icmp = new IcmpNat(core);
    this.#udp = new UdpNat(core, this.#dhcp, this.#arp);
    this.#tcp = new TcpNat(core, random);
    this.#forwards = new Forwards(core, this.#tcp, this.#udp);
    this.#frame = new Uint8Array(this.#output.frameLength(config.mtu));
    this.failedForwards = config.forwards.flatMap((forward) => {
      const error = this.#forwards.add(forward);
      return error === null ? [] : [{ forward, error }];
    });
  }

  readonly failedForwards: readonly { readonly forward: HostForward; readonly error: SocketError }[];

  /** The NAT table: one row per flow, in the order in which they began. */
  table(): FlowRow[] {
    const now = this.#ports.clock.now();
    return [...this.#flows.values()].map((flow) => flow.row(now));
  }

  /** Addresses given out by DHCP. */
  leases(): readonly { readonly addr: Ipv4Addr; readonly mac: MacAddr }[] {
    return this.#dhcp.leases();
  }

  /** Guests' addresses known. */
  neighbours(): readonly { readonly addr: Ipv4Addr; readonly mac: MacAddr }[] {
    return this.#arp.entries();
  }

  forwards(): readonly HostForward[] {
    return this.#forwards.list();
  }

  /** null: done, else why not. */
  addForward(forward: HostForward): SocketError | null {
    return this.#forwards.add(forward);
  }

  /** Connections that came through it stay. */
  removeForward(forward: HostForward): boolean {
    return this.#forwards.remove(forward);
  }

  save(): SlirpState {
    return {
      version: 1,
      arp: this.#arp.save(),
      dhcp: this.#dhcp.save(),
      reassembly: this.#reassembly.save(),
      queue: this.#queue.save(),
      tcp: this.#tcp.save(),
      budget: this.#budget.save(),
      counters: this.counters.save(),
      ipId: this.#output.save(),
      nextFlow: this.#nextFlow,
      task: this.#task.save(),
    };
  }

  /** Takes a saved state over; forwards stay those of this instance. */
  restore(state: SlirpState): void {
    this.#icmp.clear();
    this.#udp.clear();
    this.#woken.clear();
    this.#nextFlow = state.nextFlow;
    this.#task.restore(state.task);
    this.#queue.restore(state.queue);
    this.#arp.restore(state.arp);
    this.#dhcp.restore(state.dhcp);
    this.#reassembly.restore(state.reassembly);
    this.#budget.restore(state.budget);
    this.counters.restore(state.counters);
    this.#output.restore(state.ipId);
    this.#tcp.restore(state.tcp);
    this.#schedule();
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#forwards.dispose();
    this.#icmp.dispose();
    this.#udp.dispose();
    this.#tcp.clear();
    this.#arp.dispose();
    this.#reassembly.dispose();
    this.#task.dispose();
  }

  #core(): SlirpCore {
    const { config, clock, ids, ledger, sockets } = this.#ports;
    return {
      config,
      clock,
      ids,
      ledger,
      sockets,
      counters: this.counters,
      output: this.#output,
      queue: this.#queue,
      errors: this.#errors,
      budget: this.#budget,
      handling: () => this.#handling,
      nextFlowId: () => this.#nextFlow++,
      register: (flow) => void this.#flows.set(flow.id, flow),
      forget: (flow) => {
        this.#flows.delete(flow.id);
        this.#woken.delete(flow);
        this.#queue.forget(flow.id);
        flow.dispose();
      },
      wake: (worker) => {
        this.#woken.add(worker);
        this.#schedule();
      },
      wantsOutput: (flow) => {
        this.#queue.wants(flow.id);
        this.#schedule();
      },
    };
  }

  /** A frame from the guest. */
  #input(frame: Frame): void {
    if (this.#disposed) return;
    const { ledger } = this.#ports;
    this.#handling = frame.id;
    if (ledger.enabled) {
      ledger.enter('s.i1', frame.id);
      ledger.enter('s.i2', frame.id);
    }
    const fate = this.#ethernet(frame);
    if (ledger.enabled) {
      ledger.leave(fate);
      ledger.leave(fate);
    }
    this.#handling = 0;
  }

  #ethernet(frame: Frame): Fate {
    const { counters } = this;
    const { ledger } = this.#ports;
    if (frame.bytes.length < ETHERNET_HEADER) return dropped(counters, 'ethernet-truncated');
    const type = etherType(frame.bytes);
    if (type === ETHERTYPE_IPV4) {
      if (ledger.enabled) ledger.enter('s.i3', frame.id);
      const fate = this.#ipv4(summed(frame));
      if (ledger.enabled) ledger.leave(fate);
      return fate;
    }
    if (type === ETHERTYPE_ARP) {
      if (ledger.enabled) ledger.enter('s.arp', frame.id);
      this.#arp.receive(frame.bytes, ETHERNET_HEADER, frame.bytes.length);
      if (ledger.enabled) ledger.leave('ended');
      return 'ended';
    }
    return dropped(counters, type === ETHERTYPE_IPV6 ? 'ipv6' : 'ethertype-unknown');
  }

  #ipv4(bytes: Uint8Array): Fate {
    const { counters } = this;
    const { config } = this.#ports;
    const ip = new Ipv4View(bytes, ETHERNET_HEADER, bytes.length);
    const fault = ip.fault();
    if (fault !== undefined) return dropped(counters, `ip-${fault}`);
    const { protocol, src } = ip;
    if (protocol !== PROTO_TCP && protocol !== PROTO_UDP && protocol !== PROTO_ICMP)
      return dropped(counters, 'ip-protocol');
    // RFC 1122 §3.2.1.3; 0.0.0.0 is for clients of DHCP.
    const martian =
      isBroadcast(config, src) || isMulticast(src) || isOwn(config, src) || (isLoopback(src) && src !== 0);
    if (martian) return dropped(counters, 'martian-source');
    if (ip.ttl === 0) {
      this.#errors.timeExceeded(ip);
      return dropped(counters, 'ttl-exceeded');
    }
    if (!ip.isFragment) return this.#transport(ip);
    const whole = this.#reassembly.add(ip);
    return whole === null ? 'queued' : this.#transport(new Ipv4View(whole, 0, whole.length));
  }

  #transport(ip: Ipv4View): Fate {
    const { ledger } = this.#ports;
    const { protocol } = ip;
    if (ledger.enabled) ledger.enter(this.#stageOf(ip), this.#handling);
    const fate =
      protocol === PROTO_TCP
        ? this.#tcp.receive(ip)
        : protocol === PROTO_UDP
          ? this.#udp.receive(ip)
          : this.#icmp.receive(ip);
    if (ledger.enabled) ledger.leave(fate);
    return fate;
  }

  #stageOf(ip: Ipv4View): string {
    if (ip.protocol === PROTO_TCP) return 's.i4';
    if (ip.protocol === PROTO_UDP) return 's.udp';
    return isOwn(this.#ports.config, ip.dst) ? 's.icmp' : 's.icmpx';
  }

  #queuePacket(flow: number, packet: QueuedPacket): void {
    if (this.#queue.push(flow, packet)) this.#schedule();
  }

  #schedule(): void {
    if (this.#disposed || this.#task.pending) return;
    // From the vCPU's thread this is the write to the main loop's wake-up pipe.
    if (this.#handling !== 0 && this.#ports.ledger.enabled) this.#ports.ledger.count('wakeups', 1);
    this.#task.schedule();
  }

  /** One turn of the main loop. */
  #turn(): void {
    const now = this.#ports.clock.now();
    const woken = [...this.#woken];
    this.#woken.clear();
    for (const worker of woken) worker.work(now);
    let frames = this.#ports.config.limits.framesPerTurn;
    while (frames > 0 && !this.#queue.empty && this.link.peerReady()) frames -= this.#sendNext(now);
    const more = this.#woken.size > 0 || (!this.#queue.empty && this.link.peerReady());
    if (more && !this.#disposed) this.#task.schedule();
  }

  /** Serves the flow whose turn it is; returns how many frames that made. */
  #sendNext(now: number): number {
    const taken = this.#queue.take();
    if (taken === null) return 0;
    const flow = this.#flows.get(taken.flow);
    if (taken.packet !== null) {
      this.#send(taken.flow, taken.packet);
      flow?.drained();
      return 1;
    }
    if (!(flow instanceof TcpFlow)) return 0;
    const length = flow.nextPacket(this.#frame, now);
    if (length === 0) return 0;
    if (this.#flows.has(flow.id)) this.#queue.wants(flow.id);
    const end = this.#output.frameLength(length);
    this.#frame.fill(0, ETHERNET_HEADER + length, end);
    this.#send(
      flow.id,
      { bytes: this.#frame.subarray(0, end), id: flow.packet, nextHop: flow.guestAddr },
      true,
    );
    return 1;
  }

  /** Completes the frame and hands it over; without the MAC it waits. `borrowed`: the bytes are the common frame. */
  #send(flow: number, packet: QueuedPacket, borrowed = false): void {
    const { ledger, config } = this.#ports;
    const { bytes, id, nextHop } = packet;
    if (ledger.enabled) {
      ledger.enter('s.o4', id);
      ledger.enter('s.o5', id);
    }
    const mac = nextHop === null ? null : this.#arp.lookUp(nextHop);
    if (nextHop !== null && mac === null) {
      this.#arp.wait(flow, borrowed ? { ...packet, bytes: bytes.slice() } : packet, nextHop);
      if (ledger.enabled) {
        ledger.leave('queued');
        ledger.leave('queued');
      }
      return;
    }
    if (mac !== null) putEthernet(bytes, mac, macOf(config.host), ETHERTYPE_IPV4);
    if (ledger.enabled) ledger.enter('s.o6', id);
    this.link.deliver(frameOf(bytes, id));
    if (!ledger.enabled) return;
    ledger.leave('passed');
    ledger.leave('passed');
    ledger.leave('passed');
  }
}

/** The frame's bytes with its checksum filled in, if the sender left that to us. */
function summed(frame: Frame): Uint8Array {
  if (frame.offload.csumStart < 0) return frame.bytes;
  const bytes = frame.bytes.slice();
  fillPartialChecksum(bytes, 0, bytes.length, frame.offload);
  return bytes;
}
