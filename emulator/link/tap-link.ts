/** A link with a capture point in it (what libpcap sees on an interface). */
import type { Clock } from '../base/clock.ts';
import type { Frame } from '../base/frame.ts';
import type { Link } from '../base/link.ts';
import type { Direction, TapPoint } from '../base/tap-point.ts';
import { LinkDecorator } from './decorator.ts';

class TapLink extends LinkDecorator {
  readonly #point: TapPoint;
  readonly #clock: Clock;
  readonly #onTransmit: Direction;
  readonly #onReceive: Direction;

  constructor(inner: Link, point: TapPoint, clock: Clock, onTransmit: Direction) {
    super(inner);
    this.#point = point;
    this.#clock = clock;
    this.#onTransmit = onTransmit;
    this.#onReceive = onTransmit === 'out' ? 'in' : 'out';
  }

  override transmit(frame: Frame): void {
    this.#point.capture(frame, this.#onTransmit, this.#clock.now());
    this.inner.transmit(frame);
  }

  protected override received(frame: Frame): void {
    this.#point.capture(frame, this.#onReceive, this.#clock.now());
    this.onReceive(frame);
  }
}

/**
 * The interface that uses `link` is watched: what it transmits is `out`, what it receives is `in`.
 * Each frame is captured before it is passed on.
 */
export const tapLink = (link: Link, point: TapPoint, clock: Clock): LinkDecorator =>
  new TapLink(link, point, clock, 'out');

/** As `tapLink`, for a device that is itself the link (frames are transmitted into it): those are `in`, what comes out of it is `out`. */
export const tapDevice = (device: Link, point: TapPoint, clock: Clock): LinkDecorator =>
  new TapLink(device, point, clock, 'in');
