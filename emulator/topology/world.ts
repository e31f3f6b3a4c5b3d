/**
 * A running lab: the LAN with the filer, alpha and the outlet of beta, the guest, and the capture of every tap point. Made from a `LabTopology`; path and MAC can be
 * changed while it runs.
 */
import { formatIpv4, type Ipv4Addr } from '../base/address.ts';
import type { Nanos } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import { DisposableStore } from '../base/disposable.ts';
import { PacketIds } from '../base/frame.ts';
import { NULL_LEDGER, type Ledger } from '../base/ledger.ts';
import { Xoshiro128 } from '../base/random.ts';
import type { TapPoint } from '../base/tap-point.ts';
import { Capture } from '../capture/capture.ts';
import { tapLink } from '../link/tap-link.ts';
import type { CommandResult } from '../machine/console-session.ts';
import type { MachineStage } from '../machine/machine.ts';
import type { MachineWorld } from '../machine/world.ts';
import { Alpha, type Netdev } from './alpha.ts';
import { Filer } from './filer.ts';
import { GuestMachine, REPLUG_NS, type GuestEvents, type GuestImages } from './guest.ts';
import { Lan, type Outlet } from './lan.ts';
import type { WorldParts } from './parts.ts';
import { Patch } from './patch.ts';
import { TAP_POINTS, type TapKey } from './plan.ts';
import type { GuestTopology, LabTopology, PathKind } from './topology.ts';
import { checkMac, checkPath } from './validate.ts';

export interface WorldEvents {
  console(guest: string, bytes: Uint8Array, at: Nanos): void;
  prompt(guest: string, exitCode: number | null): void;
  command(guest: string, result: CommandResult, path: PathKind): void;
  stage(guest: string, stage: MachineStage): void;
  failed(guest: string, error: Error): void;
  /** A guest could not start from its snapshot and boots instead. */
  coldStart?(guest: string, why: string): void;
}

export const NO_WORLD_EVENTS: WorldEvents = {
  console: () => undefined,
  prompt: () => undefined,
  command: () => undefined,
  stage: () => undefined,
  failed: () => undefined,
};

/** Why a change could not be made: a code for the program, a sentence for the reader. */
export type ChangeFault = {
  readonly code: 'bad-mac' | 'bad-path' | 'guest-not-ready';
  readonly message: string;
};
export type Change = { readonly ok: true } | { readonly ok: false; readonly error: ChangeFault };

const DONE: Change = { ok: true };
const refused = (code: ChangeFault['code'], message: string): Change => ({
  ok: false,
  error: { code, message },
});

const RESTARTED = refused('guest-not-ready', 'The lab was restarted meanwhile, so nothing was changed.');

export interface WorldOptions {
  readonly topology: LabTopology;
  readonly machines: MachineWorld;
  readonly images: GuestImages;
  readonly events?: WorldEvents;
  readonly ledger?: Ledger;
}

export class World implements Disposable {
  readonly capture: Capture;
  readonly filer: Filer;
  readonly alpha: Alpha;
  readonly lan: Lan;
  readonly machines: MachineWorld;
  readonly #parts: WorldParts;
  readonly #images: GuestImages;
  readonly #events: WorldEvents;
  readonly #beta: Outlet;
  readonly #store = new DisposableStore();
  #topology: LabTopology;
  #guest: GuestMachine | null = null;
  #patch = new Patch();
  #netdev: Netdev | null = null;
  #address: Ipv4Addr | null = null;
  #leaseWaiters: (() => void)[] = [];
  readonly #sleepers = new Set<() => void>();
  #disposed = false;
  /** One change at a time: a second one waits for the first. */
  #change: Promise<unknown> = Promise.resolve();

