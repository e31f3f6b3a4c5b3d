/**
 * One end of a cable: the transmitter with its queue, and the frames it has under way to the other end.
 * Invariant: the slots in `#queue` are ordered by arrival, and the first `#sent` of them have left the transmitter.
 */
import type { Clock, Nanos, Timer, TimerState } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import type { Frame } from '../base/frame.ts';
import { NO_OFFLOAD } from '../base/frame.ts';
import type { Link, LinkCounters } from '../base/link.ts';
import { ignoreFrame, ignoreReady, linkCounters } from '../base/link.ts';
import { fillPartialChecksum } from '../wire/checksum.ts';
import { ETHERNET_HEADER } from '../wire/ethernet.ts';
import type { HeldFrame } from './frame-slot.ts';
import { SlotPool, SlotQueue, saveSlot } from './frame-slot.ts';

/** Frames under way in one direction, waiting ones included: enough for 10 Gb/s over 1 ms with full frames, and a bound for everything else. */
const MAX_UNDER_WAY = 16_384;

const PREAMBLE_AND_GAP = 8 + 12;
const FCS = 4;
const SHORTEST = 64;

/** How long the transmitter is busy with a frame of `length` bytes (without FCS), in whole ns. */
export const serialisationNs = (length: number, bitsPerSecond: number): Nanos =>
  Math.ceil(((Math.max(length + FCS, SHORTEST) + PREAMBLE_AND_GAP) * 8e9) / bitsPerSecond);

/** Rate, delay and queue of both directions; may change while frames are under way. */
export interface CableSettings {
  bitsPerSecond: number;
  delayNs: Nanos;
  queueFrames: number;
  maxFrame: number;
  up: boolean;
}

/** Why frames given to an end did not arrive. */
export interface CableDrops {
  /** The queue was full. */
  queueFull: number;
  /** Sent while the cable was unplugged. */
  noCarrier: number;
  /** Waiting or under way when the cable was pulled. */
  lostInFlight: number;
  /** Shorter than an Ethernet header. */
  runt: number;
  /** Longer than the cable carries. */
  giant: number;
}

export interface CableEndState {
  readonly freeAt: Nanos;
  readonly lastArrival: Nanos;
  readonly blocked: boolean;
  /** `at` is the arrival at the other end. */
  readonly underWay: readonly HeldFrame[];
  readonly counters: LinkCounters;
  readonly drops: CableDrops;
  readonly timer: TimerState;
}

export class CableEnd implements Link, Disposable {
  onReceive: (frame: Frame) => void = ignoreFrame;
  onReady: () => void = ignoreReady;
  readonly counters: LinkCounters = linkCounters();
  readonly drops: CableDrops = { queueFull: 0, noCarrier: 0, lostInFlight: 0, runt: 0, giant: 0 };

  readonly #clock: Clock;
  readonly #settings: CableSettings;
  readonly #timer: Timer;
  readonly #pool = new SlotPool();
  readonly #queue = new SlotQueue();
  readonly #listeners = new Set<(up: boolean) => void>();
  #other: CableEnd | null = null;
  /** How many of the queued frames the transmitter has finished. */
  #sent = 0;
  /** When the transmitter has sent everything it was given. */
  #freeAt: Nanos = 0;
  #lastArrival: Nanos = 0;
  /** Someone was told that there is no room. */
  #blocked = false;
  #armedFor: Nanos = 0;

  constructor(clock: Clock, settings: CableSettings) {
    this.#clock = clock;
    this.#settings = settings;
    this.#timer = clock.timer(() => this.#fire());
  }

  /** Called once by the cable. */
  connect(other: CableEnd): void {
    this.#other = other;
  }

  get carrier(): boolean {
    return this.#settings.up;
  }

  /** Tells `listener` of every change of the carrier from now on. */
  onCarrier(listener: (up: boolean) => void): Disposable {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  }

  /** Frames waiting or being sent at this end now. */
  get queued(): number {
    return this.#unsent(this.#clock.now());
  }

