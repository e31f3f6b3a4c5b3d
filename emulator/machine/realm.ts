/**
 * The realm: one worker, one world, one clock. Patches the time and randomness that v86 takes from the page, before v86 is imported.
 *
 * v86 binds `performance.now` once, when its module loads, and draws TSC, PIT and RTC from it and from `Date`; so the patched functions answer
 * for the machine that is running, and while none is, for the world. `Math.random` and `crypto.getRandomValues` draw from a seed: the
 * running machine's own, else one of the host code in this realm, so that neither disturbs the other. Modules of the JIT (they import `e`) are
 * compiled at once but handed over only when the scheduler flushes them: handing over inside the call re-enters a lock and panics, and
 * a promise would tie the moment to the host's event loop.
 *
 * Timers (`setTimeout`) stay real. `realm.wall` keeps the real clock for pacing.
 */
import type { Nanos } from '../base/clock.ts';
import { EPOCH_MS } from '../base/epoch.ts';
import { Xoshiro128 } from '../base/random.ts';
import type { V86Constructor } from './internals.ts';

export interface RealmOptions {
  readonly seed: number;
  /** What the guests' real-time clocks show at virtual time 0, ms since 1970; default `EPOCH_MS`. */
  readonly epochMs?: number;
}

/** Who answers for time, randomness and JIT modules: the machine whose code runs. */
export interface RealmOccupant {
  readonly random: Xoshiro128;
  /** What `performance.now()` answers, in ms. */
  microtick(): number;
  /** A compiled module of the JIT, to be handed over at the next flush. */
  takeJit(handOver: () => void): void;
}

/** Wall-clock functions of the host, as they were before the patch. */
export interface Wall {
  /** Real milliseconds, monotonic. */
  now(): number;
  sleep(fire: () => void, ms: number): () => void;
  /** Calls `resume` in a new turn of the event loop, so that messages and promises get theirs. */
  turn(resume: () => void): void;
}

export interface Realm {
  readonly seed: number;
  /** Starts all randomness of this realm over, for another world in it. */
  reseed(seed: number): void;
  readonly wall: Wall;
  /** Source of the seeds of machines; in a fixed order, or runs differ. */
  readonly random: Xoshiro128;
  /** The machine whose code runs now. */
  occupant: RealmOccupant | null;
  /** The world's time while no machine runs. */
  worldNow: () => Nanos;
  /** Imports v86 into the patched realm; repeated calls give the same. */
  loadV86(): Promise<V86Constructor>;
  /** The unpatched `WebAssembly.instantiate` for v86 itself. */
  instantiate(module: WebAssembly.Module, imports: WebAssembly.Imports): Promise<WebAssembly.Instance>;
}

const INSTALLED = Symbol.for('tapline.realm');

/** Patches this realm for good. Call once per worker, before anything imports v86. */
export function installRealm(options: RealmOptions): Realm {
  const marks = globalThis as unknown as Record<symbol, boolean | undefined>;
  if (marks[INSTALLED] === true) {
    throw new Error(
      'this realm already hosts a world: a worker has one clock, start another worker for another world',
    );
  }
  marks[INSTALLED] = true;
  const wall = realWall();
  const random = new Xoshiro128(options.seed);
  const hostRandom = random.fork('host');
  const state = { seed: options.seed };
  const realm: Realm = {
    get seed() {
      return state.seed;
    },
    reseed(seed) {
      state.seed = seed;
      random.restore(new Xoshiro128(seed).save());
      hostRandom.restore(random.fork('host').save());
    },
    wall,
    random,
    occupant: null,
    worldNow: () => 0,
    loadV86: importV86,
    instantiate: WebAssembly.instantiate.bind(WebAssembly),
  };
  patchTime(realm, options.epochMs ?? EPOCH_MS);
  patchRandom(() => realm.occupant?.random ?? hostRandom);
  patchJit(realm);
  return realm;
}

function realWall(): Wall {
  const now = performance.now.bind(performance);
  const { setTimeout, clearTimeout } = globalThis;
  const immediate = (globalThis as { setImmediate?: (fn: () => void) => void }).setImmediate;
  let turn: (resume: () => void) => void;
  if (immediate !== undefined) {
    turn = (resume) => immediate(resume);
  } else {
    // Not setTimeout: browsers stretch nested ones to 4 ms.
    const { port1, port2 } = new MessageChannel();
    let waiting: (() => void) | null = null;
    port1.onmessage = () => {
      const resume = waiting;
      waiting = null;
      resume?.();
    };
    turn = (resume) => {
      waiting = resume;
      port2.postMessage(null);
    };
  }
  return {
    now,
    turn,
    sleep(fire, ms) {
      const id = setTimeout(fire, ms);
      return () => clearTimeout(id);
    },
  };
}

function patchTime(realm: Realm, epochMs: number): void {
  const nowMs = (): number => (realm.occupant === null ? realm.worldNow() / 1e6 : realm.occupant.microtick());
  const RealDate = Date;
  const dateNow = (): number => Math.floor(epochMs + nowMs());
  performance.now = nowMs;
  RealDate.now = dateNow;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [dateNow()] : args, newTarget) as Date,
    apply: (target) => new target(dateNow()).toString(),
  });
}

function patchRandom(source: () => Xoshiro128): void {
  Math.random = () => source().u32() / 0x1_0000_0000;
  crypto.getRandomValues = (array) => {
    if (array !== null) source().fill(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return array;
  };
}

function patchJit(realm: Realm): void {
  const real = WebAssembly.instantiate;
  const patched = (source: BufferSource | WebAssembly.Module, imports?: WebAssembly.Imports): unknown => {
    const occupant = realm.occupant;
    if (
      occupant === null ||
      imports === undefined ||
      !('e' in imports) ||
      source instanceof WebAssembly.Module
    ) {
      return (real as (s: unknown, i?: WebAssembly.Imports) => unknown).call(WebAssembly, source, imports);
    }
    // v86 reuses the memory that holds the code as soon as this call returns.
    const module = new WebAssembly.Module(source);
    return {
      then(handOver: (result: { module: WebAssembly.Module; instance: WebAssembly.Instance }) => void) {
        occupant.takeJit(() => handOver({ module, instance: new WebAssembly.Instance(module, imports) }));
        return { catch: () => undefined };
      },
    };
  };
  WebAssembly.instantiate = patched as typeof WebAssembly.instantiate;
}

async function importV86(): Promise<V86Constructor> {
  // Where workers can start workers, v86 would start one per machine only to be woken by it; ours is the only scheduler.
  const globals = globalThis as { Worker?: unknown };
  const hidden = globals.Worker;
  globals.Worker = undefined;
  try {
    const { V86 } = await import('v86');
    return V86 as unknown as V86Constructor;
  } finally {
    globals.Worker = hidden;
  }
}
