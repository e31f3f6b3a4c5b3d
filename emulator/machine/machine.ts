/**
 * A PC: v86 with our devices on its PCI bus, two serial ports, and a processor under virtual time. Made by `MachineWorld.addMachine`.
 *
 * Stages of a boot: `off`, `bios`, `kernel` (paging is on), `userland` (the first console output), and `failed` when something escaped from v86. The guest
 * resetting itself is a power cycle: v86's own reset does not load the kernel again.
 */
import type { Clock, Nanos } from '../base/clock.ts';
import type { GuestMemory, InterruptLine, PciDevice } from '../base/machine-ports.ts';
import type { Xoshiro128 } from '../base/random.ts';
import type { VirtualClock } from '../time/virtual-clock.ts';
import { ConsolePort, type ConsolePortState } from './console-port.ts';
import { V86GuestMemory } from './guest-memory.ts';
import type { V86Cpu, V86Emulator, V86Uart } from './internals.ts';
import { PciBus } from './pci-slot.ts';
import { Processor, type SavedProcessor } from './processor.ts';
import type { Realm } from './realm.ts';
import { startV86 } from './start-v86.ts';

/** 115200 baud, 8N1. */
const CONSOLE_BYTES_PER_SECOND = 11_520;
/** ttyS1 carries files and control messages; no person types there, so it is as fast as a guest takes it. */
const CONTROL_BYTES_PER_SECOND = 160_000;

export type MachineStage = 'off' | 'bios' | 'kernel' | 'userland' | 'failed';

export interface MachineImages {
  readonly bios: ArrayBuffer;
  readonly vgaBios?: ArrayBuffer;
  /** Without a kernel the machine stops in its BIOS. */
  readonly bzImage?: ArrayBuffer;
  readonly initrd?: ArrayBuffer;
}

/** All a device in a slot may use. Valid over power cycles. */
export interface SlotPorts {
  /** DMA; refused while the guest has not enabled bus mastering for this slot. */
  readonly memory: GuestMemory;
  readonly interrupt: InterruptLine;
  readonly clock: Clock;
  /** Occupies the machine's processor for `ns` of virtual time. */
  charge(ns: Nanos): void;
}

export interface DeviceSlot {
  /** PCI slot, e.g. 0x0f (IRQ 11 under SeaBIOS). */
  readonly slot: number;
  /** Called once, when the machine is made. */
  plug(ports: SlotPorts): PciDevice;
}

export interface MachineOptions {
  /** Name in messages, e.g. `vm1`. */
  readonly id: string;
  readonly images: MachineImages;
  readonly cmdline: string;
  /** RAM; v86 puts the initrd at 64 MiB, so a cold boot needs more than that. */
  readonly memoryBytes: number;
  readonly devices: readonly DeviceSlot[];
  /** v86.wasm as bytes, or compiled once for all machines by `compileV86`. */
  readonly wasm: WebAssembly.Module | BufferSource;
}

/** A machine between two batches: plain data. Version 1 belongs to npm v86 0.5.462. */
export interface MachineState {
  readonly version: 1;
  readonly memoryBytes: number;
  /** World time at which it was saved. */
  readonly savedAt: Nanos;
  readonly stage: MachineStage;
  readonly processor: SavedProcessor;
  readonly console: ConsolePortState;
  readonly control: ConsolePortState;
  readonly devices: readonly { readonly slot: number; readonly name: string; readonly state: unknown }[];
}

/** What a machine needs of its world. */
export interface MachineHost {
  readonly realm: Realm;
  readonly clock: VirtualClock;
  readonly instructionNs: number;
  readonly random: Xoshiro128;
  /** Virtual time of input that arrives now; wakes a sleeping world. */
  inputTime(): Nanos;
  addRunner(processor: Processor): void;
  removeRunner(processor: Processor): void;
  /** Virtual time stands until `work` is done. */
  hold(work: Promise<void>): void;
}

interface PluggedDevice {
  readonly slot: number;
  readonly device: PciDevice;
}

export class Machine {
  readonly id: string;
  /** ttyS0. Use `sendConsole` to type. */
  readonly console: ConsolePort;
  /** ttyS1. */
  readonly control: ConsolePort;
  onStage: (stage: MachineStage) => void = () => undefined;
  /** Something escaped from v86 or a device; told once, the machine is off for good, the world goes on. */
  onFailed: (error: Error) => void = () => undefined;
  readonly #options: MachineOptions;
  readonly #host: MachineHost;
  readonly #devices: PluggedDevice[];
  #stage: MachineStage = 'off';
  #emulator: V86Emulator | null = null;
  #processor: Processor | null = null;
  #bus: PciBus | null = null;
  #resetWanted = false;

