/**
 * The neighbour table with ARP. Follows RFC 826, RFC 1122 §2.3.2, RFC 5227 (announcements); states and times as Linux's
 * `ip neigh` shows them: an entry is confirmed by a reply or by TCP progress, goes stale, and is probed by unicast when used then.
 */
import { formatIpv4, type Ipv4Addr, MAC_BROADCAST, MAC_NONE, type MacAddr } from '../base/address.ts';
import { SECOND, type Nanos } from '../base/clock.ts';
import type { PacketId } from '../base/frame.ts';
import { ARP_REPLY, ARP_REQUEST, parseArp, type Arp } from '../wire/arp.ts';
import { ETHERNET_HEADER } from '../wire/ethernet.ts';
import type { NetCounters, NetDrops } from './counters.ts';
import type { NetDevice } from './device.ts';

export type NeighbourKind = 'INCOMPLETE' | 'REACHABLE' | 'STALE' | 'DELAY' | 'PROBE' | 'FAILED' | 'PERMANENT';

const RETRANS: Nanos = SECOND;
const PROBES = 3;
/** Linux draws between 15 and 45 s; the middle keeps captures readable. */
const REACHABLE_TIME: Nanos = 30 * SECOND;
const DELAY_FIRST_PROBE: Nanos = 5 * SECOND;
const MAX_WAITING = 3;
/** Linux's gc_thresh3. */
const MAX_ENTRIES = 1024;

/** A frame that waits for its destination's address; bytes owned, Ethernet destination still open. */
interface Waiting {
  readonly bytes: Uint8Array;
  readonly id: PacketId;
}

interface Neighbour {
  readonly ip: Ipv4Addr;
  readonly device: NetDevice;
  mac: MacAddr;
  state: NeighbourKind;
  confirmedAt: Nanos;
  probes: number;
  /** Next probe, or the end of DELAY; `Infinity`: none. */
  at: Nanos;
  waiting: Waiting[];
}

export interface NeighbourState {
  readonly device: string;
  readonly ip: Ipv4Addr;
  readonly mac: MacAddr;
  readonly state: NeighbourKind;
  readonly confirmedAt: Nanos;
  readonly probes: number;
  readonly at: Nanos;
}

/** What the table needs of the kernel around it. */
export interface ArpOutput {
  sendArp(device: NetDevice, to: MacAddr, arp: Arp): void;
  /** A frame whose destination is known now; the Ethernet destination is filled in here. */
  sendWaiting(device: NetDevice, to: MacAddr, bytes: Uint8Array, id: PacketId): void;
  /** A packet given up: nobody answered for its next hop. `bytes` is the frame. */
  unreachable(device: NetDevice, bytes: Uint8Array): void;
  /** `timeout` has to be called at `at`. */
  alarm(at: Nanos): void;
}

export class Neighbours {
  readonly #out: ArpOutput;
  readonly #counters: NetCounters;
  readonly #drops: NetDrops;
  readonly #entries = new Map<number, Neighbour>();

  constructor(out: ArpOutput, counters: NetCounters, drops: NetDrops) {
    this.#out = out;
    this.#counters = counters;
    this.#drops = drops;
  }

  /** The MAC of `ip` for a frame to be sent now, or `MAC_NONE`: hand the frame to `wait`. */
  resolve(device: NetDevice, ip: Ipv4Addr, now: Nanos): MacAddr {
    const n = this.#entries.get(ip);
    if (n === undefined || n.device !== device || n.state === 'INCOMPLETE' || n.state === 'FAILED')
      return MAC_NONE;
    if (n.state === 'REACHABLE' && now - n.confirmedAt > REACHABLE_TIME) n.state = 'STALE';
    if (n.state === 'STALE') {
      n.state = 'DELAY';
      n.at = now + DELAY_FIRST_PROBE;
      this.#out.alarm(n.at);
    }
    return n.mac;
  }

  /** Keeps a frame (copied) until `ip` answers, asking for it if nobody has yet. */
  wait(device: NetDevice, ip: Ipv4Addr, frame: Uint8Array, length: number, id: PacketId, now: Nanos): void {
    let n = this.#entries.get(ip);
    if (n === undefined || n.device !== device) {
      n = this.#create(device, ip);
      if (n === undefined) return;
    }
    if (n.waiting.length >= MAX_WAITING) {
      n.waiting.shift();
      this.#drops.neighbourQueueFull++;
    }
    n.waiting.push({ bytes: frame.slice(0, length), id });
    if (n.state !== 'INCOMPLETE') {
      n.state = 'INCOMPLETE';
      n.probes = 0;
      this.#probe(n, now);
    }
  }

  /** Proof from above that the neighbour receives (TCP's forward progress). */
  confirm(ip: Ipv4Addr, now: Nanos): void {
    const n = this.#entries.get(ip);
    if (n === undefined || n.mac === MAC_NONE || n.state === 'PERMANENT' || n.state === 'FAILED') return;
    n.state = 'REACHABLE';
    n.confirmedAt = now;
    n.at = Infinity;
  }

  /** A fixed entry (`permanent`), or one as if just confirmed. */
  set(device: NetDevice, ip: Ipv4Addr, mac: MacAddr, permanent: boolean, now: Nanos): void {
    const n = this.#entries.get(ip) ?? this.#create(device, ip);
    if (n !== undefined) this.#learn(n, mac, permanent ? 'PERMANENT' : 'REACHABLE', now);
  }

