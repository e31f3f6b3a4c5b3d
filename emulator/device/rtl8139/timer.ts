/**
 * The general purpose timer: TCTR counts up at the PCI clock and interrupts when it reaches TimerInt.
 * Follows: RTL8139C data sheet, "Timer Count Register" and "Timer Interrupt Register"; 33.3 MHz, 30 ns a tick.
 * TCTR is computed from the clock when somebody looks. One clock timer is armed, only while TimerInt is not 0; since it fires once
 * until TCTR wraps or is written again, a guest cannot make it fire more often than it writes registers.
 */
import type { Clock, Nanos, Timer, TimerState } from '../../base/clock.ts';

const TICK: Nanos = 30;
const WRAP = 0x1_0000_0000;

export interface GeneralTimerState {
  readonly zeroAt: Nanos;
  readonly timerInt: number;
  readonly timer: TimerState;
}

export class GeneralTimer {
  readonly #clock: Clock;
  readonly #timer: Timer;
  /** When TCTR was 0. */
  #zeroAt: Nanos;
  #timerInt = 0;

  /** `onMatch`: TCTR has reached TimerInt. */
  constructor(clock: Clock, onMatch: () => void) {
    this.#clock = clock;
    this.#zeroAt = clock.now();
    this.#timer = clock.timer(() => {
      onMatch();
      this.#arm(1);
    });
  }

  get tctr(): number {
    return this.#ticks() % WRAP;
  }

  /** Any write to TCTR sets it to 0. */
  clear(): void {
    this.#zeroAt = this.#clock.now();
    this.#arm(0);
  }

  get timerInt(): number {
    return this.#timerInt;
  }

  setTimerInt(value: number): void {
    this.#timerInt = value;
    this.#arm(0);
  }

  reset(): void {
    this.#timerInt = 0;
    this.clear();
  }

  dispose(): void {
    this.#timer.dispose();
  }

  save(): GeneralTimerState {
    return { zeroAt: this.#zeroAt, timerInt: this.#timerInt, timer: this.#timer.save() };
  }

  restore(state: GeneralTimerState): void {
    this.#zeroAt = state.zeroAt;
    this.#timerInt = state.timerInt;
    this.#timer.restore(state.timer);
  }

  /** Ticks since TCTR was 0, not reduced. */
  #ticks(): number {
    return Math.floor((this.#clock.now() - this.#zeroAt) / TICK);
  }

  /** Arms for the first match at least `after` ticks from now. */
  #arm(after: 0 | 1): void {
    if (this.#timerInt === 0) {
      this.#timer.cancel();
      return;
    }
    const from = this.#ticks() + after;
    const rounds = Math.ceil(Math.max(0, from - this.#timerInt) / WRAP);
    this.#timer.arm(this.#zeroAt + (this.#timerInt + rounds * WRAP) * TICK);
  }
}
