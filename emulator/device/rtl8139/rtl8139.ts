/**
 * The Realtek RTL8139C network card: owns the parts named after the data sheet's chapters, and joins them to the machine on one side
 * and to the link on the other.
 * Follows: RTL8139C(L) data sheet; behaviour of the Linux, iPXE, BSD and ReactOS drivers where it is silent.
 * Leaves out: C+ descriptor rings (revision 0x20), wake-up, boot ROM, early receive and transmit.
 *
 * Frames that arrive while the guest is inside a register access wait for a clock timer at the same instant, so nothing recurses and
 * the guest finds the ring after its instruction as it was before.
 */
import type { MacAddr } from '../../base/address.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Disposable } from '../../base/disposable.ts';
import type { Frame, PacketIds } from '../../base/frame.ts';
import { type Ledger, NULL_LEDGER } from '../../base/ledger.ts';
import { ignoreFrame, ignoreReady, type Link } from '../../base/link.ts';
import {
  type DeviceEvents,
  type GuestMemory,
  type InterruptLine,
  NO_EVENTS,
  type PciDevice,
} from '../../base/machine-ports.ts';
import { type AccessWidth, RegisterFile, type RegisterView } from '../register-file.ts';
import { Configuration } from './configuration.ts';
import { rtl8139Counters, type Rtl8139Counters } from './counters.ts';
import { Interrupts } from './interrupts.ts';
import { Mii } from './mii.ts';
import { pciConfigSpace, RTL8139_BARS } from './pci-config.ts';
import { Receiver } from './receive.ts';
import { REGISTER_MAP } from './register-map.ts';
import * as R from './registers.ts';
import type { Rtl8139State } from './state.ts';
import { GeneralTimer } from './timer.ts';
import { Transmitter } from './transmit.ts';
import { RTL8139C } from './variant.ts';

export interface Rtl8139Options {
  readonly mac: MacAddr;
  readonly memory: GuestMemory;
  readonly interrupt: InterruptLine;
  readonly link: Link;
  readonly clock: Clock;
  readonly ids: PacketIds;
  readonly ledger?: Ledger;
  readonly events?: DeviceEvents;
  /** Whether the cable is plugged at power-on; true when absent. */
  readonly linkUp?: boolean;
  /** Up to 64 frames that find the ring full wait for room before frames are lost; true when absent. */
  readonly holdWhenFull?: boolean;
  /** The station address is written only while the configuration is unlocked; true when absent. Some old drivers do not unlock. */
  readonly lockIdr?: boolean;
  /** Told of an error of this program that was caught at the register window, where it would end the emulator. */
  readonly onFault?: (error: unknown) => void;
}

export class Rtl8139 implements PciDevice, Disposable {
  readonly name = 'rtl8139';
  readonly configSpace = pciConfigSpace(RTL8139C.revision);
  readonly bars = RTL8139_BARS;
  readonly counters: Rtl8139Counters = rtl8139Counters();
  readonly configuration: Configuration;
  readonly mii: Mii;
  readonly interrupts: Interrupts;
  readonly timer: GeneralTimer;
  readonly transmit: Transmitter;
  readonly receive: Receiver;
  readonly #registers: RegisterFile<Rtl8139>;
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #events: DeviceEvents;
  readonly #onFault: (error: unknown) => void;
  /** Delivers waiting frames. */
  readonly #drain: Timer;
  /** Inside a register access, a delivery or a transmission: frames that arrive now wait. */
  #busy = false;

