/** Two ends of a wire for tests: a delay, an optional bound on what is under way, and a look at every frame. */
import type { Clock, Nanos, Timer } from '../../base/clock.ts';
import { copyFrame, type Frame } from '../../base/frame.ts';
import { ignoreFrame, ignoreReady, type Link } from '../../base/link.ts';

export interface WireSettings {
  readonly delay?: Nanos;
  /** Frames under way at most, per direction; then `ready()` is false. */
  readonly room?: number;
  /** True: the frame is lost. */
  readonly lose?: (frame: Frame) => boolean;
}

class WireEnd implements Link {
  onReady = ignoreReady;
  onReceive: (frame: Frame) => void = ignoreFrame;
  peer: WireEnd | null = null;
  readonly #clock: Clock;
  readonly #settings: WireSettings;
  readonly #seen: (frame: Frame) => void;
  readonly #timer: Timer;
  #queue: { at: Nanos; frame: Frame }[] = [];
  #full = false;

  constructor(clock: Clock, settings: WireSettings, seen: (frame: Frame) => void) {
    this.#clock = clock;
    this.#settings = settings;
    this.#seen = seen;
    this.#timer = clock.timer(() => this.#arrive());
  }

  ready(): boolean {
    const ready = this.#queue.length < (this.#settings.room ?? Infinity);
    if (!ready) this.#full = true;
    return ready;
  }

  transmit(frame: Frame): void {
    this.#seen(frame);
    if (this.#settings.lose?.(frame)) return;
    if (this.#settings.delay === 0) {
      this.peer!.onReceive(frame);
      return;
    }
    const at = this.#clock.now() + (this.#settings.delay ?? 100_000);
    this.#queue.push({ at, frame: copyFrame(frame) });
    if (this.#queue.length === 1) this.#timer.arm(at);
  }

  #arrive(): void {
    const now = this.#clock.now();
    let n = 0;
    while (n < this.#queue.length && this.#queue[n]!.at <= now) this.peer!.onReceive(this.#queue[n++]!.frame);
    this.#queue.splice(0, n);
    if (this.#queue.length > 0) this.#timer.arm(this.#queue[0]!.at);
    if (!this.#full || !this.ready()) return;
    this.#full = false;
    this.onReady();
  }
}

export interface SeenFrame {
  readonly from: 0 | 1;
  readonly at: Nanos;
  readonly bytes: Uint8Array;
}

/** `ends[0]` and `ends[1]`; `frames` holds every frame sent, in order, up to `keep`. */
export function wire(
  clock: Clock,
  settings: WireSettings = {},
  keep = 5000,
): { readonly ends: readonly [Link, Link]; readonly frames: SeenFrame[] } {
  const frames: SeenFrame[] = [];
  const see = (from: 0 | 1) => (frame: Frame) => {
    if (frames.length < keep) frames.push({ from, at: clock.now(), bytes: frame.bytes.slice() });
  };
  const a = new WireEnd(clock, settings, see(0));
  const b = new WireEnd(clock, settings, see(1));
  a.peer = b;
  b.peer = a;
  return { ends: [a, b], frames };
}
