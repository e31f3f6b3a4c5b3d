/**
 * Raw views of the processor's state in v86's WebAssembly memory. v86's own accessors build a proxy and a view at each access (about 1 µs);
 * the scheduler reads these values several times per batch and at every time stamp counter read.
 */
import type { V86Cpu } from './internals.ts';

/** EFLAGS.IF: the processor takes interrupts. */
const FLAG_IF = 0x200;
const CR0_PAGING = 0x8000_0000 | 0;

export class ProcessorState {
  readonly #memory: WebAssembly.Memory;
  readonly #counterIndex: number;
  readonly #haltIndex: number;
  readonly #flagsIndex: number;
  readonly #cr0Index: number;
  #words: Int32Array;
  #bytes: Uint8Array;

  constructor(cpu: V86Cpu) {
    this.#memory = cpu.wasm_memory;
    this.#counterIndex = cpu.instruction_counter.byteOffset >> 2;
    this.#haltIndex = cpu.in_hlt.byteOffset;
    this.#flagsIndex = cpu.flags.byteOffset >> 2;
    this.#cr0Index = cpu.cr.byteOffset >> 2;
    this.#words = new Int32Array(this.#memory.buffer);
    this.#bytes = new Uint8Array(this.#memory.buffer);
  }

  /** The 32-bit counter of executed instructions; wraps. */
  get instructionCounter(): number {
    return this.#view()[this.#counterIndex]! >>> 0;
  }

  get halted(): boolean {
    this.#view();
    return this.#bytes[this.#haltIndex] !== 0;
  }

  get interruptsEnabled(): boolean {
    return (this.#view()[this.#flagsIndex]! & FLAG_IF) !== 0;
  }

  get pagingEnabled(): boolean {
    return (this.#view()[this.#cr0Index]! & CR0_PAGING) !== 0;
  }

  /** The memory's buffer is replaced when it grows. */
  #view(): Int32Array {
    if (this.#words.length === 0) {
      this.#words = new Int32Array(this.#memory.buffer);
      this.#bytes = new Uint8Array(this.#memory.buffer);
    }
    return this.#words;
  }
}
