/**
 * What the chip takes from its EEPROM and keeps across a soft reset: station address, CONFIG registers, their lock, the
 * clock, and registers that only keep what was written to them.
 * Follows: RTL8139C data sheet, "93C46 (93C56) Command Register", "CONFIG 0–5" and "Contents of the 93C46".
 * Leaves out: boot ROM, LEDs, power management and wake-up; their registers can be written and read.
 */
import { put48be } from '../../base/bytes.ts';
import type { MacAddr } from '../../base/address.ts';
import { Eeprom93c46, type EepromState } from './eeprom-93c46.ts';
import * as R from './registers.ts';

const PINS = R.CR9346_EECS | R.CR9346_EESK | R.CR9346_EEDI;

const CONFIG1_FIXED = R.CONFIG1_MEMMAP | R.CONFIG1_IOMAP;
/** PARM_En, Magic, LinkUp; the others are strapped. */
const CONFIG3_STORED = 0x70;
const CONFIG3_DEFAULT = 0x01;
const CONFIG4_STORED = 0xf5;
const CONFIG5_STORED = 0x7f;

// Words of the EEPROM.
const WORD_ID = 0;
const WORD_VENDOR = 1;
const WORD_DEVICE = 2;
const WORD_SUBSYSTEM_VENDOR = 3;
const WORD_SUBSYSTEM_DEVICE = 4;
const WORD_GRANT_LATENCY = 5;
const WORD_CONFIG3 = 6;
const WORD_MAC = 7;
const WORD_CONFIG0_1 = 10;
const WORD_CONFIG4 = 12;

/** Every driver takes an EEPROM without this in word 0 for absent. */
const EEPROM_ID = 0x8129;

export interface ConfigurationState {
  readonly eeprom: EepromState;
  readonly idr: Uint8Array;
  readonly kept: Uint8Array;
  readonly cr9346: number;
  readonly config: readonly [number, number, number, number, number];
  readonly clockRunning: boolean;
}

export class Configuration {
  readonly eeprom = new Eeprom93c46();
  /** IDR0–5. */
  readonly idr = new Uint8Array(6);
  /** Values of store-only registers, at their offsets. */
  readonly kept = new Uint8Array(256);
  readonly #lockIdr: boolean;
  #cr9346 = 0;
  #config0 = 0;
  #config1 = CONFIG1_FIXED;
  #config3 = CONFIG3_DEFAULT;
  #config4 = 0;
  #config5 = 0;
  #clockRunning = true;

  /** `lockIdr`: the station address, too, is written only while unlocked, as on the chip. */
  constructor(mac: MacAddr, lockIdr: boolean) {
    this.#lockIdr = lockIdr;
    this.#blankEeprom();
    this.setMac(mac);
  }

  /** Writes the MAC into the EEPROM and loads it from there. */
  setMac(mac: MacAddr): void {
    const bytes = new Uint8Array(6);
    put48be(bytes, 0, mac);
    for (let i = 0; i < 3; i++) this.eeprom.words[WORD_MAC + i] = bytes[2 * i]! | (bytes[2 * i + 1]! << 8);
    this.#loadStation();
  }

  get unlocked(): boolean {
    return (this.#cr9346 & R.CR9346_EEM_MASK) === R.CR9346_EEM_CONFIG;
  }

  get clockRunning(): boolean {
    return this.#clockRunning;
  }

  writeHltclk(letter: number): void {
    if (letter === R.HLTCLK_HALT) this.#clockRunning = false;
    else if (letter === R.HLTCLK_RUN) this.#clockRunning = true;
  }

  writeIdr(index: number, value: number): void {
    if (this.unlocked || !this.#lockIdr) this.idr[index] = value;
  }

  get cr9346(): number {
    const programming = (this.#cr9346 & R.CR9346_EEM_MASK) === R.CR9346_EEM_PROGRAM;
    return this.#cr9346 | (programming && this.eeprom.dataOut ? R.CR9346_EEDO : 0);
  }

  /** The pins act in programming mode only; leaving it deselects the EEPROM. */
  writeCr9346(value: number): void {
    const mode = value & R.CR9346_EEM_MASK;
    if (mode === R.CR9346_EEM_PROGRAM) {
      this.eeprom.setPins(
        (value & R.CR9346_EECS) !== 0,
        (value & R.CR9346_EESK) !== 0,
        (value & R.CR9346_EEDI) !== 0,
      );
    } else this.eeprom.setPins(false, false, false);
    if (mode === R.CR9346_EEM_AUTOLOAD) {
      this.#autoLoad();
      this.#cr9346 = 0;
    } else this.#cr9346 = mode | (value & PINS);
  }

  get config0(): number {
    return this.#config0;
  }

  get config1(): number {
    return this.#config1;
  }

  writeConfig1(value: number): void {
    if (this.unlocked) this.#config1 = value | CONFIG1_FIXED;
  }

  get config3(): number {
    return this.#config3;
  }

  writeConfig3(value: number): void {
    if (this.unlocked) this.#config3 = (this.#config3 & ~CONFIG3_STORED) | (value & CONFIG3_STORED);
  }

  get config4(): number {
    return this.#config4;
  }

  writeConfig4(value: number): void {
    if (this.unlocked) this.#config4 = value & CONFIG4_STORED;
  }

  get config5(): number {
    return this.#config5;
  }

  /** The one CONFIG register without a lock. */
  writeConfig5(value: number): void {
    this.#config5 = value & CONFIG5_STORED;
  }

  powerOnReset(): void {
    this.eeprom.reset();
    this.kept.fill(0);
    this.#cr9346 = 0;
    this.#config5 = 0;
    this.#clockRunning = true;
    this.#autoLoad();
  }

  save(): ConfigurationState {
    return {
      eeprom: this.eeprom.save(),
      idr: this.idr.slice(),
      kept: this.kept.slice(),
      cr9346: this.#cr9346,
      config: [this.#config0, this.#config1, this.#config3, this.#config4, this.#config5],
      clockRunning: this.#clockRunning,
    };
  }

  restore(state: ConfigurationState): void {
    this.eeprom.restore(state.eeprom);
    this.idr.set(state.idr);
    this.kept.set(state.kept);
    this.#cr9346 = state.cr9346;
    [this.#config0, this.#config1, this.#config3, this.#config4, this.#config5] = state.config;
    this.#clockRunning = state.clockRunning;
  }

  #blankEeprom(): void {
    const { words } = this.eeprom;
    words[WORD_ID] = EEPROM_ID;
    words[WORD_VENDOR] = 0x10ec;
    words[WORD_DEVICE] = 0x8139;
    words[WORD_SUBSYSTEM_VENDOR] = 0x10ec;
    words[WORD_SUBSYSTEM_DEVICE] = 0x8139;
    words[WORD_GRANT_LATENCY] = 0x4020;
    words[WORD_CONFIG3] = CONFIG3_DEFAULT << 8;
    words[WORD_CONFIG0_1] = CONFIG1_FIXED << 8;
  }

  #autoLoad(): void {
    const { words } = this.eeprom;
    this.#config0 = words[WORD_CONFIG0_1]! & 0xff;
    this.#config1 = (words[WORD_CONFIG0_1]! >>> 8) | CONFIG1_FIXED;
    this.#config3 = words[WORD_CONFIG3]! >>> 8;
    this.#config4 = (words[WORD_CONFIG4]! >>> 8) & CONFIG4_STORED;
    this.#loadStation();
  }

  #loadStation(): void {
    for (let i = 0; i < 6; i++) {
      this.idr[i] = this.eeprom.words[WORD_MAC + (i >>> 1)]! >>> (8 * (i & 1));
    }
  }
}
