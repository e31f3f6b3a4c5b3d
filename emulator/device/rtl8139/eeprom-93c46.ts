/**
 * The serial EEPROM 93C46 (64 words of 16 bits) that holds the card's MAC, seen from its four pins.
 * Follows: 93C46 data sheets (start bit, two opcode bits, six address bits; data after a dummy zero).
 * Leaves out: the time a write takes (ready at once).
 * Invariant: nothing happens except on a rising clock or chip select edge.
 */

const WORDS = 64;
/** Opcode and address. */
const COMMAND_BITS = 8;
const DATA_BITS = 16;

const OP_EXTENDED = 0b00;
const OP_WRITE = 0b01;
const OP_READ = 0b10;
const OP_ERASE = 0b11;

type Phase = 'start' | 'command' | 'read' | 'write' | 'write-all' | 'done';

export interface EepromState {
  readonly words: Uint16Array;
  readonly select: boolean;
  readonly clock: boolean;
  readonly dataOut: boolean;
  readonly writeEnabled: boolean;
  readonly phase: Phase;
  readonly shift: number;
  readonly bits: number;
  readonly address: number;
}

export class Eeprom93c46 {
  readonly words = new Uint16Array(WORDS);
  #select = false;
  #clock = false;
  #dataOut = true;
  #writeEnabled = false;
  #phase: Phase = 'start';
  /** Bits on their way in or out. */
  #shift = 0;
  /** How many bits of the current phase are done (in) or left (out). */
  #bits = 0;
  #address = 0;

  /** The DO pin; 1 when idle. */
  get dataOut(): boolean {
    return this.#dataOut;
  }

  /** Sets the CS, SK and DI pins; edges are found by comparing with the last call. */
  setPins(select: boolean, clock: boolean, dataIn: boolean): void {
    const selected = select && !this.#select;
    const clocked = clock && !this.#clock;
    this.#select = select;
    this.#clock = clock;
    if (!select || selected) {
      // Ready (1) is what a driver finds after a write when it selects the chip again.
      this.#phase = 'start';
      this.#dataOut = true;
    }
    if (select && clocked) this.#rise(dataIn ? 1 : 0);
  }

  /** Power-on: pins low, writes disabled; the contents stay. */
  reset(): void {
    this.setPins(false, false, false);
    this.#writeEnabled = false;
  }

  save(): EepromState {
    return {
      words: this.words.slice(),
      select: this.#select,
      clock: this.#clock,
      dataOut: this.#dataOut,
      writeEnabled: this.#writeEnabled,
      phase: this.#phase,
      shift: this.#shift,
      bits: this.#bits,
      address: this.#address,
    };
  }

  restore(state: EepromState): void {
    this.words.set(state.words.subarray(0, WORDS));
    this.#select = state.select;
    this.#clock = state.clock;
    this.#dataOut = state.dataOut;
    this.#writeEnabled = state.writeEnabled;
    this.#phase = state.phase;
    this.#shift = state.shift;
    this.#bits = state.bits;
    this.#address = state.address;
  }

  #rise(bit: 0 | 1): void {
    switch (this.#phase) {
      case 'start':
        if (bit === 1) this.#begin('command');
        return;
      case 'command':
        if (this.#take(bit) === COMMAND_BITS) this.#decode();
        return;
      case 'read':
        this.#shiftOut(bit);
        return;
      case 'write':
        if (this.#take(bit) === DATA_BITS) this.#store(this.#address, this.#address, this.#shift);
        return;
      case 'write-all':
        if (this.#take(bit) === DATA_BITS) this.#store(0, WORDS - 1, this.#shift);
        return;
      case 'done':
        return;
    }
  }

  #begin(phase: Phase): void {
    this.#phase = phase;
    this.#shift = 0;
    this.#bits = 0;
  }

  /** Shifts a bit in; returns how many are in. */
  #take(bit: 0 | 1): number {
    this.#shift = (this.#shift << 1) | bit;
    return ++this.#bits;
  }

  #decode(): void {
    const opcode = this.#shift >>> 6;
    this.#address = this.#shift & (WORDS - 1);
    if (opcode === OP_READ) {
      this.#phase = 'read';
      this.#load();
      this.#dataOut = false;
    } else if (opcode === OP_WRITE) this.#begin('write');
    else if (opcode === OP_ERASE) this.#store(this.#address, this.#address, 0xffff);
    else if (opcode === OP_EXTENDED) this.#extended(this.#address >>> 4);
  }

  /** Opcode 00: the top two address bits say what to do. */
  #extended(kind: number): void {
    if (kind === 0b01) {
      this.#begin('write-all');
      return;
    }
    if (kind === 0b10) this.#store(0, WORDS - 1, 0xffff);
    else this.#writeEnabled = kind === 0b11;
    this.#phase = 'done';
  }

  #load(): void {
    this.#shift = this.words[this.#address]!;
    this.#bits = DATA_BITS;
  }

  /**
   * The next data bit. After sixteen, a 1 on DI is the start bit of another command (FreeBSD's rl reads on without a chip select
   * cycle); else the next word follows.
   */
  #shiftOut(dataIn: 0 | 1): void {
    if (this.#bits === 0) {
      if (dataIn === 1) {
        this.#begin('command');
        this.#dataOut = true;
        return;
      }
      this.#address = (this.#address + 1) & (WORDS - 1);
      this.#load();
    }
    this.#bits--;
    this.#dataOut = ((this.#shift >>> this.#bits) & 1) === 1;
  }

  #store(first: number, last: number, value: number): void {
    if (this.#writeEnabled) this.words.fill(value, first, last + 1);
    this.#phase = 'done';
  }
}
