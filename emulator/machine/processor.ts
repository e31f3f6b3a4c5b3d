/**
 * One machine's processor under virtual time: runs v86 a batch at a time and keeps the local time.
 *
 * Local time = executed instructions × the profile's rate + what was charged + what was skipped while halted. v86's main loop runs batches of
 * instructions (`compileV86`) until a millisecond has passed since its first look at the clock; that first look is answered a millisecond
 * early, so each tick is one batch and the scheduler decides after each.
 */
import type { Nanos } from '../base/clock.ts';
import type { RandomState, Xoshiro128 } from '../base/random.ts';
import type { VirtualClock } from '../time/virtual-clock.ts';
import type { V86Emulator } from './internals.ts';
import { InterruptLines, type InterruptLinesState } from './interrupt-line.ts';
import { ProcessorState } from './processor-state.ts';
import type { Realm, RealmOccupant } from './realm.ts';
import type { Runner } from './scheduler.ts';
import { restoreV86, saveV86, type V86State } from './v86-state.ts';

/** A wait of 0 ms while halted still takes this long: half a tick of the PIT, or a timer that is due "now" would never come due. */
const SHORTEST_SLEEP: Nanos = 400;
/** v86's TIME_PER_FRAME. */
const FRAME_MS = 1;

export interface ProcessorHooks {
  /** After each batch, outside the processor. */
  afterBatch(): void;
  /** Once; the processor is off then. */
  failed(error: unknown): void;
}

export interface SavedProcessor {
  readonly v86: V86State;
  readonly localNow: Nanos;
  /** World time minus the time v86 is told, in ns: not 0 in a machine that was restored later than it was saved. */
  readonly shift: Nanos;
  readonly wakeAt: Nanos;
  readonly sleepMs: number;
  readonly instructions: number;
  readonly lines: InterruptLinesState;
  /** null: the machine that is restored draws from its own world's seed. */
  readonly random: RandomState | null;
}

export class Processor implements Runner, RealmOccupant {
  readonly random: Xoshiro128;
  readonly lines: InterruptLines;
  readonly state: ProcessorState;
  readonly #realm: Realm;
  readonly #clock: VirtualClock;
  readonly #emulator: V86Emulator;
  readonly #hooks: ProcessorHooks;
  readonly #instructionNs: number;
  /** Local time at `#counterBase`, charges included. */
  #base: Nanos;
  #counterBase: number;
  #instructions = 0;
  #shift: Nanos = 0;
  #wakeAt: Nanos = Infinity;
  /** What v86 asked for at the end of the batch: ms until its next timer. */
  #sleepMs = 0;
  #firstLook = false;
  #inBatch = false;
  #jit: (() => void)[] = [];

