/**
 * A learning switch, as Linux's bridge without a configuration is one.
 * Follows IEEE 802.1D-2004 §7.7 (forwarding), §7.8 (learning), §7.9 (filtering database, ageing), §7.12.6 (reserved addresses).
 * Leaves out: spanning tree, VLANs, multicast snooping, static entries.
 */
import type { MacAddr } from '../base/address.ts';
import { formatMac, isMulticastMac } from '../base/address.ts';
import type { Clock, Nanos } from '../base/clock.ts';
import { SECOND } from '../base/clock.ts';
import type { Frame } from '../base/frame.ts';
import type { Link, LinkCounters } from '../base/link.ts';
import { ignoreFrame, ignoreReady, linkCounters } from '../base/link.ts';
import { ETHERNET_HEADER, etherDst, etherSrc } from '../wire/ethernet.ts';

/** Table 7-5: 300 s. */
export const AGEING_NS: Nanos = 300 * SECOND;
const MAX_ENTRIES = 1024;
/** How often a full table is searched for aged entries. */
const SWEEP_NS: Nanos = SECOND;
/** A frame that comes back to the same bridge this often within one call runs in a loop of bridges. */
const MAX_NESTING = 16;
/** Frames that one call may cause in all: far more than any stack answers at once, few enough to end a storm soon. */
const MAX_CAUSED = 10_000;
/** Table 7-10: 01-80-C2-00-00-00 to -0F. */
const RESERVED_PREFIX = 0x0180_c200_000;

/** Why frames were not forwarded. */
export interface BridgeDrops {
  runt: number;
  /** The source is a group address, or all zeros. */
  badSource: number;
  /** For an address that bridges do not forward. */
  reserved: number;
  /** The destination is on the port that it came from. */
  samePort: number;
  loop: number;
}

export interface BridgeRow {
  readonly mac: string;
  readonly port: string;
  /** Nanoseconds since this source was last heard. */
  readonly age: Nanos;
}

export interface BridgeState {
  readonly table: readonly { readonly mac: number; readonly port: string; readonly at: Nanos }[];
  readonly counters: readonly { readonly port: string; readonly counters: LinkCounters }[];
  readonly drops: BridgeDrops;
  readonly notLearnt: number;
  readonly sweepAt: Nanos;
}

/** One port; join it with the link of what is plugged in. `rx` counts what enters the bridge here. */
export class BridgePort implements Link {
  readonly name: string;
  onReceive: (frame: Frame) => void = ignoreFrame;
  onReady: () => void = ignoreReady;
  readonly counters: LinkCounters = linkCounters();
  readonly #enter: (frame: Frame, port: BridgePort) => void;

  constructor(name: string, enter: (frame: Frame, port: BridgePort) => void) {
    this.name = name;
    this.#enter = enter;
  }

  transmit(frame: Frame): void {
    this.counters.rxPackets++;
    this.counters.rxBytes += frame.bytes.length;
    this.#enter(frame, this);
  }

  /** A bridge has no queue of its own: the links behind its ports have. */
  ready(): boolean {
    return true;
  }

  /** Called by the bridge. */
  leave(frame: Frame): void {
    this.counters.txPackets++;
    this.counters.txBytes += frame.bytes.length;
    this.onReceive(frame);
  }
}

interface Entry {
  port: BridgePort;
  at: Nanos;
}

export class Bridge {
  readonly drops: BridgeDrops = { runt: 0, badSource: 0, reserved: 0, samePort: 0, loop: 0 };
  /** Sources that found the table full. */
  notLearnt = 0;
  readonly #clock: Clock;
  readonly #ageingNs: Nanos;
  readonly #table = new Map<MacAddr, Entry>();
  /** Replaced, never changed in place: a port may come or go while a frame is being flooded. */
  #ports: readonly BridgePort[] = [];
  #sweepAt: Nanos = 0;
  #nesting = 0;
  #caused = 0;

  constructor(clock: Clock, ageingNs: Nanos = AGEING_NS) {
    this.#clock = clock;
    this.#ageingNs = ageingNs;
  }

  get ports(): readonly BridgePort[] {
    return this.#ports;
  }

