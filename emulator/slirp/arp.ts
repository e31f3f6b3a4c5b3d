/**
 * ARP on the guest's wire: answers for the NAT's own addresses, learns the guests', and holds packets until an address is resolved.
 * Follows RFC 826; slirp's order of tests and its table of 16 entries replaced in turn. Leaves out retries and negative caching: a packet
 * waits one second and is dropped.
 */
import { IPV4_ANY, MAC_BROADCAST, MAC_NONE, isMulticastMac } from '../base/address.ts';
import type { Ipv4Addr, MacAddr } from '../base/address.ts';
import type { Clock, Nanos, Timer, TimerState } from '../base/clock.ts';
import { ARP_FRAME, ARP_REPLY, ARP_REQUEST, parseArp, putArp, type Arp } from '../wire/arp.ts';
import { ETHERNET_HEADER, ETHERNET_MIN, ETHERTYPE_ARP, putEthernet } from '../wire/ethernet.ts';
import { ARP_WAIT_NS, inNetwork, isBroadcast, isOwn, macOf, type SlirpConfig } from './config.ts';
import type { Counters } from './counters.ts';
import type { QueuedPacket } from './output-queue.ts';

const TABLE_SIZE = 16;
/** Length of slirp's ARP answers, as in the reference captures; its requests have the usual length. */
const ARP_ANSWER = 64;

interface Entry {
  readonly addr: Ipv4Addr;
  mac: MacAddr;
}

interface Waiting {
  readonly addr: Ipv4Addr;
  readonly packets: { readonly flow: number; readonly packet: QueuedPacket; readonly until: Nanos }[];
  /** When the address may be asked for again. */
  askAt: Nanos;
}

export interface ArpState {
  readonly table: readonly { readonly addr: Ipv4Addr; readonly mac: MacAddr }[];
  readonly next: number;
  readonly waiting: readonly Waiting[];
  readonly timer: TimerState;
}

export interface ArpPorts {
  readonly config: SlirpConfig;
  readonly clock: Clock;
  readonly counters: Counters;
  /** Queues a finished ARP frame, which becomes its reader's. */
  readonly send: (frame: Uint8Array) => void;
  /** Queues a packet again whose address is now known. */
  readonly release: (flow: number, packet: QueuedPacket) => void;
}

export class ArpTable {
  readonly #ports: ArpPorts;
  readonly #table: Entry[] = [];
  #next = 0;
  readonly #waiting = new Map<Ipv4Addr, Waiting>();
  readonly #timer: Timer;

  constructor(ports: ArpPorts) {
    this.#ports = ports;
    this.#timer = ports.clock.timer(() => this.#expire());
  }

  /** The ARP packet of a frame from the guest, `b[at..end)`. */
  receive(b: Uint8Array, at: number, end: number): void {
    const arp = parseArp(b, at, end);
    if (typeof arp === 'string') return this.#ports.counters.add(`arp-${arp}`);
    if (arp.oper === ARP_REPLY) return this.learn(arp.spa, arp.sha);
    if (arp.oper !== ARP_REQUEST) return this.#ports.counters.add('arp-operation');
    if (arp.tpa === arp.spa) return this.learn(arp.spa, arp.sha);
    const { config } = this.#ports;
    // "Is the target one of ours?" comes last in slirp too: a request for anybody else teaches it nothing.
    if (!inNetwork(config, arp.tpa) || !isOwn(config, arp.tpa)) return;
    this.learn(arp.spa, arp.sha);
    this.#reply(arp);
  }

  /** Notes a guest's address. Never stored: no address, broadcast, our own addresses, group MACs. */
  learn(addr: Ipv4Addr, mac: MacAddr): void {
    const { config } = this.#ports;
    if (addr === IPV4_ANY || isBroadcast(config, addr) || isOwn(config, addr)) return;
    if (mac === MAC_NONE || isMulticastMac(mac)) return;
    const known = this.#table.find((e) => e.addr === addr);
    if (known !== undefined) known.mac = mac;
    else {
      this.#table[this.#next] = { addr, mac };
      this.#next = (this.#next + 1) % TABLE_SIZE;
    }
    this.#release(addr);
  }