  constructor(host: MachineHost, options: MachineOptions) {
    this.id = options.id;
    this.#host = host;
    this.#options = options;
    this.console = new ConsolePort(host.clock, CONSOLE_BYTES_PER_SECOND);
    this.control = new ConsolePort(host.clock, CONTROL_BYTES_PER_SECOND);
    this.#devices = options.devices.map(({ slot, plug }) => ({ slot, device: plug(this.#slotPorts(slot)) }));
  }

  get stage(): MachineStage {
    return this.#stage;
  }

  /** Guest instructions since power-on. */
  get instructions(): number {
    return this.#processor?.instructions ?? 0;
  }

  /** Time of this machine's processor; the world's while it is off. */
  get localNow(): Nanos {
    return this.#processor?.localNow ?? this.#host.clock.now();
  }

  /** Types at ttyS0. The bytes are copied; in a `paced` world they arrive now, as the wall clock says. */
  sendConsole(bytes: Uint8Array): void {
    this.console.send(bytes, this.#host.inputTime());
  }

  /** Sends on ttyS1. */
  sendControl(bytes: Uint8Array): void {
    this.control.send(bytes, this.#host.inputTime());
  }

  /** Occupies the processor for `ns` of virtual time. */
  charge(ns: Nanos): void {
    this.#processor?.charge(ns);
  }

  /** Loads v86 and the images; the processor starts at the world's time. Rejects when v86 cannot be set up. */
  async powerOn(): Promise<void> {
    if (this.#emulator !== null) throw new Error(`${this.id} is already on`);
    const processor = this.#assemble(await startV86(this.#host.realm, this.#options));
    for (const { device } of this.#devices) device.powerOnReset();
    processor.start();
    this.#host.addRunner(processor);
    this.#enterStage('bios');
  }

  /**
   * All of the machine, its devices included; between batches. The images and the cables are not in it, nor what sessions and channels know.
   * Virtual time stands while the machine itself goes over into a new emulator, as a restored one does: both go on alike, to the instruction.
   */
  async save(): Promise<MachineState> {
    const state = this.#capture();
    const work = this.#remake(state);
    this.#host.hold(work);
    await work;
    return state;
  }

  async #remake(state: MachineState): Promise<void> {
    const before = this.#emulator;
    const emulator = await this.#startWithoutKernel();
    if (this.#emulator !== before) return;
    try {
      // What was typed since then waits in the ports.
      const ports = { console: this.console.save(), control: this.control.save() };
      this.#dropEmulator();
      this.#resume(emulator, { ...state, ...ports }, 0);
    } catch (error) {
      this.#fail(error);
    }
  }

  #capture(): MachineState {
    if (this.#processor === null) throw new Error(`${this.id} is off`);
    return {
      version: 1,
      memoryBytes: this.#options.memoryBytes,
      savedAt: this.#host.clock.now(),
      stage: this.#stage,
      processor: this.#processor.save(),
      console: this.console.save(),
      control: this.control.save(),
      devices: this.#devices.map(({ slot, device }) => ({
        slot,
        name: device.name,
        state: device.save?.() ?? null,
      })),
    };
  }

  /**
   * Switches the machine on as it was saved, in place of `powerOn`. The world must have come at least as far as it had then; what is later goes on later
   * by the difference (except the times that a device keeps). Rejects when the state is another machine's; it is off then and may boot.
   */
  async restore(state: MachineState): Promise<void> {
    if (this.#emulator !== null) throw new Error(`${this.id} is already on`);
    const delay = this.#host.clock.now() - state.savedAt;
    if (delay < 0) throw new Error(`${this.id}: the state is from the world's future`);
    this.#checkState(state);
    const emulator = await this.#startWithoutKernel();
    try {
      this.#resume(emulator, state, delay);
    } catch (error) {
      this.#dropEmulator();
      throw new Error(`${this.id}: the saved state cannot be restored`, { cause: error });
    }
    this.#enterStage(state.stage);
  }

  /** The kernel and its initrd are in the saved memory. */
  #startWithoutKernel(): Promise<V86Emulator> {
    const { bios, vgaBios } = this.#options.images;
    return startV86(this.#host.realm, { ...this.#options, images: { bios, ...(vgaBios && { vgaBios }) } });
  }

  #resume(emulator: V86Emulator, state: MachineState, delay: Nanos): void {
    const processor = this.#assemble(emulator);
    processor.start();
    processor.restore(state.processor, delay);
    this.console.restore(state.console, delay);
    this.control.restore(state.control, delay);
    for (const [i, { device }] of this.#devices.entries()) device.restore?.(state.devices[i]!.state);
    this.#host.addRunner(processor);
  }

  #checkState({ version, memoryBytes, devices }: MachineState): void {
    const same =
      version === 1 &&
      memoryBytes === this.#options.memoryBytes &&
      devices.length === this.#devices.length &&
      this.#devices.every(
        ({ slot, device }, i) => devices[i]!.slot === slot && devices[i]!.name === device.name,
      );
    if (!same) throw new Error(`${this.id}: the saved state is that of another machine`);
  }