  /** `name` is unique within the bridge (throws otherwise). */
  addPort(name: string): BridgePort {
    if (this.#ports.some((p) => p.name === name)) throw new Error(`the bridge has a port ${name} already`);
    const port = new BridgePort(name, (frame, from) => this.#enter(frame, from));
    this.#ports = [...this.#ports, port];
    return port;
  }

  /** Takes the port out and forgets what was learnt on it. */
  removePort(port: BridgePort): void {
    this.#ports = this.#ports.filter((p) => p !== port);
    for (const [mac, entry] of this.#table) if (entry.port === port) this.#table.delete(mac);
    port.onReceive = ignoreFrame;
    port.onReady = ignoreReady;
  }

  /** The filtering database without aged entries, oldest source first. */
  table(): BridgeRow[] {
    const now = this.#clock.now();
    return [...this.#table]
      .filter(([, entry]) => !this.#aged(entry, now))
      .map(([mac, { port, at }]) => ({ mac: formatMac(mac), port: port.name, age: Math.max(0, now - at) }));
  }

  save(): BridgeState {
    return {
      table: [...this.#table].map(([mac, { port, at }]) => ({ mac, port: port.name, at })),
      counters: this.#ports.map((p) => ({ port: p.name, counters: { ...p.counters } })),
      drops: { ...this.drops },
      notLearnt: this.notLearnt,
      sweepAt: this.#sweepAt,
    };
  }

  /** Onto a bridge whose ports have the same names; entries of other ports are left out. */
  restore(state: BridgeState): void {
    const byName = new Map(this.#ports.map((p) => [p.name, p]));
    this.#table.clear();
    for (const { mac, port, at } of state.table) {
      const owner = byName.get(port);
      if (owner) this.#table.set(mac as MacAddr, { port: owner, at });
    }
    for (const { port, counters } of state.counters)
      Object.assign(byName.get(port)?.counters ?? {}, counters);
    Object.assign(this.drops, state.drops);
    this.notLearnt = state.notLearnt;
    this.#sweepAt = state.sweepAt;
  }

  #enter(frame: Frame, from: BridgePort): void {
    if (this.#nesting === 0) this.#caused = 0;
    if (this.#nesting >= MAX_NESTING || this.#caused >= MAX_CAUSED) return this.#drop('loop', from);
    this.#nesting++;
    this.#caused++;
    this.#forward(frame, from);
    this.#nesting--;
  }

  #forward(frame: Frame, from: BridgePort): void {
    const { bytes } = frame;
    if (bytes.length < ETHERNET_HEADER) return this.#drop('runt', from);
    if (!this.#ports.includes(from)) return;
    const now = this.#clock.now();
    const src = etherSrc(bytes);
    const dst = etherDst(bytes);
    if (src === 0 || isMulticastMac(src)) return this.#drop('badSource', from);
    this.#learn(src, from, now);
    if (Math.floor(dst / 16) === RESERVED_PREFIX) return this.#drop('reserved', from);
    const known = isMulticastMac(dst) ? undefined : this.#table.get(dst);
    if (known && !this.#aged(known, now)) {
      if (known.port === from) return this.#drop('samePort', from);
      return known.port.leave(frame);
    }
    for (const port of this.#ports) if (port !== from) port.leave(frame);
  }

  #drop(reason: keyof BridgeDrops, port: BridgePort): void {
    this.drops[reason]++;
    port.counters.rxDropped++;
  }

  #aged(entry: Entry, now: Nanos): boolean {
    return now - entry.at >= this.#ageingNs;
  }

  #learn(src: MacAddr, port: BridgePort, now: Nanos): void {
    const entry = this.#table.get(src);
    if (entry) {
      entry.port = port;
      entry.at = now;
      return;
    }
    if (this.#table.size >= MAX_ENTRIES && !this.#sweep(now)) {
      this.notLearnt++;
      return;
    }
    this.#table.set(src, { port, at: now });
  }

  /** Removes aged entries; whether there is room now. */
  #sweep(now: Nanos): boolean {
    if (now < this.#sweepAt) return false;
    this.#sweepAt = now + SWEEP_NS;
    for (const [mac, entry] of this.#table) if (this.#aged(entry, now)) this.#table.delete(mac);
    return this.#table.size < MAX_ENTRIES;
  }
}