  private constructor(options: WorldOptions) {
    const { topology, machines } = options;
    this.#topology = topology;
    this.machines = machines;
    this.#images = options.images;
    this.#events = options.events ?? NO_WORLD_EVENTS;
    const { clock } = machines;
    // A lab that starts from a snapshot begins at its time.
    const snapshot = options.images.snapshot ?? null;
    if (snapshot !== null) clock.advanceTo(snapshot.machine.savedAt);
    this.capture = new Capture(topology.capture);
    const taps = Object.fromEntries(
      TAP_POINTS.map(({ key, name, description }) => [key, this.capture.addInterface(name, description)]),
    ) as Record<TapKey, TapPoint>;
    const random = new Xoshiro128(topology.seed);
    this.#parts = { clock, random, ids: new PacketIds(), ledger: options.ledger ?? NULL_LEDGER, taps };
    this.lan = this.#store.add(new Lan(clock, topology.cable));
    this.filer = this.#store.add(new Filer(this.#parts, this.lan, topology.macs));
    this.alpha = this.#store.add(new Alpha(this.#parts, this.lan, topology.macs.alpha));
    this.#beta = this.lan.plug('beta', taps.beta);
  }

  /** Builds the world and switches its guest on; virtual time starts with `machines.run()`. */
  static async create(options: WorldOptions): Promise<World> {
    const world = new World(options);
    await world.#powerOn();
    return world;
  }

  /** As it is now: changes of path and MAC are in it. */
  get topology(): LabTopology {
    return this.#topology;
  }

  get now(): Nanos {
    return this.machines.clock.now();
  }

  /** The guest's name in the topology; on the native path the machine that runs for it is beta. */
  get guestId(): string {
    return this.#topology.guests[0]!.id;
  }

