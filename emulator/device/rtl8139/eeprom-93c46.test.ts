import { describe, expect, it } from 'vitest';
import { mac } from '../../base/address.ts';
import * as R from './registers.ts';
import { type Bench, bench } from './testing/bench.ts';

/** Works the EEPROM's pins through 9346CR as Linux's 8139too does, and counts accesses. */
class Pins {
  accesses = 0;
  readonly #bench: Bench;

  constructor(b: Bench) {
    this.#bench = b;
  }

  write(pins: number): void {
    this.accesses++;
    this.#bench.driver.write8(R.CR9346, R.CR9346_EEM_PROGRAM | pins);
  }

  read(): number {
    this.accesses++;
    return this.#bench.driver.read8(R.CR9346);
  }

  /** A write followed by a read, which flushes it on a real bus. */
  set(pins: number): void {
    this.write(pins);
    this.read();
  }

  select(): void {
    this.set(0);
    this.set(R.CR9346_EECS);
  }

  deselect(): void {
    this.accesses++;
    this.#bench.driver.write8(R.CR9346, 0);
  }

  shiftIn(value: number, bits: number): void {
    for (let i = bits - 1; i >= 0; i--) {
      const pins = R.CR9346_EECS | ((value >>> i) & 1 ? R.CR9346_EEDI : 0);
      this.set(pins);
      this.set(pins | R.CR9346_EESK);
    }
    this.set(R.CR9346_EECS);
  }

  shiftOut(): number {
    let value = 0;
    for (let i = 0; i < 16; i++) {
      this.set(R.CR9346_EECS | R.CR9346_EESK);
      value = (value << 1) | (this.read() & R.CR9346_EEDO);
      this.set(R.CR9346_EECS);
    }
    return value;
  }

  /** Reads a word with an address of `addressBits` bits, two leading zeros and all. */
  readWord(word: number, addressBits: number): number {
    this.select();
    this.shiftIn((0b110 << addressBits) | word, addressBits + 5);
    const value = this.shiftOut();
    this.deselect();
    return value;
  }

  /** A command of a start bit, two opcode bits and six address bits, with data if there is any. */
  command(opcode: number, address: number, data?: number): void {
    this.select();
    this.shiftIn((0b100 << 6) | (opcode << 6) | address, 9);
    if (data !== undefined) this.shiftIn(data, 16);
    this.deselect();
  }

  ready(): number {
    this.select();
    const ready = this.read() & R.CR9346_EEDO;
    this.deselect();
    return ready;
  }
}

const pins = (): Pins => new Pins(bench());

describe('the serial EEPROM', () => {
  it('gives id and MAC to a 6-bit read, in as many accesses as Linux needs', () => {
    const p = pins();
    expect([0, 7, 8, 9].map((word) => p.readWord(word, 6))).toEqual([0x8129, 0x5452, 0x1200, 0x5634]);
    expect(p.accesses).toBe(4 * 131);
  });

  it('gives something else than the id to an 8-bit read, so that drivers fall back to six bits', () => {
    const p = pins();
    expect(p.readWord(0, 8)).toBe(0x04a4);
    expect(p.accesses).toBe(139);
  });

  it('ignores leading zeros and idles at 1', () => {
    const p = pins();
    p.select();
    p.shiftIn(0, 5);
    expect(p.read() & R.CR9346_EEDO).toBe(1);
    p.shiftIn(0b110 << 6, 9);
    expect(p.read() & R.CR9346_EEDO).toBe(0);
    expect(p.shiftOut()).toBe(0x8129);
  });

  it('takes a second command without a chip select cycle when a start bit comes', () => {
    const p = pins();
    p.select();
    p.shiftIn((0b110 << 6) | 7, 9);
    expect(p.shiftOut()).toBe(0x5452);
    p.shiftIn((0b110 << 6) | 9, 9);
    expect(p.shiftOut()).toBe(0x5634);
  });

  it('goes on with the next word otherwise, and from the last to the first', () => {
    const p = pins();
    p.select();
    p.shiftIn((0b110 << 6) | 63, 9);
    expect([p.shiftOut(), p.shiftOut(), p.shiftOut()]).toEqual([0, 0x8129, 0x10ec]);
  });

  it('refuses writes before they are enabled, then writes and says ready', () => {
    const p = pins();
    p.command(0b01, 0x20, 0xbeef);
    expect(p.readWord(0x20, 6)).toBe(0);
    p.command(0b00, 0b110000);
    p.command(0b01, 0x20, 0xbeef);
    expect(p.ready()).toBe(1);
    expect(p.readWord(0x20, 6)).toBe(0xbeef);
    p.command(0b00, 0b000000);
    p.command(0b01, 0x20, 0x1111);
    expect(p.readWord(0x20, 6)).toBe(0xbeef);
  });

  it('erases one word or all, and writes all', () => {
    const p = pins();
    p.command(0b00, 0b110000);
    p.command(0b11, 7);
    expect([p.readWord(7, 6), p.readWord(8, 6)]).toEqual([0xffff, 0x1200]);
    p.command(0b00, 0b010000, 0x1234);
    expect([p.readWord(0, 6), p.readWord(63, 6)]).toEqual([0x1234, 0x1234]);
    p.command(0b00, 0b100000);
    expect([p.readWord(0, 6), p.readWord(63, 6)]).toEqual([0xffff, 0xffff]);
  });

  it('does nothing on pins outside programming mode, and is deselected by leaving it', () => {
    const b = bench();
    const p = new Pins(b);
    p.select();
    p.shiftIn(0b1100, 4);
    b.driver.write8(R.CR9346, R.CR9346_EECS | R.CR9346_EESK);
    p.set(R.CR9346_EECS);
    p.shiftIn(0, 5);
    expect(p.read() & R.CR9346_EEDO).toBe(1);
  });

  it('auto-loads the station address and CONFIG1 and returns to normal mode', () => {
    const b = bench();
    const p = new Pins(b);
    p.command(0b00, 0b110000);
    p.command(0b01, 7, 0x2211);
    p.command(0b01, 10, 0x2c00);
    expect(b.driver.read16(R.IDR0)).toBe(0x5452);
    b.driver.write8(R.CR9346, R.CR9346_EEM_AUTOLOAD);
    expect(b.driver.read8(R.CR9346)).toBe(0);
    expect(b.driver.read16(R.IDR0)).toBe(0x2211);
    expect(b.driver.read8(R.CONFIG1)).toBe(0x2c);
  });

  it('gets the new address from setMac, as IDR does', () => {
    const b = bench();
    b.card.setMac(mac('00:1b:78:0a:00:20'));
    const p = new Pins(b);
    expect([7, 8, 9].map((word) => p.readWord(word, 6))).toEqual([0x1b00, 0x0a78, 0x2000]);
    expect([b.driver.read32(R.IDR0), b.driver.read16(R.IDR0 + 4)]).toEqual([0x0a781b00, 0x2000]);
  });
});
