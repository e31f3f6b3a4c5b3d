/**
 * A guest of the lab: a machine with its RTL8139, its shell on ttyS0 and its agent on ttyS1. As `vm1` it is a virtual machine on alpha, whose card is
 * patched to SLIRP or to a tap; as native it is the physical machine beta, whose card is plugged into the wall.
 */
import { mac, type Ipv4Addr } from '../base/address.ts';
import { hex, latin1Bytes } from '../base/bytes.ts';
import { MILLISECOND, type Nanos } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import type { Frame } from '../base/frame.ts';
import type { Link } from '../base/link.ts';
import { Rtl8139 } from '../device/rtl8139/rtl8139.ts';
import { LinkDecorator } from '../link/decorator.ts';
import { ConsoleSession, type CommandResult } from '../machine/console-session.ts';
import { ControlChannel } from '../machine/control-channel.ts';
import type { Machine, MachineImages, MachineOptions, MachineStage } from '../machine/machine.ts';
import type { MachineWorld } from '../machine/world.ts';
import { leaseIn } from './lease-watch.ts';
import type { WorldParts } from './parts.ts';
import type { PromptSnapshot } from './prompt-snapshot.ts';

/** PCI slot of the card: INTA there is IRQ 11 under SeaBIOS, and nothing else of ours asks for it. */
const NIC_SLOT = 0x0f;
/** How long a cable stays out when it is re-plugged: long enough for the guest's driver and carrier watcher to notice. */
export const REPLUG_NS: Nanos = 500 * MILLISECOND;

/** What every guest's machine is made of. */
export interface GuestImages {
  readonly images: MachineImages;
  readonly wasm: WebAssembly.Module;
  readonly cmdline: string;
  readonly memoryBytes: number;
  /** Guests start from it when it is there, else they boot. */
  readonly snapshot?: PromptSnapshot | null;
}

/** What others may hear of a guest. */
export interface GuestEvents {
  console(bytes: Uint8Array, at: Nanos): void;
  prompt(exitCode: number | null): void;
  command(result: CommandResult): void;
  stage(stage: MachineStage): void;
  lease(address: Ipv4Addr): void;
  failed(error: Error): void;
  /** The snapshot could not be restored: the guest boots. */
  coldStart(why: string): void;
}

/** Bytes of seed that a restored guest's random pool gets. */
const SEED_BYTES = 64;

/** Passes frames and reads the leases that pass. */
class LeaseWatch extends LinkDecorator {
  readonly #seen: (address: Ipv4Addr) => void;
  readonly #mac: () => string;

  constructor(inner: Link, ownMac: () => string, seen: (address: Ipv4Addr) => void) {
    super(inner);
    this.#mac = ownMac;
    this.#seen = seen;
  }

