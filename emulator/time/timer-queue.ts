/**
 * Timers in order of deadline: an indexed binary heap; equal deadlines fire in the order in which they were armed.
 * Shared by the virtual and the manual clock. It knows no time of its own: whoever owns it says how far to run.
 */
import type { Nanos, Timer, TimerState } from '../base/clock.ts';

/** Events at one and the same instant after which a loop that never ends is assumed (a bug, not load). */
const MAX_EVENTS_PER_INSTANT = 1_000_000;

class QueuedTimer implements Timer {
  at: Nanos = Infinity;
  order = 0;
  /** Place in the heap; -1 when not armed. */
  place = -1;
  fire: () => void;
  readonly #queue: TimerQueue;

  constructor(queue: TimerQueue, fire: () => void) {
    this.#queue = queue;
    this.fire = fire;
  }

  get deadline(): Nanos {
    return this.at;
  }

  arm(at: Nanos): void {
    if (Number.isNaN(at)) throw new RangeError('a timer was armed for NaN');
    this.#queue.arm(this, at, this.#queue.takeOrder());
  }

  cancel(): void {
    this.#queue.remove(this);
  }

  save(): TimerState {
    return this.place < 0 ? null : { at: this.at, order: this.order };
  }

  restore(state: TimerState): void {
    if (state === null) return this.cancel();
    this.#queue.arm(this, state.at, state.order);
    this.#queue.noteOrder(state.order);
  }

  dispose(): void {
    this.cancel();
    this.fire = () => undefined;
  }
}

const before = (a: QueuedTimer, b: QueuedTimer): boolean =>
  a.at < b.at || (a.at === b.at && a.order < b.order);

export class TimerQueue {
  readonly #heap: QueuedTimer[] = [];
  #nextOrder = 1;

  /** How many timers are armed. */
  get size(): number {
    return this.#heap.length;
  }

  /** Deadline of the next timer; `Infinity` when none is armed. */
  nextDeadline(): Nanos {
    return this.#heap.length === 0 ? Infinity : this.#heap[0]!.at;
  }

  timer(fire: () => void): Timer {
    return new QueuedTimer(this, fire);
  }

  /** Fires the next timer when its deadline is at most `until`; `reach` is told the deadline first. False: nothing was due. */
  fireNext(until: Nanos, reach: (at: Nanos) => void): boolean {
    const next = this.#heap[0];
    if (next === undefined || next.at > until) return false;
    const { at, fire } = next;
    this.remove(next);
    reach(at);
    fire();
    return true;
  }

  /** Fires all timers with deadlines up to and including `until`, also those armed meanwhile. */
  fireUntil(until: Nanos, reach: (at: Nanos) => void): number {
    let fired = 0;
    let instant = -Infinity;
    let atInstant = 0;
    for (let at = this.nextDeadline(); this.fireNext(until, reach); at = this.nextDeadline()) {
      fired++;
      if (at > instant) {
        instant = at;
        atInstant = 0;
      } else if (++atInstant > MAX_EVENTS_PER_INSTANT) {
        throw new Error(
          `more than ${MAX_EVENTS_PER_INSTANT} events at ${instant} ns: timers re-arm each other without end`,
        );
      }
    }
    return fired;
  }

  /** Next number of the arming order. */
  takeOrder(): number {
    return this.#nextOrder++;
  }

  /** Keeps later armings behind a restored one. */
  noteOrder(order: number): void {
    this.#nextOrder = Math.max(this.#nextOrder, order + 1);
  }

  arm(timer: QueuedTimer, at: Nanos, order: number): void {
    this.remove(timer);
    if (at === Infinity) return;
    timer.at = at;
    timer.order = order;
    timer.place = this.#heap.length;
    this.#heap.push(timer);
    this.#siftUp(timer);
  }

  remove(timer: QueuedTimer): void {
    const place = timer.place;
    if (place < 0) return;
    timer.place = -1;
    timer.at = Infinity;
    const last = this.#heap.pop()!;
    if (last === timer) return;
    this.#heap[place] = last;
    last.place = place;
    this.#siftUp(last);
    this.#siftDown(last);
  }

  #siftUp(timer: QueuedTimer): void {
    const heap = this.#heap;
    let place = timer.place;
    while (place > 0) {
      const parentPlace = (place - 1) >> 1;
      const parent = heap[parentPlace]!;
      if (!before(timer, parent)) break;
      heap[place] = parent;
      parent.place = place;
      place = parentPlace;
    }
    heap[place] = timer;
    timer.place = place;
  }

  #siftDown(timer: QueuedTimer): void {
    const heap = this.#heap;
    let place = timer.place;
    for (;;) {
      let childPlace = 2 * place + 1;
      if (childPlace >= heap.length) break;
      if (childPlace + 1 < heap.length && before(heap[childPlace + 1]!, heap[childPlace]!)) childPlace++;
      const child = heap[childPlace]!;
      if (!before(child, timer)) break;
      heap[place] = child;
      child.place = place;
      place = childPlace;
    }
    heap[place] = timer;
    timer.place = place;
  }
}
