import { describe, expect, it } from 'vitest';
import { Xoshiro128 } from '../base/random.ts';
import { ManualClock } from './manual-clock.ts';
import { VirtualClock } from './virtual-clock.ts';

describe('timers', () => {
  it('fire in order of deadline, equal deadlines in order of arming, each at its own time', () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const note = (name: string) => () => seen.push(`${name}@${clock.now()}`);
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => clock.timer(note(name)));
    c!.arm(20);
    b!.arm(10);
    a!.arm(10);
    d!.arm(5);
    expect(clock.nextDeadline()).toBe(5);
    expect(clock.runDue(15)).toBe(3);
    expect(seen).toEqual(['d@5', 'b@10', 'a@10']);
    expect(clock.now()).toBe(10);
    clock.runDue(20);
    expect(seen.at(-1)).toBe('c@20');
    expect(clock.nextDeadline()).toBe(Infinity);
  });

  it('keep the order of a naive sorted list over random arming, re-arming and cancelling', () => {
    const random = new Xoshiro128(7);
    const clock = new VirtualClock();
    const fired: number[] = [];
    const naive = new Map<number, { at: number; order: number }>();
    let order = 0;
    const timers = Array.from({ length: 100 }, (_, i) => clock.timer(() => fired.push(i)));
    for (let step = 0; step < 2_000; step++) {
      const i = random.below(100);
      if (random.below(4) === 0) {
        timers[i]!.cancel();
        naive.delete(i);
      } else {
        const at = random.below(50);
        timers[i]!.arm(at);
        naive.set(i, { at, order: order++ });
      }
    }
    const expected = [...naive].sort(([, a], [, b]) => a.at - b.at || a.order - b.order).map(([i]) => i);
    clock.runDue(50);
    expect(fired).toEqual(expected);
  });

  it('armed for the past fire at the time already reached, never from inside arm', () => {
    const clock = new VirtualClock();
    clock.advanceTo(100);
    const seen: number[] = [];
    clock.timer(() => seen.push(clock.now())).arm(40);
    expect(seen).toEqual([]);
    clock.runDue(100);
    expect(seen).toEqual([100]);
  });

  it('keep deadline and order over save and restore', () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const a = clock.timer(() => seen.push('a'));
    const b = clock.timer(() => seen.push('b'));
    b.arm(10);
    a.arm(10);
    const [sa, sb] = [a.save(), b.save()];
    const other = new VirtualClock();
    const a2 = other.timer(() => seen.push('a2'));
    const b2 = other.timer(() => seen.push('b2'));
    const late = other.timer(() => seen.push('late'));
    a2.restore(sa);
    b2.restore(sb);
    late.arm(10);
    other.runDue(10);
    expect(seen).toEqual(['b2', 'a2', 'late']);
    expect(a2.save()).toBeNull();
  });

  it('do not fire after cancel or dispose', () => {
    const clock = new VirtualClock();
    let fired = 0;
    const a = clock.timer(() => fired++);
    a.arm(1);
    a.cancel();
    a.arm(2);
    a.dispose();
    clock.runDue(10);
    expect(fired).toBe(0);
    expect(clock.armed).toBe(0);
  });

  it('that re-arm each other at one instant without end are an error, not a hang', () => {
    const clock = new VirtualClock();
    const timer = clock.timer(() => timer.arm(5));
    timer.arm(5);
    expect(() => clock.runDue(5)).toThrow(/without end/);
  });

  it('refuse NaN', () => {
    expect(() => new VirtualClock().timer(() => undefined).arm(NaN)).toThrow(RangeError);
  });
});

describe('VirtualClock with a running machine', () => {
  it('answers the machine’s local time, and the deadline during an event', () => {
    const clock = new VirtualClock();
    const machine = { localNow: 50 };
    const seen: number[] = [];
    clock.timer(() => seen.push(clock.now())).arm(60);
    clock.enter(machine);
    expect(clock.now()).toBe(50);
    machine.localNow = 70;
    clock.catchUp();
    expect(seen).toEqual([60]);
    expect(clock.now()).toBe(70);
    clock.leave();
    expect(clock.now()).toBe(70);
  });

  it('never goes back, also for a machine that is behind the world', () => {
    const clock = new VirtualClock();
    clock.advanceTo(100);
    clock.enter({ localNow: 80 });
    expect(clock.now()).toBe(100);
    clock.catchUp();
    expect(clock.now()).toBe(100);
  });

  it('runs no event twice when an event itself makes a device access', () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const second = clock.timer(() => seen.push('second'));
    const first = clock.timer(() => {
      clock.catchUp();
      seen.push('first');
    });
    first.arm(10);
    second.arm(10);
    clock.enter({ localNow: 20 });
    clock.catchUp();
    expect(seen).toEqual(['first', 'second']);
  });
});

describe('ManualClock', () => {
  it('advances through the deadlines and reports what is left', () => {
    const clock = new ManualClock();
    const seen: number[] = [];
    const tick = clock.timer(() => {
      seen.push(clock.now());
      if (seen.length < 3) tick.arm(clock.now() + 10);
    });
    tick.arm(10);
    expect(clock.advance(25)).toBe(2);
    expect(clock.now()).toBe(25);
    expect(clock.leftover).toBe(1);
    expect(clock.runNext()).toBe(true);
    expect(seen).toEqual([10, 20, 30]);
    expect(clock.runNext()).toBe(false);
    expect(clock.leftover).toBe(0);
  });

  it('runs event by event until what is waited for has come, or the time given for it', () => {
    const clock = new ManualClock(5);
    let ticks = 0;
    const tick = clock.timer(() => {
      ticks++;
      tick.arm(clock.now() + 10);
    });
    tick.arm(10);
    expect(clock.run(() => ticks === 2)).toBe(true);
    expect([clock.now(), ticks]).toEqual([20, 2]);
    expect(clock.run(() => ticks === 100, 45)).toBe(false);
    expect([clock.now(), ticks]).toEqual([45, 4]);
    tick.cancel();
    expect(clock.run(() => false, 60)).toBe(false);
    expect(clock.now()).toBe(60);
  });

  it('does not run for ever', () => {
    const clock = new ManualClock();
    const tick = clock.timer(() => tick.arm(clock.now()));
    tick.arm(0);
    expect(() => clock.run(() => false)).toThrow(/does not come to rest/);
  });
});
