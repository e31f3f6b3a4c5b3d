/**
 * UDP from the guest: DHCP is answered here, everything else goes out of a host socket, one for each guest endpoint. Follows RFC 768; RFC 4787's
 * words for what kind of NAT this is: endpoint-independent mapping, address-dependent filtering (profile `lab`). Leaves out TFTP (port 69 of the
 * gateway is closed), multicast, and host sockets that must be connected.
 */
import { IPV4_ANY, IPV4_BROADCAST, type Ipv4Addr } from '../base/address.ts';
import type { Nanos, Timer } from '../base/clock.ts';
import type { HostDatagram } from '../base/host-sockets.ts';
import type { Fate } from '../base/ledger.ts';
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT, putDhcp } from '../wire/dhcpv4.ts';
import { UNREACH_ADMIN, UNREACH_PORT } from '../wire/icmpv4.ts';
import type { Ipv4View } from '../wire/ipv4.ts';
import { UdpView } from '../wire/udp.ts';
import type { ArpTable } from './arp.ts';
import { endpointKey } from './config.ts';
import { dropped, type SlirpCore } from './core.ts';
import { DHCP_ANSWER, DHCP_TOS, type DhcpServer } from './dhcp.ts';
import { NO_FLOW } from './output-queue.ts';
import { refusalOf, translate } from './translate.ts';
import { UdpFlow } from './udp-flow.ts';

const TFTP_PORT = 69;

export class UdpNat {
  readonly #core: SlirpCore;
  readonly #dhcp: DhcpServer;
  readonly #arp: ArpTable;
  /** By guest endpoint, longest unused first. */
  readonly #flows = new Map<number, UdpFlow>();
  readonly #timer: Timer;

  constructor(core: SlirpCore, dhcp: DhcpServer, arp: ArpTable) {
    this.#core = core;
    this.#dhcp = dhcp;
    this.#arp = arp;
    this.#timer = core.clock.timer(() => this.#expire());
  }

  get flows(): Iterable<UdpFlow> {
    return this.#flows.values();
  }

  /** The datagram in `ip`, whose header was checked. */
  receive(ip: Ipv4View): Fate {
    const { config, counters, errors, ledger } = this.#core;
    const udp = new UdpView(ip.bytes, ip.payload, ip.packetEnd);
    const fault = udp.fault(ip.src, ip.dst);
    if (fault !== undefined) return dropped(counters, `udp-${fault}`);
    if (ledger.enabled) ledger.count('summedBytes', udp.length);
    if (udp.dstPort === DHCP_SERVER_PORT && (ip.dst === config.host || ip.dst === IPV4_BROADCAST))
      return this.#serveDhcp(udp);
    if (config.profile.udpTtl && ip.ttl <= 1) {
      errors.timeExceeded(ip);
      return dropped(counters, 'ttl-exceeded');
    }
    if (udp.dstPort === TFTP_PORT && ip.dst === config.host) {
      errors.unreachable(ip, UNREACH_PORT);
      return dropped(counters, 'tftp-closed');
    }
    return this.#forward(ip, udp);
  }

