/**
 * A link that loses, damages, doubles, delays and reorders frames by seeded chance (as `tc netem` does).
 * Damage is one flipped bit that the FCS did not catch, as a broken switch memory makes it: the frame still arrives.
 */
import type { Clock, Nanos, Timer, TimerState } from '../base/clock.ts';
import { MILLISECOND } from '../base/clock.ts';
import type { Frame } from '../base/frame.ts';
import type { Link } from '../base/link.ts';
import type { Random } from '../base/random.ts';
import { LinkDecorator } from './decorator.ts';
import type { FrameSlot, HeldFrame } from './frame-slot.ts';
import { SlotPool, saveSlot } from './frame-slot.ts';

/** Frames held back in one direction before more are dropped. */
const MAX_HELD = 1000;

/** Chances are from 0 (never) to 1 (always), each drawn for itself. */
export interface FaultProfile {
  readonly drop: number;
  readonly corrupt: number;
  readonly duplicate: number;
  /** Chance to be held back by `reorderNs` more, so that later frames overtake it. */
  readonly reorder: number;
  readonly reorderNs: Nanos;
  readonly delayNs: Nanos;
  /** Added to the delay, uniform from 0; does not reorder. */
  readonly jitterNs: Nanos;
}

export const NO_FAULTS: FaultProfile = {
  drop: 0,
  corrupt: 0,
  duplicate: 0,
  reorder: 0,
  reorderNs: 5 * MILLISECOND,
  delayNs: 0,
  jitterNs: 0,
};

export interface FaultCounters {
  passed: number;
  dropped: number;
  corrupted: number;
  duplicated: number;
  reordered: number;
  /** Too many frames were held back. */
  overflow: number;
}

export interface FaultyWayState {
  readonly held: readonly HeldFrame[];
  readonly lastDue: Nanos;
  readonly refused: boolean;
  readonly counters: FaultCounters;
  readonly timer: TimerState;
}

/** One direction. Invariant: `#held` is ordered by due time. */
class FaultyWay {
  profile: FaultProfile;
  readonly counters: FaultCounters = {
    passed: 0,
    dropped: 0,
    corrupted: 0,
    duplicated: 0,
    reordered: 0,
    overflow: 0,
  };
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #timer: Timer;
  readonly #pass: (frame: Frame) => void;
  readonly #pool = new SlotPool();
  readonly #held: FrameSlot[] = [];
  #lastDue: Nanos = 0;
  #refused = false;
  readonly #roomAgain: () => void;

  constructor(
    profile: FaultProfile,
    clock: Clock,
    random: Random,
    pass: (frame: Frame) => void,
    roomAgain: () => void,
  ) {
    this.profile = profile;
    this.#clock = clock;
    this.#random = random;
    this.#timer = clock.timer(() => this.#release());
    this.#pass = pass;
    this.#roomAgain = roomAgain;
  }

  /** Whether one more frame could be held back. */
  ready(): boolean {
    this.#refused ||= this.#held.length >= MAX_HELD;
    return this.#held.length < MAX_HELD;
  }

  enter(frame: Frame): void {
    const { drop, duplicate } = this.profile;
    if (this.#hit(drop)) {
      this.counters.dropped++;
      return;
    }
    this.#send(frame);
    if (!this.#hit(duplicate)) return;
    this.counters.duplicated++;
    this.#send(frame);
  }

  save(): FaultyWayState {
    return {
      held: this.#held.map(saveSlot),
      lastDue: this.#lastDue,
      refused: this.#refused,
      counters: { ...this.counters },
      timer: this.#timer.save(),
    };
  }

  restore(state: FaultyWayState): void {
    this.#held.splice(0).forEach((slot) => this.#pool.give(slot));
    for (const held of state.held) {
      const slot = this.#pool.take(held);
      slot.at = held.at;
      this.#held.push(slot);
    }
    this.#lastDue = state.lastDue;
    this.#refused = state.refused;
    Object.assign(this.counters, state.counters);
    this.#timer.restore(state.timer);
  }

  dispose(): void {
    this.#held.length = 0;
    this.profile = { ...NO_FAULTS, drop: 1 };
    this.#timer.dispose();
  }

  #hit(chance: number): boolean {
    return chance > 0 && this.#random.u32() < chance * 0x1_0000_0000;
  }