  /** The running machine; throws while one is exchanged for another (`setPath`). */
  get guest(): GuestMachine {
    if (this.#guest === null) throw new Error('no machine runs');
    return this.#guest;
  }

  /** As `guest`; null while one machine is exchanged for another. */
  get guestIfAny(): GuestMachine | null {
    return this.#guest;
  }

  get path(): PathKind {
    return this.#topology.guests[0]!.path;
  }

  /** Address of the last lease granted to the guest on its present path. */
  get address(): string | null {
    return this.#address === null ? null : formatIpv4(this.#address);
  }

  /** Resolves when the guest has a lease on its present path (at once when it has). */
  lease(): Promise<void> {
    if (this.#address !== null) return Promise.resolve();
    return new Promise((resolve) => this.#leaseWaiters.push(resolve));
  }

  /** Resolves when `ns` of virtual time have passed, or when the world is disposed of. */
  sleep(ns: Nanos): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.dispose();
        this.#sleepers.delete(wake);
        this.machines.breathe();
        resolve();
      };
      const timer = this.machines.clock.timer(wake);
      this.#sleepers.add(wake);
      timer.arm(this.now + ns);
    });
  }

  /** The cable is pulled, led another way and plugged; to and from `native` the other machine is switched on instead. */
  setPath(guest: string, path: PathKind): Promise<Change> {
    return this.#inTurn(async () => {
      const known = this.#known(guest) ?? checkPath(path);
      if ('error' in known) return known;
      if (!known.ok) return refused('bad-path', known.faults[0] ?? 'Unknown path.');
      const before = this.path;
      if (before === path) return DONE;
      this.#unplug();
      this.#updateGuest({ path });
      if (before === 'native' || path === 'native') {
        this.#guest?.dispose();
        this.#guest = null;
        // Virtual time stands while the other machine is made, so when it starts does not depend on the wall clock.
        const { running } = this.machines;
        this.machines.pause();
        try {
          await this.#powerOn();
        } finally {
          if (running && !this.#disposed) this.machines.run();
        }
        return DONE;
      }
      await this.sleep(REPLUG_NS);
      if (this.#disposed) return RESTARTED;
      this.#plug();
      return DONE;
    });
  }

  /** The card's EEPROM gets the address, and the guest's driver is bound anew so that it reads it. */
  setMac(guest: string, text: string): Promise<Change> {
    return this.#inTurn(async () => {
      const known = this.#known(guest);
      if (known) return known;
      const mac = checkMac(text);
      if (!mac.ok) return refused('bad-mac', mac.faults[0] ?? 'Malformed MAC address.');
      if (this.path === 'native')
        return refused(
          'bad-mac',
          'Beta is a physical machine: its card keeps the address its vendor gave it. Choose the NAT or the bridged path to set the virtual card’s address.',
        );
      if (Object.values(this.#topology.macs).includes(mac.value))
        return refused(
          'bad-mac',
          `${mac.value} belongs to another machine of this LAN: choose an address of its own.`,
        );
      if (!this.guest.control.ready)
        return refused(
          'guest-not-ready',
          'The guest is still booting: set the address when it shows its prompt.',
        );
      this.#unplug();
      this.guest.setMac(mac.value);
      this.#updateGuest({ mac: mac.value });
      const answer = await this.guest.control.rebind();
      if (this.#disposed) return RESTARTED;
      this.#plug();
      return answer.ok
        ? DONE
        : refused('guest-not-ready', `The guest did not take the new address: ${answer.error}.`);
    });
  }

  dispose(): void {
    this.#disposed = true;
    for (const wake of [...this.#sleepers]) wake();
    this.#netdev?.dispose();
    this.#guest?.dispose();
    this.#guest = null;
    this.#store.dispose();
  }

  #known(guest: string): Change | null {
    return guest === this.guestId ? null : refused('bad-path', `There is no guest "${guest}" in this lab.`);
  }

  #inTurn(work: () => Promise<Change>): Promise<Change> {
    const result = this.#change.then(() => (this.#disposed ? RESTARTED : work()));
    this.#change = result.catch(() => undefined);
    return result;
  }

  #updateGuest(change: Partial<GuestTopology>): void {
    const guests = this.#topology.guests.map((g, i) => (i === 0 ? { ...g, ...change } : g));
    this.#topology = { ...this.#topology, guests };
  }

  async #powerOn(): Promise<void> {
    const { id, mac } = this.#topology.guests[0]!;
    const native = this.path === 'native';
    this.#patch = new Patch();
    this.#guest = await GuestMachine.powerOn(
      {
        name: native ? 'beta' : id,
        mac: native ? this.#topology.macs.beta : mac,
        link: native
          ? this.#beta.link
          : tapLink(this.#patch.card, this.#parts.taps.guest, this.machines.clock),
        images: this.#images,
      },
      this.#parts,
      this.machines,
      this.#guestEvents(id),
    );
    const guest = this.#guest;
    if (!guest.restored) return this.#plug();
    // The guest has to answer, so this goes on when virtual time does; changes wait for it.
    void this.#inTurn(() => this.#adopt(guest, native ? 'beta' : id));
  }

  async #adopt(guest: GuestMachine, name: string): Promise<Change> {
    const seed = new Uint8Array(64);
    this.#parts.random.fork(`${name} seed`).fill(seed);
    const fault = await guest.adopt(name, seed);
    if (guest !== this.#guest) return RESTARTED;
    if (fault !== null)
      this.#events.failed(this.guestId, new Error(`The restored guest did not take its identity: ${fault}.`));
    this.#plug();
    return DONE;
  }

  #plug(): void {
    const { netdev } = this.#patch;
    if (this.path === 'nat') this.#netdev = this.alpha.attachUser(netdev, this.guestId);
    if (this.path === 'bridge') this.#netdev = this.alpha.attachTap(netdev, 'tap0');
    this.#patch.plugged = true;
    this.guest.setLink(true);
  }

  #unplug(): void {
    this.#guest?.setLink(false);
    this.#patch.plugged = false;
    this.#netdev?.dispose();
    this.#netdev = null;
    this.#address = null;
  }

  /** The NAT's table, when there is one. */
  get slirp(): Netdev['slirp'] {
    return this.#netdev?.slirp ?? null;
  }

  #guestEvents(id: string): GuestEvents {
    const events = this.#events;
    return {
      console: (bytes, at) => events.console(id, bytes, at),
      prompt: (exitCode) => events.prompt(id, exitCode),
      command: (result) => events.command(id, result, this.path),
      stage: (stage) => {
        if (stage === 'bios') this.#address = null;
        events.stage(id, stage);
      },
      lease: (address) => {
        this.#address = address;
        this.machines.breathe();
        for (const resolve of this.#leaseWaiters.splice(0)) resolve();
      },
      failed: (error) => events.failed(id, error),
      coldStart: (why) => events.coldStart?.(id, why),
    };
  }
}