  /** A forward's socket becomes the flow of the guest endpoint it leads to; null: that endpoint has one already. */
  adopt(guestAddr: Ipv4Addr, guestPort: number, socket: HostDatagram): UdpFlow | null {
    const key = endpointKey(guestAddr, guestPort);
    if (this.#flows.has(key)) return null;
    const flow = this.#make(guestAddr, guestPort, socket, true);
    this.#flows.set(key, flow);
    return flow;
  }

  /** Ends a flow before its time (a forward was removed). */
  end(flow: UdpFlow): void {
    this.#flows.delete(endpointKey(flow.guestAddr, flow.guestPort));
    this.#core.forget(flow);
  }

  dispose(): void {
    this.#timer.dispose();
    this.clear();
  }

  /** Ends all flows. */
  clear(): void {
    for (const flow of [...this.#flows.values()]) this.end(flow);
  }

  #serveDhcp(udp: UdpView): Fate {
    const { config, counters, ledger, output } = this.#core;
    if (config.disableDhcp) return dropped(counters, 'dhcp-disabled');
    if (ledger.enabled) ledger.enter('s.bootp', this.#core.handling());
    const answer = this.#dhcp.receive(udp.bytes, udp.payload, udp.payloadEnd);
    if (answer !== null) {
      if (answer.learnt !== null) this.#arp.learn(answer.learnt.addr, answer.learnt.mac);
      const data = new Uint8Array(DHCP_ANSWER);
      putDhcp(data, 0, answer.message, DHCP_ANSWER);
      output.udp(NO_FLOW, config.host, DHCP_SERVER_PORT, IPV4_BROADCAST, DHCP_CLIENT_PORT, data, DHCP_TOS);
    }
    if (ledger.enabled) ledger.leave(answer === null ? 'dropped' : 'ended');
    return 'ended';
  }

  #forward(ip: Ipv4View, udp: UdpView): Fate {
    const { config, counters, errors, sockets } = this.#core;
    if (ip.src === IPV4_ANY) return dropped(counters, 'martian-source');
    const known = this.#flows.get(endpointKey(ip.src, udp.srcPort));
    let to = known?.destination(endpointKey(ip.dst, udp.dstPort)) ?? null;
    // A flow's destinations were allowed when they were new; what changed since (the name server) counts at once.
    if (to === null || ip.dst === config.dns) {
      const where = translate(config, sockets, 'udp', ip.dst, udp.dstPort);
      if (!where.ok) {
        if (where.code !== null) errors.unreachable(ip, where.code);
        return dropped(counters, 'udp-refused');
      }
      to = where.to;
    }
    const flow = known ?? this.#open(ip, udp);
    if (flow === null) return 'dropped';
    this.#use(flow);
    const ttl = config.profile.udpTtl && sockets.caps.ttl ? ip.ttl - 1 : 0;
    return flow.send(ip, udp, to, ttl);
  }

  #open(ip: Ipv4View, udp: UdpView): UdpFlow | null {
    const { config, clock, counters, errors, sockets, budget } = this.#core;
    if (sockets.caps.udp === 'none') {
      errors.unreachable(ip, UNREACH_ADMIN);
      counters.add('udp-unavailable');
      return null;
    }
    if (!budget.take(clock.now())) {
      counters.add('socket-rate-limit');
      return null;
    }
    const made = sockets.datagram(4);
    if (!made.ok) {
      counters.add('udp-no-socket');
      const { code } = refusalOf(made.error);
      if (code !== null) errors.unreachable(ip, code);
      return null;
    }
    if (this.#flows.size >= config.limits.udpFlows) this.#evict();
    return this.#make(ip.src, udp.srcPort, made.value, false);
  }

  #make(guestAddr: Ipv4Addr, guestPort: number, socket: HostDatagram, forward: boolean): UdpFlow {
    const flow = new UdpFlow(this.#core, guestAddr, guestPort, socket, forward, (at) => {
      if (at < this.#timer.deadline) this.#timer.arm(at);
    });
    this.#core.register(flow);
    return flow;
  }

  /** Puts the flow last in the order of eviction. */
  #use(flow: UdpFlow): void {
    const key = endpointKey(flow.guestAddr, flow.guestPort);
    this.#flows.delete(key);
    this.#flows.set(key, flow);
  }

  #evict(): void {
    for (const flow of this.#flows.values()) {
      if (flow.forward) continue;
      this.#core.counters.add('udp-flow-limit');
      return this.end(flow);
    }
  }

  #expire(): void {
    const now = this.#core.clock.now();
    let next: Nanos = Infinity;
    for (const flow of [...this.#flows.values()]) {
      if (flow.expires <= now) this.end(flow);
      else next = Math.min(next, flow.expires);
    }
    if (next !== Infinity) this.#timer.arm(next);
  }
}