  #send(frame: Frame): void {
    const { corrupt, reorder, reorderNs, delayNs, jitterNs } = this.profile;
    const damaged = frame.bytes.length > 0 && this.#hit(corrupt);
    const late = this.#hit(reorder);
    const now = this.#clock.now();
    let due = now + delayNs + (jitterNs > 0 ? this.#random.below(Math.floor(jitterNs) + 1) : 0);
    if (!late) due = this.#lastDue = Math.max(due, this.#lastDue);
    if (!damaged && !late && due <= now && this.#held.length === 0) {
      this.counters.passed++;
      return this.#pass(frame);
    }
    if (this.#held.length >= MAX_HELD) {
      this.counters.overflow++;
      return;
    }
    const slot = this.#pool.take(frame);
    slot.at = late ? due + reorderNs : due;
    if (damaged) this.#damage(slot.bytes);
    if (late) this.counters.reordered++;
    this.#hold(slot);
  }

  #damage(bytes: Uint8Array): void {
    bytes[this.#random.below(bytes.length)]! ^= 1 << this.#random.below(8);
    this.counters.corrupted++;
  }

  #hold(slot: FrameSlot): void {
    let place = this.#held.length;
    while (place > 0 && this.#held[place - 1]!.at > slot.at) place--;
    this.#held.splice(place, 0, slot);
    if (place === 0) this.#timer.arm(slot.at);
  }

  #release(): void {
    const until = Math.max(this.#clock.now(), this.#held[0]?.at ?? 0);
    while (this.#held.length > 0 && this.#held[0]!.at <= until) {
      const slot = this.#held.shift()!;
      this.counters.passed++;
      this.#pass(slot);
      this.#pool.give(slot);
    }
    if (this.#refused && this.#held.length < MAX_HELD) {
      this.#refused = false;
      this.#roomAgain();
    }
    if (this.#held.length > 0) this.#timer.arm(this.#held[0]!.at);
  }
}

export interface FaultLinkOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Faults of what is transmitted on this link; the rest is as in `NO_FAULTS`. */
  readonly transmit?: Partial<FaultProfile>;
  /** Faults of what is received from it. */
  readonly receive?: Partial<FaultProfile>;
}

export interface FaultLinkState {
  readonly transmit: FaultyWayState;
  readonly receive: FaultyWayState;
}

export class FaultLink extends LinkDecorator {
  readonly #out: FaultyWay;
  readonly #in: FaultyWay;

  constructor(inner: Link, options: FaultLinkOptions) {
    super(inner);
    const { clock, random, transmit, receive } = options;
    this.#out = new FaultyWay(
      { ...NO_FAULTS, ...transmit },
      clock,
      random,
      (frame) => this.inner.transmit(frame),
      () => {
        if (this.inner.ready()) this.onReady();
      },
    );
    this.#in = new FaultyWay(
      { ...NO_FAULTS, ...receive },
      clock,
      random,
      (frame) => this.onReceive(frame),
      () => undefined,
    );
  }

  override ready(): boolean {
    return this.#out.ready() && this.inner.ready();
  }

  get transmitCounters(): Readonly<FaultCounters> {
    return this.#out.counters;
  }

  get receiveCounters(): Readonly<FaultCounters> {
    return this.#in.counters;
  }

  override transmit(frame: Frame): void {
    this.#out.enter(frame);
  }

  protected override received(frame: Frame): void {
    this.#in.enter(frame);
  }

  save(): FaultLinkState {
    return { transmit: this.#out.save(), receive: this.#in.save() };
  }

  /** The generator's state belongs to whoever owns it. */
  restore(state: FaultLinkState): void {
    this.#out.restore(state.transmit);
    this.#in.restore(state.receive);
  }

  override dispose(): void {
    this.#out.dispose();
    this.#in.dispose();
    super.dispose();
  }
}