  constructor(options: Rtl8139Options) {
    const { memory, clock, ids } = options;
    const ledger = options.ledger ?? NULL_LEDGER;
    const events = options.events ?? NO_EVENTS;
    this.#clock = clock;
    this.#ledger = ledger;
    this.#events = events;
    this.#onFault = options.onFault ?? (() => undefined);
    this.configuration = new Configuration(options.mac, options.lockIdr ?? true);
    this.mii = new Mii(options.linkUp ?? true);
    this.interrupts = new Interrupts(options.interrupt, ledger);
    this.timer = new GeneralTimer(clock, () => {
      this.interrupts.raise(R.ISR_TIMEOUT);
      events.changed();
    });
    this.#drain = clock.timer(() => this.#deliverWaiting());
    const shared = { memory, ledger, events, interrupts: this.interrupts, counters: this.counters };
    this.receive = new Receiver({
      ...shared,
      station: this.configuration.idr,
      requestDrain: () => this.#drain.arm(clock.now()),
      holdWhenFull: options.holdWhenFull ?? true,
    });
    this.transmit = new Transmitter(
      {
        ...shared,
        ids,
        hwVerId: RTL8139C.hwVerId,
        clockRunning: () => this.configuration.clockRunning,
        carrier: () => this.mii.linkUp,
        loopback: (frame) => this.#loopBack(frame),
      },
      options.link,
    );
    this.#registers = new RegisterFile<Rtl8139>(this, REGISTER_MAP, (kind, offset, width, value) =>
      events.unmodelled(kind, offset, width, value),
    );
    this.attach(options.link);
  }

  read(bar: number, offset: number, width: AccessWidth): number {
    if (bar < 0 || bar >= this.bars.length) return 0;
    if (this.#ledger.enabled) this.#ledger.count('registerReads', 1);
    try {
      return this.#registers.read(offset, width);
    } catch (error) {
      this.#fault(error);
      return 0;
    }
  }

  write(bar: number, offset: number, width: AccessWidth, value: number): void {
    if (bar < 0 || bar >= this.bars.length) return;
    if (this.#ledger.enabled) this.#ledger.count('registerWrites', 1);
    const before = this.#busy;
    this.#busy = true;
    try {
      this.#registers.write(offset, width, value);
    } catch (error) {
      this.#fault(error);
    }
    this.#busy = before;
    this.#events.changed();
  }

  /** As after a machine reset: everything but the EEPROM's contents, the cable and the counters. */
  powerOnReset(): void {
    this.#softReset();
    this.configuration.powerOnReset();
    this.receive.powerOnReset();
    this.mii.powerOnReset();
    this.#events.changed();
  }

  /** The cable was plugged (true) or pulled. The guest sees it in BMSR, MSR and CSCR and gets an interrupt. */
  setLink(up: boolean): void {
    if (!this.mii.setLink(up)) return;
    this.interrupts.raise(R.ISR_PUN_LINKCHG);
    this.#sendWaiting();
    this.#events.changed();
  }

  /** Gives the card another address: in the EEPROM and, as after auto-load, in IDR. A running driver keeps the one it read. */
  setMac(mac: MacAddr): void {
    this.configuration.setMac(mac);
    this.#events.changed();
  }

  /** Connects the card's wire side to `link`, and lets go of the one before. */
  attach(link: Link): void {
    const before = this.transmit.link;
    before.onReceive = ignoreFrame;
    before.onReady = ignoreReady;
    this.transmit.link = link;
    link.onReceive = (frame) => this.#arrive(frame);
    link.onReady = () => this.#sendWaiting();
  }

  /** All registers with their values, for a panel. No side effects. */
  describeRegisters(): RegisterView[] {
    return this.#registers.views();
  }

  dispose(): void {
    this.transmit.link.onReceive = ignoreFrame;
    this.transmit.link.onReady = ignoreReady;
    this.#drain.dispose();
    this.timer.dispose();
  }

  save(): Rtl8139State {
    return {
      version: 1,
      registers: this.#registers.save(),
      configuration: this.configuration.save(),
      mii: this.mii.save(),
      interrupts: this.interrupts.save(),
      timer: this.timer.save(),
      transmit: this.transmit.save(),
      receive: this.receive.save(),
      drain: this.#drain.save(),
      counters: { ...this.counters, drops: { ...this.counters.drops } },
    };
  }

  /** Throws on a state of another version. The link keeps its own state; the interrupt line is set anew. */
  restore(state: Rtl8139State): void {
    if (state.version !== 1) throw new Error(`RTL8139 state of version ${String(state.version)}, expected 1`);
    this.#registers.restore(state.registers);
    this.configuration.restore(state.configuration);
    this.mii.restore(state.mii);
    this.timer.restore(state.timer);
    this.transmit.restore(state.transmit);
    this.receive.restore(state.receive);
    this.#drain.restore(state.drain);
    const { drops, ...counters } = state.counters;
    Object.assign(this.counters, counters);
    Object.assign(this.counters.drops, drops);
    this.interrupts.restore(state.interrupts);
    this.#events.changed();
  }

  // What the register map uses.

  readCr(): number {
    return (
      (this.receive.enabled ? R.CR_RE : 0) |
      (this.transmit.enabled ? R.CR_TE : 0) |
      (this.receive.empty ? R.CR_BUFE : 0)
    );
  }

  /** RST ends before the write does and comes first, so RE and TE in the same write take effect. */
  writeCr(value: number): void {
    if (value & R.CR_RST) this.#softReset();
    this.receive.setEnabled((value & R.CR_RE) !== 0);
    this.transmit.setEnabled((value & R.CR_TE) !== 0);
  }

  /** Halting stops both directions; registers stay readable. */
  writeHltclk(letter: number): void {
    this.configuration.writeHltclk(letter);
    if (!this.configuration.clockRunning) return;
    this.transmit.run();
    if (this.receive.drainable) this.#drain.arm(this.#clock.now());
  }

  readKept(at: number, width: AccessWidth): number {
    const { kept } = this.configuration;
    let value = 0;
    for (let i = 0; i < width; i++) value |= kept[at + i]! << (8 * i);
    return value >>> 0;
  }

  writeKept(at: number, width: AccessWidth, value: number): void {
    for (let i = 0; i < width; i++) this.configuration.kept[at + i] = value >>> (8 * i);
  }

  /** CR.RST: keeps IDR, MAR, the CONFIG registers, 9346CR's mode, the PHY and the EEPROM (data sheet). */
  #softReset(): void {
    this.#registers.reset();
    this.transmit.reset();
    this.receive.reset();
    this.timer.reset();
    this.interrupts.reset();
    this.writeKept(R.MULINT, 2, 0);
  }

  #arrive(frame: Frame): void {
    if (!this.receive.enabled || !this.configuration.clockRunning || !this.mii.linkUp) {
      this.counters.drops.rxOff++;
      return;
    }
    const before = this.#busy;
    this.#busy = true;
    try {
      this.receive.accept(frame, before);
    } finally {
      this.#busy = before;
    }
    this.#events.changed();
  }

  #loopBack(frame: Frame): void {
    if (this.receive.enabled) this.receive.accept(frame, true);
    else this.counters.drops.rxOff++;
  }

  /** More may be waiting after a bounded call; it goes on with the next event. */
  #deliverWaiting(): void {
    if (!this.configuration.clockRunning) return;
    this.#busy = true;
    try {
      this.receive.drain();
    } finally {
      this.#busy = false;
    }
    if (this.receive.drainable) this.#drain.arm(this.#clock.now());
    this.#events.changed();
  }

  /** The link can take frames again, or the wait for it is pointless. */
  #sendWaiting(): void {
    const before = this.#busy;
    this.#busy = true;
    try {
      this.transmit.run();
    } finally {
      this.#busy = before;
    }
    this.#events.changed();
  }

  #fault(error: unknown): void {
    this.counters.faults++;
    this.#onFault(error);
  }
}
