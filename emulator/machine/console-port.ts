/**
 * One serial port of a machine. Output is gathered and given on once per batch of instructions; input is fed as a 16550 would receive it: up to
 * 16 bytes into an empty FIFO, no faster than the line, and never before the guest has taken the last ones, so pasted text is not lost.
 */
import { SECOND, type Clock, type Nanos, type Timer, type TimerState } from '../base/clock.ts';

/** Receive FIFO of the 16550A. */
const FIFO = 16;
/** Bytes that may wait to be typed; more are dropped and counted. */
const MAX_WAITING = 1 << 20;
/** A guest that prints without end between two batches keeps only so much. */
const MAX_OUTPUT = 1 << 16;

/** The UART as the port uses it. */
export interface UartPort {
  /** Bytes the guest has not read yet. */
  unread(): number;
  receive(byte: number): void;
}

export interface ConsolePortState {
  readonly waiting: Uint8Array;
  readonly nextBurst: Nanos;
  readonly timer: TimerState;
  readonly output: Uint8Array;
  readonly outputAt: Nanos;
  readonly inputDropped: number;
  readonly outputDropped: number;
}

export class ConsolePort {
  /** Output since the last call, with the virtual time of its last byte. The bytes belong to the callee. */
  onOutput: (bytes: Uint8Array, at: Nanos) => void = () => undefined;
  /** A byte reaches the guest's serial port. */
  onInput: (byte: number) => void = () => undefined;
  /** Bytes not taken because too many were waiting. */
  inputDropped = 0;
  outputDropped = 0;
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #burstNs: Nanos;
  #uart: UartPort | null = null;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Place in the first waiting piece. */
  #at = 0;
  #nextBurst: Nanos = 0;
  #output = new Uint8Array(256);
  #outputLength = 0;
  #outputAt: Nanos = 0;

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock;
    this.#burstNs = Math.round((FIFO * SECOND) / bytesPerSecond);
    this.#timer = clock.timer(() => this.#feed());
  }

  /** Connects a UART (power on) or none (power off, which forgets what was waiting). */
  connect(uart: UartPort | null): void {
    this.#uart = uart;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#at = 0;
    this.#outputLength = 0;
    this.#timer.cancel();
  }

  /** Types `bytes`; copies them. Arrives from virtual time `at` on. */
  send(bytes: Uint8Array, at: Nanos = this.#clock.now()): void {
    if (bytes.length === 0 || this.#uart === null) return;
    const room = MAX_WAITING - this.#waitingBytes;
    const taken = bytes.slice(0, room);
    this.inputDropped += bytes.length - taken.length;
    if (taken.length === 0) return;
    this.#waiting.push(taken);
    this.#waitingBytes += taken.length;
    if (this.#timer.deadline === Infinity) this.#timer.arm(Math.max(at, this.#nextBurst));
  }

  /** The guest wrote a byte. */
  written(byte: number): void {
    if (this.#outputLength === this.#output.length) {
      if (this.#outputLength === MAX_OUTPUT) {
        this.outputDropped++;
        return;
      }
      const larger = new Uint8Array(this.#outputLength * 2);
      larger.set(this.#output);
      this.#output = larger;
    }
    this.#output[this.#outputLength++] = byte;
    this.#outputAt = this.#clock.now();
  }

  get hasOutput(): boolean {
    return this.#outputLength > 0;
  }

  /** Gives on what was written. */
  flush(): void {
    if (this.#outputLength === 0) return;
    const bytes = this.#output.slice(0, this.#outputLength);
    this.#outputLength = 0;
    this.onOutput(bytes, this.#outputAt);
  }

  save(): ConsolePortState {
    const waiting = new Uint8Array(this.#waitingBytes);
    let at = 0;
    for (const [i, piece] of this.#waiting.entries()) {
      const rest = i === 0 ? piece.subarray(this.#at) : piece;
      waiting.set(rest, at);
      at += rest.length;
    }
    return {
      waiting,
      nextBurst: this.#nextBurst,
      timer: this.#timer.save(),
      output: this.#output.slice(0, this.#outputLength),
      outputAt: this.#outputAt,
      inputDropped: this.inputDropped,
      outputDropped: this.outputDropped,
    };
  }

  /** After `connect`. `delay` is how much later than it was saved the port goes on. */
  restore(state: ConsolePortState, delay: Nanos = 0): void {
    const waiting = state.waiting.slice(0, MAX_WAITING);
    this.#waiting = waiting.length === 0 ? [] : [waiting];
    this.#waitingBytes = waiting.length;
    this.#at = 0;
    this.#nextBurst = state.nextBurst + delay;
    this.#timer.restore(state.timer && { at: state.timer.at + delay, order: state.timer.order });
    this.#outputLength = 0;
    for (const byte of state.output) this.written(byte);
    this.#outputAt = state.outputAt + delay;
    this.inputDropped = state.inputDropped;
    this.outputDropped = state.outputDropped;
  }

  dispose(): void {
    this.connect(null);
    this.#timer.dispose();
  }

  #feed(): void {
    const uart = this.#uart;
    if (uart === null) return;
    if (uart.unread() === 0) {
      for (let n = 0; n < FIFO && this.#waitingBytes > 0; n++) {
        const byte = this.#take();
        this.onInput(byte);
        uart.receive(byte);
      }
    }
    this.#nextBurst = this.#clock.now() + this.#burstNs;
    if (this.#waitingBytes > 0) this.#timer.arm(this.#nextBurst);
  }

  #take(): number {
    const piece = this.#waiting[0]!;
    const byte = piece[this.#at++]!;
    this.#waitingBytes--;
    if (this.#at === piece.length) {
      this.#waiting.shift();
      this.#at = 0;
    }
    return byte;
  }
}
