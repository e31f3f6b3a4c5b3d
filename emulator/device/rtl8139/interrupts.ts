/**
 * ISR and IMR, and the level of the interrupt line: the only code that touches the line.
 * Follows: RTL8139C data sheet, "Interrupt Mask Register" and "Interrupt Status Register"; what drivers rely on where it is silent.
 * Invariant: the line is high exactly while `ISR & IMR` is not zero. Reading clears nothing; ones written to ISR do.
 */
import type { Ledger } from '../../base/ledger.ts';
import type { InterruptLine } from '../../base/machine-ports.ts';

export interface InterruptsState {
  readonly isr: number;
  readonly imr: number;
}

export class Interrupts {
  #isr = 0;
  #imr = 0;
  #level = false;
  readonly #line: InterruptLine;
  readonly #ledger: Ledger;
  /** Times the line went high since power-on. */
  raised = 0;

  constructor(line: InterruptLine, ledger: Ledger) {
    this.#line = line;
    this.#ledger = ledger;
  }

  get isr(): number {
    return this.#isr;
  }

  get imr(): number {
    return this.#imr;
  }

  /** Latches `bits` whether masked or not. */
  raise(bits: number): void {
    this.#isr |= bits;
    this.#update();
  }

  /** A driver's write to ISR: ones clear. */
  acknowledge(bits: number): void {
    this.#isr &= ~bits;
    this.#update();
  }

  setMask(imr: number): void {
    this.#imr = imr;
    this.#update();
  }

  reset(): void {
    this.#isr = 0;
    this.#imr = 0;
    this.#update();
  }

  save(): InterruptsState {
    return { isr: this.#isr, imr: this.#imr };
  }

  /** Tells the line its level even when it did not change, since the machine may have lost it. */
  restore(state: InterruptsState): void {
    this.#isr = state.isr;
    this.#imr = state.imr;
    this.#level = (state.isr & state.imr) !== 0;
    this.#line.set(this.#level);
  }

  #update(): void {
    const level = (this.#isr & this.#imr) !== 0;
    if (level === this.#level) return;
    this.#level = level;
    if (level) {
      this.raised++;
      if (this.#ledger.enabled) this.#ledger.count('interrupts', 1);
    }
    this.#line.set(level);
  }
}
