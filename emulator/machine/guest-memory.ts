/**
 * Guest-physical memory for DMA. Addresses come from the guest: all of `[address, address + length)` must be RAM, and not the legacy video
 * window, else nothing happens and the answer is false. Through `read_blob`/`write_blob`, because only they know about translated code.
 */
import type { GuestMemory } from '../base/machine-ports.ts';
import type { V86Cpu } from './internals.ts';

/** The VGA window: not RAM, though below the end of it. */
const VIDEO_START = 0xa0000;
const VIDEO_END = 0xc0000;

export class V86GuestMemory implements GuestMemory {
  readonly #cpu: () => V86Cpu | null;
  #size = 0;

  /** `cpu` answers null while there is no memory to reach: the machine is off, or the device may not master the bus. */
  constructor(cpu: () => V86Cpu | null) {
    this.#cpu = cpu;
  }

  read(address: number, into: Uint8Array, at: number, length: number): boolean {
    const cpu = this.#cpu();
    if (cpu === null || !this.#isRam(cpu, address, length) || !holds(into, at, length)) return false;
    into.set(cpu.read_blob(address, length), at);
    return true;
  }

  write(address: number, from: Uint8Array, at: number, length: number): boolean {
    const cpu = this.#cpu();
    if (cpu === null || !this.#isRam(cpu, address, length) || !holds(from, at, length)) return false;
    cpu.write_blob(at === 0 && length === from.length ? from : from.subarray(at, at + length), address);
    return true;
  }

  #isRam(cpu: V86Cpu, address: number, length: number): boolean {
    if (this.#size === 0) this.#size = cpu.memory_size[0]!;
    const end = address + length;
    return (
      Number.isInteger(address) &&
      address >= 0 &&
      length >= 0 &&
      end <= this.#size &&
      (end <= VIDEO_START || address >= VIDEO_END)
    );
  }
}

const holds = (bytes: Uint8Array, at: number, length: number): boolean =>
  at >= 0 && at + length <= bytes.length;
