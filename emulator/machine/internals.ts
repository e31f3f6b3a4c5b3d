/**
 * The slice of v86's internals that this folder uses (npm v86 0.5.462; none of it is in v86.d.ts), and the check that it is all there.
 */

/** A device as v86's PCI bus knows it. */
export interface V86PciDevice {
  readonly pci_id: number;
  readonly pci_space: number[];
  readonly pci_bars: (V86Bar | undefined)[];
  readonly name: string;
}

export interface V86Bar {
  readonly size: number;
}

export interface V86Pci {
  register_device(device: V86PciDevice): void;
  raise_irq(pciId: number): void;
  lower_irq(pciId: number): void;
  pci_write8(address: number, value: number): void;
  pci_write16(address: number, value: number): void;
  /** Configuration spaces by bus/device/function number (slot << 3), 64 words each. */
  readonly device_spaces: (Int32Array | undefined)[];
  readonly isa_bridge_space8: Uint8Array;
}

type PortRead = (this: unknown, port: number) => number;
type PortWrite = (this: unknown, value: number) => void;

export interface V86Io {
  register_read(port: number, device: object, r8: PortRead, r16: PortRead, r32: PortRead): void;
  register_write(port: number, device: object, w8: PortWrite, w16: PortWrite, w32: PortWrite): void;
  mmap_register(
    address: number,
    size: number,
    r8: (address: number) => number,
    w8: (address: number, value: number) => void,
    r32: (address: number) => number,
    w32: (address: number, value: number) => void,
  ): void;
}

export interface V86Uart {
  /** Bytes received and not yet read by the guest. */
  readonly input: number[];
}

/** A typed array over WebAssembly memory that v86 makes anew at each access (slow: for start-up only). */
export interface V86View {
  [index: number]: number;
  readonly byteOffset: number;
}

export interface V86Cpu {
  readonly io: V86Io;
  readonly devices: { readonly pci: V86Pci; readonly uart0: V86Uart; readonly uart1: V86Uart };
  readonly wasm_memory: WebAssembly.Memory;
  readonly instruction_counter: V86View;
  readonly in_hlt: V86View;
  readonly flags: V86View;
  readonly cr: V86View;
  readonly memory_size: V86View;
  /** Result of the last arithmetic instruction, from which flags are computed when somebody looks. */
  last_result: V86View;
  fpu_status_word: V86View;
  mxcsr: V86View;
  readonly mem8: Uint8Array;
  /** A live view of guest memory, cut short at its end. */
  read_blob(address: number, length: number): Uint8Array;
  write_blob(bytes: Uint8Array, address: number): void;
  /** Called on the instance after each batch of instructions; answers how many ms the processor may sleep. */
  run_hardware_timers(acpi: number, now: number): number;
  reboot_internal(): void;
  /** IRQs of the interrupt controller; raising dispatches at once when the processor takes interrupts. */
  device_raise_irq(irq: number): void;
  device_lower_irq(irq: number): void;
}

export interface V86Main {
  readonly cpu: V86Cpu;
  running: boolean;
  run(): void;
  do_tick(): void;
  /** Called with the ms until the next tick; ours replaces it. */
  yield(ms: number, tick: number): void;
  save_state(): ArrayBuffer;
  restore_state(state: Uint8Array): void;
}

export interface V86Bus {
  send(name: string, value?: unknown): void;
}

export interface V86Emulator {
  readonly v86: V86Main;
  readonly bus: V86Bus;
  add_listener(name: string, fn: (value: unknown) => void): void;
  destroy(): Promise<void>;
}

export type V86Constructor = new (options: Record<string, unknown>) => V86Emulator;

const REQUIRED: readonly (readonly [path: string, type: 'function' | 'object' | 'number'])[] = [
  ['bus.send', 'function'],
  ['v86.run', 'function'],
  ['v86.do_tick', 'function'],
  ['v86.yield', 'function'],
  ['v86.save_state', 'function'],
  ['v86.restore_state', 'function'],
  ['v86.cpu.io.register_read', 'function'],
  ['v86.cpu.io.register_write', 'function'],
  ['v86.cpu.io.mmap_register', 'function'],
  ['v86.cpu.devices.pci.register_device', 'function'],
  ['v86.cpu.devices.pci.raise_irq', 'function'],
  ['v86.cpu.devices.pci.lower_irq', 'function'],
  ['v86.cpu.devices.pci.pci_write8', 'function'],
  ['v86.cpu.devices.pci.pci_write16', 'function'],
  ['v86.cpu.devices.pci.device_spaces', 'object'],
  ['v86.cpu.devices.pci.isa_bridge_space8', 'object'],
  ['v86.cpu.devices.uart0.input', 'object'],
  ['v86.cpu.devices.uart1.input', 'object'],
  ['v86.cpu.wasm_memory.buffer', 'object'],
  ['v86.cpu.instruction_counter.byteOffset', 'number'],
  ['v86.cpu.in_hlt.byteOffset', 'number'],
  ['v86.cpu.flags.byteOffset', 'number'],
  ['v86.cpu.cr.byteOffset', 'number'],
  ['v86.cpu.memory_size.0', 'number'],
  ['v86.cpu.last_result.0', 'number'],
  ['v86.cpu.fpu_status_word.0', 'number'],
  ['v86.cpu.mxcsr.0', 'number'],
  ['v86.cpu.mem8', 'object'],
  ['v86.cpu.read_blob', 'function'],
  ['v86.cpu.write_blob', 'function'],
  ['v86.cpu.run_hardware_timers', 'function'],
  ['v86.cpu.reboot_internal', 'function'],
  ['v86.cpu.device_raise_irq', 'function'],
  ['v86.cpu.device_lower_irq', 'function'],
];

/** Names all internals that are missing or of another type; throws one error for them all. */
export function checkInternals(emulator: unknown): asserts emulator is V86Emulator {
  const wrong = REQUIRED.filter(([path, type]) => {
    const value = path
      .split('.')
      .reduce<unknown>(
        (at, key) => (at === null || at === undefined ? undefined : (at as Record<string, unknown>)[key]),
        emulator,
      );
    return typeof value !== type || value === null;
  }).map(([path, type]) => `${path} (${type})`);
  if (wrong.length > 0) {
    throw new Error(
      `this build of v86 is not the one Tapline was written for (npm v86 0.5.462): missing ${wrong.join(', ')}`,
    );
  }
}
