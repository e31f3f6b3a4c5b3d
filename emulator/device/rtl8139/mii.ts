/**
 * The PHY inside the chip and the link it sees: BMCR, BMSR, ANAR, ANLPAR, ANER, CSCR and MSR.
 * Follows: RTL8139C data sheet, "Basic Mode Control Register" and following; IEEE 802.3 §22.2.4.
 * Leaves out: the seconds real negotiation takes, power down and isolation, the error counters (always 0).
 */
import * as R from './registers.ts';

/** 100BASE-TX and 10BASE-T, half and full duplex, negotiation on. Some DOS drivers take a value without the speed and duplex bits for 10 Mbit/s half duplex. */
const BMCR_DEFAULT = R.BMCR_SPD_SET | R.BMCR_ANE | R.BMCR_DUPLEX;
const BMCR_STORED = R.BMCR_SPD_SET | R.BMCR_ANE | R.BMCR_DUPLEX;
/** Abilities (all four modes), able to negotiate, extended registers. */
const BMSR_FIXED = 0x7809;
const ANAR_DEFAULT = 0x05e1;
/** Bits 14 (acknowledge) and 12 are read-only. */
const ANAR_STORED = 0xafff;
/** What our links advertise; with ANAR's default, Linux prints "100Mbps, full-duplex, lpa 0x45E1". */
const ANLPAR_PARTNER = 0x45e1;
const CSCR_DEFAULT = 0x03c0;
const CSCR_STORED = 0x03e5;
const MSR_STORED = R.MSR_TXFCE | R.MSR_RXFCE;

export interface MiiState {
  readonly linkUp: boolean;
  readonly linkLostSinceRead: boolean;
  readonly linkChanged: boolean;
  readonly bmcr: number;
  readonly anar: number;
  readonly cscr: number;
  readonly msr: number;
}

export class Mii {
  #linkUp: boolean;
  /** BMSR's link bit latches low until it has been read once (IEEE 802.3 §22.2.4.2.13). */
  #linkLostSinceRead = false;
  /** CSCR bit 11, until CSCR is read. Linux's 8139too looks at the link only when it finds this bit. */
  #linkChanged = false;
  #bmcr = BMCR_DEFAULT;
  #anar = ANAR_DEFAULT;
  #cscr = CSCR_DEFAULT;
  #msr = MSR_STORED;

  constructor(linkUp: boolean) {
    this.#linkUp = linkUp;
  }

  get linkUp(): boolean {
    return this.#linkUp;
  }

  /** The cable was pulled or plugged; answers whether that is news. */
  setLink(up: boolean): boolean {
    if (up === this.#linkUp) return false;
    this.#linkUp = up;
    this.#linkChanged = true;
    if (!up) this.#linkLostSinceRead = true;
    return true;
  }

  get bmcr(): number {
    return this.#bmcr;
  }

  /** Reset and restart of negotiation finish at once and read back as 0. */
  writeBmcr(value: number): void {
    if (value & R.BMCR_RESET) {
      this.#bmcr = BMCR_DEFAULT;
      this.#anar = ANAR_DEFAULT;
      return;
    }
    this.#bmcr = value & BMCR_STORED;
  }

  get bmsr(): number {
    if (!this.#linkUp || this.#linkLostSinceRead) return BMSR_FIXED;
    return BMSR_FIXED | R.BMSR_LINK | (this.#bmcr & R.BMCR_ANE ? R.BMSR_ANE_DONE : 0);
  }

  /** The driver has seen the link bit. */
  bmsrRead(): void {
    this.#linkLostSinceRead = false;
  }

  get anar(): number {
    return this.#anar;
  }

  writeAnar(value: number): void {
    this.#anar = value & ANAR_STORED;
  }

  get anlpar(): number {
    return this.#linkUp ? ANLPAR_PARTNER : 0;
  }

  /** Bit 0: the partner can negotiate. */
  get aner(): number {
    return this.#linkUp ? 0x0001 : 0;
  }

  get cscr(): number {
    return this.#cscr | (this.#linkUp ? R.CSCR_LINK_OK : 0) | (this.#linkChanged ? R.CSCR_LINK_CHANGE : 0);
  }

  writeCscr(value: number): void {
    this.#cscr = value & CSCR_STORED;
  }

  cscrRead(): void {
    this.#linkChanged = false;
  }

  get msr(): number {
    const forced10 = (this.#bmcr & (R.BMCR_ANE | R.BMCR_SPD_SET)) === 0;
    return this.#msr | R.MSR_AUX_STATUS | (forced10 ? R.MSR_SPEED_10 : 0) | (this.#linkUp ? 0 : R.MSR_LINKB);
  }

  writeMsr(value: number): void {
    this.#msr = value & MSR_STORED;
  }

  /** Power-on; the cable stays as it is. The chip's own soft reset leaves the PHY alone. */
  powerOnReset(): void {
    this.#linkLostSinceRead = false;
    this.#linkChanged = false;
    this.#bmcr = BMCR_DEFAULT;
    this.#anar = ANAR_DEFAULT;
    this.#cscr = CSCR_DEFAULT;
    this.#msr = MSR_STORED;
  }

  save(): MiiState {
    return {
      linkUp: this.#linkUp,
      linkLostSinceRead: this.#linkLostSinceRead,
      linkChanged: this.#linkChanged,
      bmcr: this.#bmcr,
      anar: this.#anar,
      cscr: this.#cscr,
      msr: this.#msr,
    };
  }

  restore(state: MiiState): void {
    this.#linkUp = state.linkUp;
    this.#linkLostSinceRead = state.linkLostSinceRead;
    this.#linkChanged = state.linkChanged;
    this.#bmcr = state.bmcr;
    this.#anar = state.anar;
    this.#cscr = state.cscr;
    this.#msr = state.msr;
  }
}