  /** An ARP packet at `b[ETHERNET_HEADER..)` that arrived on `device`. */
  arrives(device: NetDevice, b: Uint8Array, now: Nanos): void {
    const arp = parseArp(b, ETHERNET_HEADER, b.length);
    if (typeof arp === 'string') {
      this.#drops.malformed++;
      return;
    }
    if (arp.oper !== ARP_REQUEST && arp.oper !== ARP_REPLY) return;
    const known = this.#entries.get(arp.spa);
    const forUs = arp.tpa === device.address;
    const solicited = arp.oper === ARP_REPLY && forUs;
    // "?Do I have the protocol address of the sender in my table": update; and learn new ones only when we are the target.
    if (known !== undefined && known.state !== 'PERMANENT' && arp.spa !== 0)
      this.#learn(known, arp.sha, solicited ? 'REACHABLE' : 'STALE', now);
    else if (
      known === undefined &&
      forUs &&
      arp.oper === ARP_REQUEST &&
      arp.spa !== 0 &&
      arp.spa !== device.address
    ) {
      const n = this.#create(device, arp.spa);
      if (n !== undefined) this.#learn(n, arp.sha, 'STALE', now);
    }
    if (arp.oper === ARP_REQUEST && forUs && arp.spa !== device.address) {
      this.#counters.ArpRepliesSent++;
      this.#out.sendArp(device, arp.sha, {
        oper: ARP_REPLY,
        sha: device.mac,
        spa: device.address,
        tha: arp.sha,
        tpa: arp.spa,
      });
    }
  }

  /** Earliest probe or end of waiting. */
  deadline(): Nanos {
    let at = Infinity;
    for (const n of this.#entries.values()) if (n.at < at) at = n.at;
    return at;
  }

  timeout(now: Nanos): void {
    for (const n of this.#entries.values()) {
      if (n.at > now) continue;
      if (n.state === 'DELAY') {
        n.state = 'PROBE';
        n.probes = 0;
      }
      if (n.probes >= PROBES) this.#fail(n);
      else this.#probe(n, now);
    }
  }

  save(): NeighbourState[] {
    return [...this.#entries.values()].map((n) => ({
      device: n.device.name,
      ip: n.ip,
      mac: n.mac,
      state: n.state,
      confirmedAt: n.confirmedAt,
      probes: n.probes,
      at: n.at,
    }));
  }

  /** Packets that waited are not part of the state; entries of unknown devices are left out. */
  restore(state: readonly NeighbourState[], devices: readonly NetDevice[]): void {
    this.#entries.clear();
    for (const s of state) {
      const device = devices.find((d) => d.name === s.device);
      if (device !== undefined) this.#entries.set(s.ip, { ...s, device, waiting: [] });
    }
  }

  /** As `ip neigh` prints it. */
  toString(): string {
    return [...this.#entries.values()]
      .map((n) => `${formatIpv4(n.ip)} dev ${n.device.name} ${n.state}`)
      .join('\n');
  }

  #create(device: NetDevice, ip: Ipv4Addr): Neighbour | undefined {
    if (this.#entries.size >= MAX_ENTRIES && !this.#evict()) {
      this.#drops.neighbourTableFull++;
      return undefined;
    }
    const n: Neighbour = {
      ip,
      device,
      mac: MAC_NONE,
      state: 'FAILED',
      confirmedAt: 0,
      probes: 0,
      at: Infinity,
      waiting: [],
    };
    this.#entries.set(ip, n);
    return n;
  }

  /** Makes room by forgetting an entry nobody is waiting for. */
  #evict(): boolean {
    for (const n of this.#entries.values())
      if (n.state === 'FAILED' || n.state === 'STALE') return this.#entries.delete(n.ip);
    return false;
  }

  #learn(n: Neighbour, mac: MacAddr, state: NeighbourKind, now: Nanos): void {
    const changed = n.mac !== mac;
    n.mac = mac;
    n.probes = 0;
    // An unsolicited packet with the address we had does not lower what we know.
    if (state !== 'STALE' || changed || n.state === 'INCOMPLETE' || n.state === 'FAILED') {
      n.state = state;
      n.at = Infinity;
    }
    if (state !== 'STALE') n.confirmedAt = now;
    const waiting = n.waiting;
    n.waiting = [];
    for (const w of waiting) this.#out.sendWaiting(n.device, mac, w.bytes, w.id);
  }

  #probe(n: Neighbour, now: Nanos): void {
    n.probes++;
    n.at = now + RETRANS;
    this.#out.alarm(n.at);
    this.#counters.ArpRequestsSent++;
    const to = n.state === 'PROBE' ? n.mac : MAC_BROADCAST;
    this.#out.sendArp(n.device, to, {
      oper: ARP_REQUEST,
      sha: n.device.mac,
      spa: n.device.address,
      tha: MAC_NONE,
      tpa: n.ip,
    });
  }

  #fail(n: Neighbour): void {
    n.state = 'FAILED';
    n.mac = MAC_NONE;
    n.at = Infinity;
    this.#counters.ArpFailed++;
    const waiting = n.waiting;
    n.waiting = [];
    for (const w of waiting) this.#out.unreachable(n.device, w.bytes);
  }
}
