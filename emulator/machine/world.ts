/**
 * A world of machines: one clock, one realm, one loop that drives them by the host's event loop.
 *
 * The loop works for some milliseconds of wall time, then gives the event loop a turn. When it does so never shows in the virtual run: the order of
 * events and batches is the scheduler's alone, and what comes from outside enters as an event. A script that awaits something of the world and
 * then types gets its turn at the very instant its promise was settled, if whoever settles it calls `breathe()`.
 */
import type { Nanos } from '../base/clock.ts';
import { PROFILE_NONE, type CostProfile } from '../time/profile.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { Machine, type MachineHost, type MachineOptions, type MachineState } from './machine.ts';
import { Pacer, type Policy } from './pacer.ts';
import type { Realm } from './realm.ts';
import { Scheduler } from './scheduler.ts';

/** Wall time the loop works before messages get a turn. */
const WORK_MS = 8;
/** Sleeps shorter than this are a turn of the event loop instead. */
const SHORTEST_SLEEP_MS = 1;

export interface WorldOptions {
  readonly realm: Realm;
  readonly policy: Policy;
  readonly profile?: CostProfile;
}

export class MachineWorld {
  readonly clock = new VirtualClock();
  /** An exception in an event of this world (a bug, not the guest's doing); the world is paused. */
  onFailed: (error: Error) => void = () => undefined;
  readonly #realm: Realm;
  readonly #profile: CostProfile;
  readonly #scheduler: Scheduler;
  readonly #pacer: Pacer;
  readonly #machines: Machine[] = [];
  #running = false;
  #held = 0;
  #breath = false;
  #until: Nanos = Infinity;
  #reachedUntil: (() => void) | null = null;
  /** Cancels the sleep of an idle, paced world. */
  #wakeUp: (() => void) | null = null;
  #turnPending = false;

  constructor({ realm, policy, profile = PROFILE_NONE }: WorldOptions) {
    this.#realm = realm;
    this.#profile = profile;
    this.#scheduler = new Scheduler(this.clock);
    this.#pacer = new Pacer(policy, realm.wall.now);
    realm.worldNow = () => this.clock.now();
  }

  get machines(): readonly Machine[] {
    return this.#machines;
  }

  get running(): boolean {
    return this.#running;
  }

  get policy(): Policy {
    return this.#pacer.policy;
  }

  setPolicy(policy: Policy): void {
    this.#pacer.setPolicy(policy, this.clock.now());
    this.#poke();
  }

  /**
   * Makes a machine and switches it on, as it was saved when there is a state. A world that has not come as far as the state's had begins at its time.
   * Add machines before the world runs, or when they start depends on the wall clock.
   */
  async addMachine(options: MachineOptions, saved: MachineState | null = null): Promise<Machine> {
    if (saved !== null) this.clock.advanceTo(saved.savedAt);
    const machine = new Machine(this.#hostOf(options), options);
    await (saved === null ? machine.powerOn() : machine.restore(saved));
    this.#machines.push(machine);
    return machine;
  }

  remove(machine: Machine): void {
    const index = this.#machines.indexOf(machine);
    if (index < 0) return;
    this.#machines.splice(index, 1);
    machine.dispose();
  }

  /** Virtual time starts to pass (again). */
  run(): void {
    if (this.#running) return;
    this.#running = true;
    this.#pacer.start(this.clock.now());
    this.#schedulePump();
  }

  /** Virtual time stands; takes effect before the next batch or event. */
  pause(): void {
    this.#running = false;
    this.#until = Infinity;
    this.#reachedUntil?.();
    this.#reachedUntil = null;
    this.#poke();
  }

  /** Runs until virtual time `at`, then pauses; resolves earlier when it is paused before. */
  runUntil(at: Nanos): Promise<void> {
    return new Promise((resolve) => {
      this.#until = at;
      this.#reachedUntil = resolve;
      this.run();
    });
  }

  /** Runs while `work` goes on, then pauses: for scripts in a `fast` world, where an idle guest would burn through the years. */
  async drive<T>(work: Promise<T>): Promise<T> {
    this.run();
    try {
      return await work;
    } finally {
      this.pause();
    }
  }

  /** Does `action` as an event at virtual time `at` (scripted input: the same in every run). */
  injectAt(at: Nanos, action: () => void): void {
    this.clock.timer(action).arm(at);
  }

  /** Before virtual time goes on, the event loop gets a turn: promises settled now find the world at this very instant. */
  breathe(): void {
    this.#breath = true;
  }

  dispose(): void {
    this.pause();
    for (const machine of [...this.#machines]) this.remove(machine);
  }

  #hostOf(options: MachineOptions): MachineHost {
    return {
      realm: this.#realm,
      clock: this.clock,
      instructionNs: this.#profile.instructionNs,
      random: this.#realm.random.fork(options.id),
      inputTime: () => {
        this.#poke();
        return this.#inputTime();
      },
      addRunner: (processor) => this.#scheduler.add(processor),
      removeRunner: (processor) => this.#scheduler.remove(processor),
      hold: (work) => {
        this.#held++;
        void work.finally(() => {
          this.#held--;
          this.#pacer.start(this.clock.now());
          this.#schedulePump();
        });
      },
    };
  }

  /** Now: for a world that sleeps, as the wall clock says; for one that is behind it, or paused, the time reached. */
  #inputTime(): Nanos {
    const reached = this.clock.now();
    if (!this.#running) return reached;
    const onTheWall = this.#pacer.timeOfNow(reached);
    return this.#scheduler.next() < onTheWall ? reached : onTheWall;
  }

  #poke(): void {
    if (this.#wakeUp === null) return;
    this.#wakeUp();
    this.#wakeUp = null;
    this.#schedulePump();
  }

  #schedulePump(): void {
    if (this.#turnPending) return;
    this.#turnPending = true;
    this.#realm.wall.turn(() => {
      this.#turnPending = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (!this.#running || this.#held > 0 || this.#wakeUp !== null) return;
    let idleMs: number | null;
    try {
      idleMs = this.#work();
    } catch (error) {
      this.#running = false;
      this.onFailed(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (!this.#running || this.#held > 0) return;
    if (idleMs === null || idleMs < SHORTEST_SLEEP_MS) this.#schedulePump();
    else this.#sleep(idleMs);
  }

  /** Works for a while; returns for how many ms nothing is to do, or null when there is more. */
  #work(): number | null {
    const { wall } = this.#realm;
    const end = wall.now() + WORK_MS;
    while (this.#running && this.#held === 0) {
      if (this.#breath) {
        this.#breath = false;
        return null;
      }
      const next = this.#scheduler.next();
      if (next > this.#until) {
        this.#finishUntil();
        return null;
      }
      const limit = this.#pacer.limit(next);
      if (!this.#scheduler.step(limit)) return (next - limit) / 1e6;
      if (wall.now() >= end) return null;
    }
    return null;
  }

  #finishUntil(): void {
    this.clock.advanceTo(this.#until);
    this.pause();
  }

  #sleep(ms: number): void {
    if (ms === Infinity) {
      this.#wakeUp = () => undefined;
      return;
    }
    this.#wakeUp = this.#realm.wall.sleep(() => {
      this.#wakeUp = null;
      this.#pump();
    }, ms);
  }
}
