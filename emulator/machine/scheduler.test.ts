import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../time/virtual-clock.ts';
import { MAX_LAG, Pacer } from './pacer.ts';
import { Scheduler, type Runner } from './scheduler.ts';

/** A machine that executes `busy` batches of 100 ns, then sleeps until `alarm`. */
class FakeRunner implements Runner {
  wakeAt = 0;
  readonly #name: string;
  readonly #log: string[];
  #busy: number;
  readonly #alarm: number;

  constructor(name: string, log: string[], busy: number, alarm = Infinity) {
    this.#name = name;
    this.#log = log;
    this.#busy = busy;
    this.#alarm = alarm;
  }

  runBatch(): void {
    this.#log.push(`${this.#name}@${this.wakeAt}`);
    this.wakeAt = --this.#busy > 0 ? this.wakeAt + 100 : Math.max(this.wakeAt + 100, this.#alarm);
  }
}

const drain = (scheduler: Scheduler, limit: number): void => {
  while (scheduler.step(limit));
};

describe('Scheduler', () => {
  it('lets whatever has the smallest time go next, events before machines, machines by index', () => {
    const log: string[] = [];
    const clock = new VirtualClock();
    const scheduler = new Scheduler(clock);
    scheduler.add(new FakeRunner('a', log, 2, 1_000));
    scheduler.add(new FakeRunner('b', log, 1, 150));
    clock.timer(() => log.push(`event@${clock.now()}`)).arm(100);
    drain(scheduler, 200);
    expect(log).toEqual(['a@0', 'b@0', 'event@100', 'a@100', 'b@150']);
  });

  it('does nothing later than the limit and says when the next thing is', () => {
    const log: string[] = [];
    const clock = new VirtualClock();
    const scheduler = new Scheduler(clock);
    scheduler.add(new FakeRunner('a', log, 1, 500));
    drain(scheduler, 499);
    expect(log).toEqual(['a@0']);
    expect(scheduler.next()).toBe(500);
    drain(scheduler, 500);
    expect(log).toEqual(['a@0', 'a@500']);
  });

  it('jumps over idle time: the world reaches the time of what comes next', () => {
    const clock = new VirtualClock();
    const scheduler = new Scheduler(clock);
    scheduler.add(new FakeRunner('a', [], 1, 5_000_000));
    scheduler.step(Infinity);
    scheduler.step(Infinity);
    expect(clock.now()).toBe(5_000_000);
  });

  it('wakes a sleeping machine at the instant of an event that wakes it', () => {
    const log: string[] = [];
    const clock = new VirtualClock();
    const scheduler = new Scheduler(clock);
    const runner = new FakeRunner('a', log, 1, 1_000);
    scheduler.add(runner);
    clock.timer(() => (runner.wakeAt = clock.now())).arm(333);
    drain(scheduler, 400);
    expect(log).toEqual(['a@0', 'a@333']);
  });

  it('forgets a removed machine and ends when nothing is left', () => {
    const scheduler = new Scheduler(new VirtualClock());
    const runner = new FakeRunner('a', [], 1);
    scheduler.add(runner);
    scheduler.remove(runner);
    expect(scheduler.step(Infinity)).toBe(false);
    expect(scheduler.next()).toBe(Infinity);
  });
});

describe('Pacer', () => {
  it('lets virtual time go as far as the wall clock', () => {
    let wallMs = 1_000;
    const pacer = new Pacer('paced', () => wallMs);
    pacer.start(5_000_000);
    expect(pacer.limit(5_000_000)).toBe(5_000_000);
    wallMs += 3;
    expect(pacer.limit(6_000_000)).toBe(8_000_000);
    expect(pacer.timeOfNow(0)).toBe(8_000_000);
  });

  it('forgets a lag longer than it catches up', () => {
    let wallMs = 0;
    const pacer = new Pacer('paced', () => wallMs);
    pacer.start(0);
    wallMs += 60_000;
    expect(pacer.limit(1_000)).toBe(1_000 + MAX_LAG);
    wallMs += 1;
    expect(pacer.limit(MAX_LAG)).toBe(1_001_000 + MAX_LAG);
  });

  it('sets no limit when fast, and takes outside input at the time reached', () => {
    const pacer = new Pacer('fast', () => 77);
    expect(pacer.limit(1)).toBe(Infinity);
    expect(pacer.timeOfNow(42)).toBe(42);
  });
});
