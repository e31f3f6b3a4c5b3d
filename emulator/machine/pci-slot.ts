/**
 * Plugs a PciDevice into a slot of v86's PCI bus: configuration space, I/O BAR, memory BAR.
 *
 * v86 moves an I/O BAR's handlers when the guest assigns an address, and wipes whatever was at the old one: initial ports lie above all that SeaBIOS
 * hands out. Memory BARs cannot move: each gets a fixed block of 128 KiB, the grain of v86's memory map. Addresses from 2 GiB up arrive negative,
 * 32-bit values signed, 16-bit memory accesses as two of 8 bits, low byte first.
 */
import type { PciDevice } from '../base/machine-ports.ts';
import { put32le } from '../base/bytes.ts';
import type { V86Cpu } from './internals.ts';

const FIRST_PORT = 0xe000;
const PORTS_PER_SLOT = 0x100;
const FIRST_MEMORY = 0xfea0_0000;
const MEMORY_BLOCK = 0x2_0000;
/** VGA ROM; what lies between it and `FIRST_MEMORY` is free. */
const MEMORY_LIMIT = 0xfeb8_0000;
const SLOTS = 32;
/** Used by v86 itself: host bridge, ISA bridge, VGA, IDE. */
const TAKEN_SLOTS: readonly number[] = [0, 1, 0x12, 0x1e];

const CONFIG_BYTES = 256;
const COMMAND = 0x04;
const COMMAND_BUS_MASTER = 0x4;
const BAR0 = 0x10;
const BAR_IS_IO = 1;

/** What the slot tells the machine about accesses: time stands at the access, and memory accesses have their own rules for interrupts. */
export interface AccessHooks {
  before(memory: boolean): void;
  after(memory: boolean): void;
}

/** The next free resources of one machine's bus. */
export class PciBus {
  readonly #cpu: V86Cpu;
  readonly #hooks: AccessHooks;
  readonly #used = new Set<number>(TAKEN_SLOTS);
  #nextPort = FIRST_PORT;
  #nextMemory = FIRST_MEMORY;

  constructor(cpu: V86Cpu, hooks: AccessHooks) {
    this.#cpu = cpu;
    this.#hooks = hooks;
    this.#ignoreEmptySlots();
  }

  /** Before the guest runs. */
  plug(slot: number, device: PciDevice): void {
    if (!Number.isInteger(slot) || slot < 0 || slot >= SLOTS || this.#used.has(slot)) {
      throw new Error(
        `PCI slot ${slot} is taken or does not exist: ${device.name} cannot be plugged in there`,
      );
    }
    this.#used.add(slot);
    const config = new Uint8Array(CONFIG_BYTES);
    config.set(device.configSpace.subarray(0, CONFIG_BYTES));
    device.bars.forEach((bar, index) => {
      const address =
        bar.kind === 'io'
          ? this.#mapPorts(device, index, bar.size)
          : this.#mapMemory(device, index, bar.size);
      put32le(config, BAR0 + 4 * index, address);
    });
    this.#cpu.devices.pci.register_device({
      pci_id: slot << 3,
      pci_space: [...config],
      pci_bars: device.bars.map(({ size }) => ({ size })),
      name: device.name,
    });
  }

  /** Whether the guest lets the device in `slot` use DMA (COMMAND register, bus master enable). */
  busMaster(slot: number): boolean {
    const command = this.#cpu.devices.pci.device_spaces[slot << 3]?.[COMMAND >> 2] ?? 0;
    return (command & COMMAND_BUS_MASTER) !== 0;
  }

  #mapPorts(device: PciDevice, bar: number, size: number): number {
    if (size > PORTS_PER_SLOT) throw new Error(`${device.name}: an I/O BAR of ${size} bytes does not fit`);
    const base = this.#nextPort;
    this.#nextPort += PORTS_PER_SLOT;
    const { io } = this.#cpu;
    const hooks = this.#hooks;
    const read = (offset: number, width: 1 | 2 | 4) => (): number => {
      hooks.before(false);
      const value = device.read(bar, offset, width);
      hooks.after(false);
      return width === 4 ? value | 0 : value;
    };
    const write =
      (offset: number, width: 1 | 2 | 4) =>
      (value: number): void => {
        hooks.before(false);
        device.write(bar, offset, width, value >>> 0);
        hooks.after(false);
      };
    for (let offset = 0; offset < size; offset++) {
      io.register_read(base + offset, device, read(offset, 1), read(offset, 2), read(offset, 4));
      io.register_write(base + offset, device, write(offset, 1), write(offset, 2), write(offset, 4));
    }
    return base | BAR_IS_IO;
  }

  #mapMemory(device: PciDevice, bar: number, size: number): number {
    const base = this.#nextMemory;
    if (size > MEMORY_BLOCK || base >= MEMORY_LIMIT)
      throw new Error(`${device.name}: a memory BAR of ${size} bytes does not fit`);
    this.#nextMemory += MEMORY_BLOCK;
    const hooks = this.#hooks;
    const offsetOf = (address: number): number => (address >>> 0) & (size - 1);
    const read = (address: number, width: 1 | 4): number => {
      // The block is larger than the BAR; what lies past it is nobody's.
      if ((address >>> 0) - base >= size) return -1;
      hooks.before(true);
      const value = device.read(bar, offsetOf(address), width);
      hooks.after(true);
      return value;
    };
    const write = (address: number, width: 1 | 4, value: number): void => {
      if ((address >>> 0) - base >= size) return;
      hooks.before(true);
      device.write(bar, offsetOf(address), width, value >>> 0);
      hooks.after(true);
    };
    this.#cpu.io.mmap_register(
      base,
      MEMORY_BLOCK,
      (address) => read(address, 1) & 0xff,
      (address, value) => write(address, 1, value & 0xff),
      (address) => read(address, 4) | 0,
      (address, value) => write(address, 4, value),
    );
    return base;
  }

  /** v86 throws when the guest writes 8 or 16 bits to the configuration space of an empty slot; hardware ignores it. */
  #ignoreEmptySlots(): void {
    const { pci } = this.#cpu.devices;
    const exists = (address: number): boolean => pci.device_spaces[(address >> 8) & 0xffff] !== undefined;
    const { pci_write8, pci_write16 } = pci;
    pci.pci_write8 = (address, value) => {
      if (exists(address)) pci_write8.call(pci, address, value);
    };
    pci.pci_write16 = (address, value) => {
      if (exists(address)) pci_write16.call(pci, address, value);
    };
  }
}