  constructor(
    realm: Realm,
    clock: VirtualClock,
    emulator: V86Emulator,
    random: Xoshiro128,
    instructionNs: number,
    hooks: ProcessorHooks,
  ) {
    const { v86 } = emulator;
    const { cpu } = v86;
    this.#realm = realm;
    this.#clock = clock;
    this.#emulator = emulator;
    this.random = random;
    this.#instructionNs = instructionNs;
    this.#hooks = hooks;
    this.state = new ProcessorState(cpu);
    this.lines = new InterruptLines(cpu, () => this.state.interruptsEnabled);
    this.#base = clock.now();
    this.#counterBase = this.state.instructionCounter;
    const realTimers = cpu.run_hardware_timers.bind(cpu);
    cpu.run_hardware_timers = (acpi) => {
      this.lines.applyDeferred();
      return realTimers(acpi, this.#localMs());
    };
    v86.yield = (ms) => {
      this.#sleepMs = ms;
      if (!this.#inBatch) this.wake();
    };
  }

  get wakeAt(): Nanos {
    return this.#wakeAt;
  }

  get localNow(): Nanos {
    return this.#base + ((this.state.instructionCounter - this.#counterBase) >>> 0) * this.#instructionNs;
  }

  /** Guest instructions executed since power-on. */
  get instructions(): number {
    return this.#instructions + ((this.state.instructionCounter - this.#counterBase) >>> 0);
  }

  start(): void {
    this.#realm.occupant = this;
    try {
      this.#emulator.v86.run();
    } finally {
      this.#realm.occupant = null;
    }
    this.#wakeAt = this.localNow;
  }

  stop(): void {
    this.#wakeAt = Infinity;
    this.#jit = [];
    this.#emulator.v86.running = false;
  }

  /** An interrupt may have come: a halted processor looks at it now. */
  wake(): void {
    if (this.#wakeAt === Infinity) return;
    this.#wakeAt = Math.min(this.#wakeAt, Math.max(this.localNow, this.#clock.now()));
  }

  /** Occupies the processor for `ns` of virtual time. */
  charge(ns: Nanos): void {
    this.#base += ns;
    if (!this.#inBatch && this.#wakeAt !== Infinity) this.#wakeAt = Math.max(this.#wakeAt, this.localNow);
  }

  /** First call in a tick: v86 notes when the frame began. */
  microtick(): number {
    const now = this.#localMs();
    if (!this.#firstLook) return now;
    this.#firstLook = false;
    return now - FRAME_MS;
  }

  takeJit(handOver: () => void): void {
    this.#jit.push(handOver);
  }

  /** Between batches. */
  save(): SavedProcessor {
    return {
      v86: this.#outside(() => saveV86(this.#emulator.v86)),
      localNow: this.#base,
      shift: this.#shift,
      wakeAt: this.#wakeAt,
      sleepMs: this.#sleepMs,
      instructions: this.#instructions,
      lines: this.lines.save(),
      random: this.random.save(),
    };
  }

  /** Into a processor that was started and has not run; `delay` is how much later than it was saved it goes on. */
  restore(saved: SavedProcessor, delay: Nanos): void {
    this.#base = saved.localNow + delay;
    this.#shift = saved.shift + delay;
    this.#instructions = saved.instructions;
    this.#sleepMs = saved.sleepMs;
    this.#wakeAt = saved.wakeAt + delay;
    this.#counterBase = this.state.instructionCounter;
    if (saved.random !== null) this.random.restore(saved.random);
    this.#outside(() => restoreV86(this.#emulator.v86, saved.v86));
    this.#counterBase = this.state.instructionCounter;
    this.lines.restore(saved.lines);
  }

  runBatch(): void {
    const late = this.#wakeAt - this.localNow;
    if (late > 0) this.#base += late;
    this.#realm.occupant = this;
    this.#clock.enter(this);
    this.#inBatch = true;
    this.#firstLook = true;
    try {
      this.#emulator.v86.do_tick();
      this.#flushJit();
      this.#settle();
    } catch (error) {
      this.stop();
      this.#hooks.failed(error);
    } finally {
      this.#inBatch = false;
      this.#clock.leave();
      this.#realm.occupant = null;
    }
    this.#hooks.afterBatch();
  }

  /** v86's code outside a batch, which looks at this machine's clock. */
  #outside<T>(work: () => T): T {
    if (this.#inBatch) throw new Error('a machine cannot be saved while it executes');
    this.#realm.occupant = this;
    try {
      return work();
    } finally {
      this.#realm.occupant = null;
    }
  }

  #localMs(): number {
    return (this.localNow - this.#shift) / 1e6;
  }

  /** Hands over the modules compiled during the batch, in order; each hand-over may ask for more. */
  #flushJit(): void {
    while (this.#jit.length > 0) {
      const modules = this.#jit;
      this.#jit = [];
      for (const handOver of modules) handOver();
    }
  }

  /** Moves the counter's base up before it can wrap, and decides when to go on. */
  #settle(): void {
    const counter = this.state.instructionCounter;
    const executed = (counter - this.#counterBase) >>> 0;
    this.#counterBase = counter;
    this.#instructions += executed;
    this.#base += executed * this.#instructionNs;
    if (this.#wakeAt === Infinity) return;
    const sleep = this.state.halted ? Math.max(SHORTEST_SLEEP, Math.ceil(this.#sleepMs * 1e6)) : 0;
    this.#wakeAt = this.#base + sleep;
  }
}
