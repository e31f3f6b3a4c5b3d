/**
 * A full-duplex Ethernet cable with a transmitter and a bounded queue at each end (store and forward).
 * Follows IEEE 802.3: per frame 8 bytes of preamble, 4 of FCS, 12 of interpacket gap, and 64 bytes as the shortest frame.
 * Leaves out: autonegotiation, pause frames, collisions, bit errors (see faults.ts for those).
 */
import type { Clock, Nanos } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import type { CableEndState, CableSettings } from './cable-end.ts';
import { CableEnd } from './cable-end.ts';

export interface CableOptions {
  readonly clock: Clock;
  readonly bitsPerSecond: number;
  /** One-way propagation delay. */
  readonly delayNs: Nanos;
  /** Frames that wait behind the one being sent before more are dropped; at least 1. */
  readonly queueFrames: number;
  /** Longest frame without FCS that is carried; default 1518 (MTU 1500 and one VLAN tag). Longer ones are dropped as `giant`. */
  readonly maxFrame?: number;
}

export interface CableState {
  readonly settings: CableSettings;
  readonly a: CableEndState;
  readonly b: CableEndState;
}

export class Cable implements Disposable {
  readonly a: CableEnd;
  readonly b: CableEnd;
  readonly #settings: CableSettings;

  constructor(options: CableOptions) {
    const { clock, bitsPerSecond, delayNs, queueFrames, maxFrame = 1518 } = options;
    this.#settings = { bitsPerSecond: 0, delayNs: 0, queueFrames: 0, maxFrame, up: true };
    this.configure({ bitsPerSecond, delayNs, queueFrames });
    this.a = new CableEnd(clock, this.#settings);
    this.b = new CableEnd(clock, this.#settings);
    this.a.connect(this.b);
    this.b.connect(this.a);
  }

  get up(): boolean {
    return this.#settings.up;
  }

  /** New rate, delay or queue from the next frame on. Throws on numbers that make no cable. */
  configure(change: Partial<Pick<CableSettings, 'bitsPerSecond' | 'delayNs' | 'queueFrames'>>): void {
    const next = { ...this.#settings, ...change };
    if (!(next.bitsPerSecond > 0) || !(next.delayNs >= 0) || !(next.queueFrames >= 1))
      throw new RangeError(
        `a cable needs a rate above 0, a delay from 0 and a queue from 1: ${JSON.stringify(change)}`,
      );
    Object.assign(this.#settings, change);
  }

  /** Pulls (`false`) or plugs the cable. Pulling loses every frame that waits or is under way, counted as `lostInFlight`. */
  setUp(up: boolean): void {
    if (this.#settings.up === up) return;
    this.#settings.up = up;
    this.a.carrierChanged(up);
    this.b.carrierChanged(up);
    this.a.tellCarrier(up);
    this.b.tellCarrier(up);
  }

  save(): CableState {
    return { settings: { ...this.#settings }, a: this.a.save(), b: this.b.save() };
  }

  restore(state: CableState): void {
    Object.assign(this.#settings, state.settings);
    this.a.restore(state.a);
    this.b.restore(state.b);
  }

  /** What is sent afterwards is lost. */
  dispose(): void {
    this.#settings.up = false;
    this.a.dispose();
    this.b.dispose();
  }
}