  /** v86 with our devices, ports and clock; it has not run. */
  #assemble(emulator: V86Emulator): Processor {
    const { realm, clock, random, instructionNs } = this.#host;
    const { cpu } = emulator.v86;
    const processor = new Processor(realm, clock, emulator, random, instructionNs, {
      afterBatch: () => this.#afterBatch(),
      failed: (error) => this.#fail(error),
    });
    this.#emulator = emulator;
    this.#processor = processor;
    this.#bus = new PciBus(cpu, {
      before: (memory) => {
        // First, so that an event that is due now raises no interrupt into the access.
        if (memory) processor.lines.enterMmio();
        clock.catchUp();
      },
      after: (memory) => {
        if (memory) processor.lines.leaveMmio();
      },
    });
    for (const { slot, device } of this.#devices) this.#bus.plug(slot, device);
    cpu.reboot_internal = () => {
      this.#resetWanted = true;
    };
    this.#connect(emulator, 'serial0', cpu.devices.uart0, this.console);
    this.#connect(emulator, 'serial1', cpu.devices.uart1, this.control);
    return processor;
  }

  /** Pulls the plug. */
  powerOff(): void {
    this.#dropEmulator();
    if (this.#stage !== 'failed') this.#enterStage('off');
  }

  /** Off and on again; virtual time stands meanwhile. */
  powerCycle(): void {
    this.powerOff();
    this.#host.hold(this.powerOn().catch((error: unknown) => this.#fail(error)));
  }

  dispose(): void {
    this.powerOff();
    this.console.dispose();
    this.control.dispose();
  }

  #slotPorts(slot: number): SlotPorts {
    return {
      memory: new V86GuestMemory((): V86Cpu | null =>
        this.#bus?.busMaster(slot) === true ? (this.#emulator?.v86.cpu ?? null) : null,
      ),
      interrupt: { set: (asserted) => this.#processor?.lines.set(slot, asserted) },
      clock: this.#host.clock,
      charge: (ns) => this.charge(ns),
    };
  }

  #connect(emulator: V86Emulator, name: string, uart: V86Uart, port: ConsolePort): void {
    emulator.add_listener(`${name}-output-byte`, (byte) => {
      if (emulator === this.#emulator) port.written(byte as number);
    });
    port.connect({
      unread: () => uart.input.length,
      receive: (byte) => emulator.bus.send(`${name}-input`, byte),
    });
  }

  #afterBatch(): void {
    if (this.#stage === 'bios' && this.#processor?.state.pagingEnabled === true) this.#enterStage('kernel');
    if (this.#stage === 'kernel' && this.console.hasOutput) this.#enterStage('userland');
    this.console.flush();
    this.control.flush();
    if (this.#resetWanted) {
      this.#resetWanted = false;
      this.powerCycle();
    }
  }

  #fail(error: unknown): void {
    this.#dropEmulator();
    this.#enterStage('failed');
    this.onFailed(error instanceof Error ? error : new Error(`${this.id}: ${String(error)}`));
  }

  #dropEmulator(): void {
    if (this.#processor !== null) {
      this.#processor.stop();
      this.#host.removeRunner(this.#processor);
    }
    this.console.flush();
    this.control.flush();
    this.console.connect(null);
    this.control.connect(null);
    this.#processor = null;
    this.#emulator = null;
    this.#bus = null;
    for (const { device } of this.#devices) device.powerOnReset();
  }

  #enterStage(stage: MachineStage): void {
    if (this.#stage === stage) return;
    this.#stage = stage;
    this.onStage(stage);
  }
}