  /** The MAC of an address; null: not known. */
  lookUp(addr: Ipv4Addr): MacAddr | null {
    if (isBroadcast(this.#ports.config, addr)) return MAC_BROADCAST;
    return this.#table.find((e) => e.addr === addr)?.mac ?? null;
  }

  /** Keeps a packet (it becomes the table's) until its address is known, and asks for it. */
  wait(flow: number, packet: QueuedPacket, addr: Ipv4Addr): void {
    const { clock, config, counters } = this.#ports;
    const now = clock.now();
    let entry = this.#waiting.get(addr);
    if (entry === undefined) {
      if (this.#waiting.size >= config.limits.arpWaitAddresses) return counters.add('arp-wait-full');
      entry = { addr, packets: [], askAt: now };
      this.#waiting.set(addr, entry);
    }
    if (entry.packets.length >= config.limits.arpWaitPackets) return counters.add('arp-wait-full');
    entry.packets.push({ flow, packet, until: now + ARP_WAIT_NS });
    if (config.profile.arpRequests === 'per-packet' || now >= entry.askAt) {
      entry.askAt = now + ARP_WAIT_NS;
      this.#request(addr);
    }
    this.#arm();
  }

  /** For tables: addresses known. */
  entries(): readonly { readonly addr: Ipv4Addr; readonly mac: MacAddr }[] {
    return this.#table.map((e) => ({ ...e }));
  }

  save(): ArpState {
    return {
      table: this.entries(),
      next: this.#next,
      waiting: [...this.#waiting.values()].map((w) => ({ ...w, packets: w.packets.map((p) => ({ ...p })) })),
      timer: this.#timer.save(),
    };
  }

  restore(state: ArpState): void {
    this.#table.length = 0;
    this.#table.push(...state.table.map((e) => ({ ...e })));
    this.#next = state.next;
    this.#waiting.clear();
    for (const w of state.waiting) this.#waiting.set(w.addr, { ...w, packets: [...w.packets] });
    this.#timer.restore(state.timer);
  }

  dispose(): void {
    this.#timer.dispose();
  }

  #reply(request: Arp): void {
    const frame = new Uint8Array(ARP_ANSWER);
    const sha = macOf(request.tpa);
    putEthernet(frame, request.sha, sha, ETHERTYPE_ARP);
    putArp(frame, ETHERNET_HEADER, {
      oper: ARP_REPLY,
      sha,
      spa: request.tpa,
      tha: request.sha,
      tpa: request.spa,
    });
    this.#ports.send(frame);
  }

  #request(addr: Ipv4Addr): void {
    const { host, profile } = this.#ports.config;
    const frame = new Uint8Array(profile.padTo60 ? ETHERNET_MIN : ARP_FRAME);
    const sha = macOf(host);
    putEthernet(frame, MAC_BROADCAST, sha, ETHERTYPE_ARP);
    putArp(frame, ETHERNET_HEADER, { oper: ARP_REQUEST, sha, spa: host, tha: MAC_NONE, tpa: addr });
    this.#ports.counters.add('arp-requests');
    this.#ports.send(frame);
  }

  #release(addr: Ipv4Addr): void {
    const entry = this.#waiting.get(addr);
    if (entry === undefined) return;
    this.#waiting.delete(addr);
    for (const { flow, packet } of entry.packets) this.#ports.release(flow, packet);
    this.#arm();
  }

  #expire(): void {
    const now = this.#ports.clock.now();
    for (const entry of this.#waiting.values()) {
      while (entry.packets.length > 0 && entry.packets[0]!.until <= now) {
        entry.packets.shift();
        this.#ports.counters.add('arp-wait-expired');
      }
      if (entry.packets.length === 0) this.#waiting.delete(entry.addr);
    }
    this.#arm();
  }

  #arm(): void {
    let next = Infinity;
    for (const entry of this.#waiting.values()) next = Math.min(next, entry.packets[0]?.until ?? Infinity);
    if (next === Infinity) this.#timer.cancel();
    else this.#timer.arm(next);
  }
}
