import { describe, expect, it } from 'vitest';
import { FreeContext, PricedContext } from './context.ts';
import { ManualClock } from './manual-clock.ts';

function setUp(wakeNs?: number) {
  const clock = new ManualClock();
  const seen: string[] = [];
  const context =
    wakeNs === undefined ? new FreeContext('main', clock) : new PricedContext('main', clock, wakeNs);
  const task = (name: string, cost = 0) =>
    context.task(() => {
      seen.push(`${name}@${clock.now()}`);
      context.charge(cost);
    });
  return { clock, context, seen, task };
}

describe('FreeContext', () => {
  it('runs a task as an event at the same instant, never from inside schedule', () => {
    const { clock, seen, task } = setUp();
    const a = task('a', 1_000);
    clock.advance(5);
    a.schedule();
    expect(seen).toEqual([]);
    expect(a.pending).toBe(true);
    clock.advance(0);
    expect(seen).toEqual(['a@5']);
    expect(a.pending).toBe(false);
  });

  it('runs a task once however often it was scheduled while pending, and again when scheduled from inside', () => {
    const { clock, context } = setUp();
    let runs = 0;
    const task = context.task(() => {
      if (++runs < 3) task.schedule();
    });
    task.schedule();
    task.schedule();
    clock.advance(0);
    expect(runs).toBe(3);
  });

  it('costs nothing', () => {
    const { context } = setUp();
    context.charge(1_000);
    expect(context.busyUntil).toBe(0);
  });

  it('drops a disposed task', () => {
    const { clock, seen, task } = setUp();
    const [a, b] = [task('a'), task('b')];
    a.schedule();
    b.schedule();
    a.dispose();
    clock.advance(0);
    expect(seen).toEqual(['b@0']);
    expect(clock.leftover).toBe(0);
  });
});

describe('PricedContext', () => {
  it('lets tasks wait while it is occupied, in the order in which they became pending', () => {
    const { clock, context, seen, task } = setUp(0);
    const late = task('late');
    const a = context.task(() => {
      seen.push(`a@${clock.now()}`);
      context.charge(100);
      late.schedule();
    });
    const b = task('b', 10);
    a.schedule();
    b.schedule();
    clock.advance(1_000);
    expect(seen).toEqual(['a@0', 'b@100', 'late@110']);
  });

  it('adds up charges from outside its tasks', () => {
    const { clock, context, seen, task } = setUp(0);
    clock.advance(50);
    context.charge(100);
    context.charge(20);
    expect(context.busyUntil).toBe(170);
    task('a').schedule();
    clock.advance(1_000);
    expect(seen).toEqual(['a@170']);
  });

  it('takes its time to wake when it was asleep, not when it was busy', () => {
    const { clock, seen, task } = setUp(30);
    task('a', 100).schedule();
    clock.advance(50);
    task('b').schedule();
    clock.advance(1_000);
    expect(seen).toEqual(['a@30', 'b@130']);
  });

  it('goes on after a restore as it would have', () => {
    const run = (restore: boolean): string[] => {
      let { clock, context, seen, task } = setUp(0);
      let [a, b] = [task('a', 100), task('b')];
      a.schedule();
      clock.advance(10);
      b.schedule();
      if (restore) {
        const [sa, sb, sc] = [a.save(), b.save(), context.save()];
        const before = seen;
        ({ clock, context, seen, task } = setUp(0));
        seen.push(...before);
        clock.advance(10);
        [a, b] = [task('a', 100), task('b')];
        a.restore(sa);
        b.restore(sb);
        context.restore(sc);
      }
      a.schedule();
      clock.advance(1_000);
      return seen;
    };
    expect(run(true)).toEqual(run(false));
  });
});