  protected override received(frame: Frame): void {
    const lease = leaseIn(frame.bytes);
    if (lease !== null && lease.mac === mac(this.#mac())) this.#seen(lease.address);
    this.onReceive(frame);
  }
}

/** The machine that runs for a guest now. */
export class GuestMachine implements Disposable {
  readonly machine: Machine;
  readonly session: ConsoleSession;
  readonly control: ControlChannel;
  readonly #card: Rtl8139;
  readonly #worlds: MachineWorld;
  #mac: string;
  /** What the guest was restored from, until it was made the one the topology asks for. */
  #snapshot: PromptSnapshot | null = null;

  private constructor(
    worlds: MachineWorld,
    machine: Machine,
    card: Rtl8139,
    macText: string,
    events: GuestEvents,
  ) {
    this.#worlds = worlds;
    this.machine = machine;
    this.#card = card;
    this.#mac = macText;
    this.session = new ConsoleSession(machine, worlds);
    this.control = new ControlChannel(machine, worlds);
    this.session.onBytes = (bytes, at) => events.console(bytes, at);
    this.session.onPrompt = (exitCode) => events.prompt(exitCode);
    this.session.onCommand = (result) => events.command(result);
    machine.onStage = (stage) => {
      // A guest that reboots starts from its BIOS: whatever waited for an answer of the old system gets none.
      if (stage === 'bios') this.#forget('the machine was restarted');
      events.stage(stage);
    };
    machine.onFailed = (error) => {
      this.#forget('the machine failed');
      events.failed(error);
    };
  }

  /** Makes the machine and switches it on, with its cable unplugged. `link` is the card's wire side. If it was restored, `adopt` comes next. */
  static async powerOn(
    options: {
      readonly name: string;
      readonly mac: string;
      readonly link: Link;
      readonly images: GuestImages;
    },
    world: Pick<WorldParts, 'ids' | 'ledger'>,
    worlds: MachineWorld,
    events: GuestEvents,
  ): Promise<GuestMachine> {
    const { name, images } = options;
    const made: { card: Rtl8139 | null; guest: GuestMachine | null } = { card: null, guest: null };
    const currentMac = (): string => made.guest?.mac ?? options.mac;
    const link = new LeaseWatch(options.link, currentMac, (address) => events.lease(address));
    const machineOptions: MachineOptions = {
      id: name,
      images: images.images,
      cmdline: `${images.cmdline} tapline.host=${name}`,
      memoryBytes: images.memoryBytes,
      wasm: images.wasm,
      devices: [
        {
          slot: NIC_SLOT,
          plug: ({ memory, interrupt, clock }) => {
            made.card?.dispose();
            made.card = new Rtl8139({
              mac: mac(options.mac),
              memory,
              interrupt,
              link,
              clock,
              ids: world.ids,
              ledger: world.ledger,
              linkUp: false,
              onFault: (error) => events.failed(error instanceof Error ? error : new Error(String(error))),
            });
            return made.card;
          },
        },
      ],
    };
    let snapshot = images.snapshot ?? null;
    let machine: Machine | null = null;
    if (snapshot !== null) {
      try {
        machine = await worlds.addMachine(machineOptions, snapshot.machine);
      } catch (error) {
        snapshot = null;
        events.coldStart(error instanceof Error ? error.message : String(error));
      }
    }
    machine ??= await worlds.addMachine(machineOptions);
    if (made.card === null) throw new Error(`${name}: the machine did not plug its card`);
    const guest = new GuestMachine(worlds, machine, made.card, options.mac, events);
    made.guest = guest;
    if (snapshot !== null) guest.#resume(snapshot, events);
    return guest;
  }

  get mac(): string {
    return this.#mac;
  }

  get linkUp(): boolean {
    return this.#card.mii.linkUp;
  }

  setLink(up: boolean): void {
    this.#card.setLink(up);
  }

  /** Into the card's EEPROM; the guest's driver reads it when it is bound again (`control.rebind`). */
  setMac(text: string): void {
    this.#mac = text;
    this.#card.setMac(mac(text));
  }

  /** It was restored and is still the guest of the snapshot. */
  get restored(): boolean {
    return this.#snapshot !== null;
  }

  /**
   * Makes a restored guest the one it is to be: its MAC, its host name, its randomness (64 bytes of it); then Enter, for a prompt with the new name. The cable is still
   * unplugged. Virtual time must pass. Answers what went wrong, or null.
   */
  async adopt(name: string, seed: Uint8Array): Promise<string | null> {
    const snapshot = this.#snapshot;
    if (snapshot === null) return null;
    this.#snapshot = null;
    const steps = [this.control.seed(hex(seed.subarray(0, SEED_BYTES)))];
    if (name !== snapshot.name) steps.push(this.control.hostname(name));
    if (this.#mac !== snapshot.mac) steps.push(this.control.rebind());
    const failed = (await Promise.all(steps)).find((result) => !result.ok);
    this.machine.sendConsole(latin1Bytes('\r'));
    return failed?.ok === false ? failed.error : null;
  }

  dispose(): void {
    this.#forget('the machine was switched off');
    this.#worlds.remove(this.machine);
    this.#card.dispose();
  }

  #resume(snapshot: PromptSnapshot, events: GuestEvents): void {
    this.#snapshot = snapshot;
    // The card has the EEPROM of the snapshot.
    this.#card.setMac(mac(this.#mac));
    // Its prompt is nobody's yet: commands wait for the one that `adopt` asks for.
    this.session.restore({ ...snapshot.session, phase: 'busy' });
    this.control.restore(snapshot.control);
    events.stage(this.machine.stage);
  }

  #forget(reason: string): void {
    this.session.reset(reason);
    this.control.reset(reason);
  }
}
