/** A SLIRP on a bench: a manual clock, a main loop on it and a fake host; frames in by `transmit`, frames out from `take`. */
import { PacketIds, frameOf } from '../../base/frame.ts';
import { NULL_LEDGER, type Ledger } from '../../base/ledger.ts';
import type { Nanos } from '../../base/clock.ts';
import { Xoshiro128 } from '../../base/random.ts';
import { FreeContext } from '../../time/context.ts';
import { ManualClock } from '../../time/manual-clock.ts';
import { DEFAULT_CONFIG, DEFAULT_LIMITS, type SlirpConfig, type SlirpLimits } from '../config.ts';
import { Slirp } from '../slirp.ts';
import { FakeHostSockets } from './fake-host.ts';
import { GUEST, GUEST_MAC, HOST, arpFrame, seen, type Seen } from './frames.ts';

export interface BenchOptions {
  readonly config?: Partial<SlirpConfig>;
  readonly limits?: Partial<SlirpLimits>;
  readonly ledger?: Ledger;
  readonly seed?: number;
  /** Changes the host before SLIRP is built on it. */
  readonly host?: (host: FakeHostSockets) => void;
  /** False: SLIRP does not know the guest's MAC yet. */
  readonly known?: boolean;
}

export class Bench {
  readonly clock = new ManualClock();
  readonly loop = new FreeContext('main', this.clock);
  readonly host = new FakeHostSockets();
  readonly slirp: Slirp;
  readonly ids = new PacketIds();
  readonly #out: Uint8Array[] = [];
  /** Frames delivered while a `transmit` was on the stack: there must be none. */
  nested = 0;
  #transmitting = false;
  /** Set to hold frames back. */
  guestTakes = true;

  constructor(options: BenchOptions = {}) {
    options.host?.(this.host);
    this.slirp = new Slirp({
      config: { ...DEFAULT_CONFIG, limits: { ...DEFAULT_LIMITS, ...options.limits }, ...options.config },
      clock: this.clock,
      random: new Xoshiro128(options.seed ?? 1),
      ids: this.ids,
      ledger: options.ledger ?? NULL_LEDGER,
      sockets: this.host,
      mainLoop: this.loop,
    });
    this.slirp.link.peerReady = () => this.guestTakes;
    this.slirp.link.onReceive = (frame) => {
      if (this.#transmitting) this.nested++;
      this.#out.push(frame.bytes.slice());
    };
    if (options.known ?? true) {
      this.transmit(arpFrame({ tpa: HOST, spa: GUEST, sha: GUEST_MAC }));
      this.take();
    }
  }

  /** The guest sends; the main loop does not run yet. */
  transmit(bytes: Uint8Array): void {
    this.#transmitting = true;
    this.slirp.link.transmit(frameOf(bytes, this.ids.next()));
    this.#transmitting = false;
  }

  /** The guest sends, the main loop runs, and this is what comes back. */
  exchange(bytes: Uint8Array): Seen[] {
    this.transmit(bytes);
    return this.take();
  }

  /** Runs the main loop and returns the frames for the guest since the last call. */
  take(): Seen[] {
    this.clock.advance();
    return this.#out.splice(0).map(seen);
  }

  advance(ns: Nanos): void {
    this.clock.advance(ns);
  }

  resume(): void {
    this.guestTakes = true;
    this.slirp.link.resume();
  }

  get row(): ReturnType<Slirp['table']>[number] | undefined {
    return this.slirp.table()[0];
  }

  count(name: string): number {
    return this.slirp.counters.get(name);
  }
}