  /** An unplugged cable takes everything and loses it, as a card without carrier does; so a sender never waits for the plug. */
  ready(): boolean {
    if (!this.#settings.up || this.#hasRoom(this.#clock.now())) return true;
    this.#block();
    return false;
  }

  transmit(frame: Frame): void {
    const now = this.#clock.now();
    const length = frame.bytes.length;
    if (!this.#settings.up) return this.#drop('noCarrier');
    if (length < ETHERNET_HEADER) return this.#drop('runt');
    if (length > this.#settings.maxFrame) return this.#drop('giant');
    if (!this.#hasRoom(now)) {
      this.#block();
      return this.#drop('queueFull');
    }
    const slot = this.#pool.take(frame);
    // What is on a wire is finished: a checksum left to the hardware is filled in by the hardware.
    if (slot.offload.csumStart >= 0) {
      fillPartialChecksum(slot.bytes, 0, length, slot.offload);
      slot.offload = NO_OFFLOAD;
    }
    this.#freeAt = Math.max(now, this.#freeAt) + serialisationNs(length, this.#settings.bitsPerSecond);
    // A delay that was made shorter meanwhile must not let this frame overtake the one before it.
    this.#lastArrival = Math.max(this.#freeAt + this.#settings.delayNs, this.#lastArrival);
    slot.at = this.#lastArrival;
    slot.sentAt = this.#freeAt;
    this.#queue.push(slot);
    this.counters.txPackets++;
    this.counters.txBytes += length;
    if (this.#queue.length === 1) this.#arm();
  }

  /** Called by the cable before listeners are told. */
  carrierChanged(up: boolean): void {
    if (up) return;
    for (let slot = this.#queue.shift(); slot !== null; slot = this.#queue.shift()) {
      this.#drop('lostInFlight');
      this.#pool.give(slot);
    }
    this.#sent = 0;
    this.#freeAt = 0;
    this.#lastArrival = 0;
    this.#timer.cancel();
    this.#unblock();
  }

  tellCarrier(up: boolean): void {
    for (const listener of [...this.#listeners]) listener(up);
  }

  save(): CableEndState {
    const underWay: HeldFrame[] = [];
    for (let i = 0; i < this.#queue.length; i++) underWay.push(saveSlot(this.#queue.peek(i)!));
    return {
      freeAt: this.#freeAt,
      lastArrival: this.#lastArrival,
      blocked: this.#blocked,
      underWay,
      counters: { ...this.counters },
      drops: { ...this.drops },
      timer: this.#timer.save(),
    };
  }

  restore(state: CableEndState): void {
    for (let slot = this.#queue.shift(); slot !== null; slot = this.#queue.shift()) this.#pool.give(slot);
    for (const held of state.underWay) {
      const slot = this.#pool.take(held);
      slot.at = held.at;
      slot.sentAt = held.sentAt;
      this.#queue.push(slot);
    }
    this.#sent = 0;
    this.#freeAt = state.freeAt;
    this.#lastArrival = state.lastArrival;
    this.#blocked = state.blocked;
    Object.assign(this.counters, state.counters);
    Object.assign(this.drops, state.drops);
    this.#armedFor = state.timer?.at ?? Infinity;
    this.#timer.restore(state.timer);
  }

  dispose(): void {
    this.#timer.dispose();
    this.#listeners.clear();
    this.onReceive = ignoreFrame;
    this.onReady = ignoreReady;
  }

  #drop(reason: keyof CableDrops): void {
    this.drops[reason]++;
    this.counters.txDropped++;
  }

  #hasRoom(now: Nanos): boolean {
    return this.#unsent(now) <= this.#settings.queueFrames && this.#queue.length < MAX_UNDER_WAY;
  }

  /** Frames that have not left the transmitter. Machines take turns, so `now` may be a little before an earlier call's. */
  #unsent(now: Nanos): number {
    while (this.#sent < this.#queue.length && this.#queue.peek(this.#sent)!.sentAt <= now) this.#sent++;
    return this.#queue.length - this.#sent;
  }

  #block(): void {
    if (this.#blocked) return;
    this.#blocked = true;
    this.#arm();
  }

  #unblock(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.onReady();
  }

  /** For the next arrival, or for the frame whose leaving makes room when somebody waits for that. */
  #arm(): void {
    const head = this.#queue.peek();
    const excess = this.#queue.length - this.#sent - this.#settings.queueFrames;
    const leaving = this.#blocked && excess > 0 ? this.#queue.peek(this.#sent + excess - 1) : null;
    const next = Math.min(head?.at ?? Infinity, leaving?.sentAt ?? Infinity);
    this.#armedFor = next;
    if (next === Infinity) this.#timer.cancel();
    else this.#timer.arm(next);
  }

  #fire(): void {
    const now = Math.max(this.#clock.now(), this.#armedFor);
    for (let slot = this.#queue.peek(); slot !== null && slot.at <= now; slot = this.#queue.peek()) {
      this.#queue.shift();
      if (this.#sent > 0) this.#sent--;
      this.#other?.deliver(slot);
      this.#pool.give(slot);
    }
    if (this.#blocked && this.#hasRoom(now)) this.#unblock();
    if (this.#queue.length > 0) this.#arm();
  }

  /** A frame has come from the other end. */
  deliver(frame: Frame): void {
    this.counters.rxPackets++;
    this.counters.rxBytes += frame.bytes.length;
    this.onReceive(frame);
  }
}
