/**
 * The tap device between a virtual machine's card and a port of the host's bridge (Linux `tun` in tap mode, as QEMU's tap netdev uses it).
 * Stages t.t1, t.t3, h.r3b, t.r1 to t.r3 of the stage table. Leaves out: virtio headers (the card has none), so t.t2; GSO frames are passed as they are.
 *
 * From the guest a frame goes to the bridge in the same call, as `writev` on a tap does. Toward the guest it waits in the
 * device's queue until the main loop reads it, so the guest never receives from inside its own transmit.
 */
import type { Context, Task } from '../base/context.ts';
import type { Disposable } from '../base/disposable.ts';
import type { Frame } from '../base/frame.ts';
import type { Ledger } from '../base/ledger.ts';
import type { Link, LinkCounters } from '../base/link.ts';
import { ignoreFrame, ignoreReady, linkCounters } from '../base/link.ts';
import type { HeldFrame } from './frame-slot.ts';
import { SlotPool, SlotQueue, saveSlot } from './frame-slot.ts';

/** Linux's default `txqueuelen` of a tap. */
export const TAP_QUEUE = 1000;
/** Frames the main loop reads before it looks at its other descriptors (QEMU reads at most 50). */
const READS_PER_WAKE = 50;

export interface TapOptions {
  /** The guest's card: frames are transmitted into it, and come out of it. */
  readonly nic: Link;
  /** The bridge's port. */
  readonly port: Link;
  /** QEMU's main loop. */
  readonly main: Context;
  readonly ledger: Ledger;
  readonly queueFrames?: number;
}

export interface TapState {
  readonly queue: readonly HeldFrame[];
  readonly counters: LinkCounters;
  readonly task: ReturnType<Task['save']>;
}

export class Tap implements Disposable {
  /** As `ip -s link` on the host shows them: `rx` came from the guest, `tx` went toward it; `txDropped`: the queue was full. */
  readonly counters: LinkCounters = linkCounters();
  readonly #nic: Link;
  readonly #port: Link;
  readonly #ledger: Ledger;
  readonly #limit: number;
  readonly #task: Task;
  readonly #pool = new SlotPool();
  readonly #queue = new SlotQueue();

  /** Takes over `onReceive` of both links and `onReady` of the card until disposed of. */
  constructor(options: TapOptions) {
    this.#nic = options.nic;
    this.#port = options.port;
    this.#ledger = options.ledger;
    this.#limit = options.queueFrames ?? TAP_QUEUE;
    this.#task = options.main.task(() => this.#read());
    this.#nic.onReceive = (frame) => this.#fromGuest(frame);
    this.#nic.onReady = () => this.#wake();
    this.#port.onReceive = (frame) => this.#toGuest(frame);
  }

  /** Frames waiting for the main loop. */
  get queued(): number {
    return this.#queue.length;
  }

  save(): TapState {
    const queue: HeldFrame[] = [];
    for (let i = 0; i < this.#queue.length; i++) queue.push(saveSlot(this.#queue.peek(i)!));
    return { queue, counters: { ...this.counters }, task: this.#task.save() };
  }

  restore(state: TapState): void {
    this.#empty();
    for (const held of state.queue) this.#queue.push(this.#pool.take(held));
    Object.assign(this.counters, state.counters);
    this.#task.restore(state.task);
  }

  dispose(): void {
    this.#nic.onReceive = ignoreFrame;
    this.#nic.onReady = ignoreReady;
    this.#port.onReceive = ignoreFrame;
    this.#task.dispose();
    this.#empty();
  }

  #empty(): void {
    for (let slot = this.#queue.shift(); slot !== null; slot = this.#queue.shift()) this.#pool.give(slot);
  }

  #wake(): void {
    if (this.#queue.length > 0) this.#task.schedule();
  }

  #fromGuest(frame: Frame): void {
    this.counters.rxPackets++;
    this.counters.rxBytes += frame.bytes.length;
    const ledger = this.#ledger;
    if (!ledger.enabled) return this.#port.transmit(frame);
    ledger.enter('t.t1', frame.id);
    ledger.enter('t.t3', frame.id);
    ledger.count('syscalls', 1);
    this.#port.transmit(frame);
    ledger.leave('passed');
    ledger.leave('passed');
  }

  #toGuest(frame: Frame): void {
    const full = this.#queue.length >= this.#limit;
    if (full) this.counters.txDropped++;
    else {
      this.#queue.push(this.#pool.take(frame));
      this.counters.txPackets++;
      this.counters.txBytes += frame.bytes.length;
      this.#task.schedule();
    }
    if (!this.#ledger.enabled) return;
    this.#ledger.enter('h.r3b', frame.id);
    if (!full) this.#ledger.count('wakeups', 1);
    this.#ledger.leave(full ? 'dropped' : 'queued');
  }

  /** The main loop's read handler. A card without room stops the reading; its `onReady` starts it again. */
  #read(): void {
    for (let reads = 0; this.#queue.length > 0 && this.#nic.ready(); reads++) {
      if (reads === READS_PER_WAKE) return this.#task.schedule();
      const slot = this.#queue.shift()!;
      if (this.#ledger.enabled) this.#readCounted(slot);
      else this.#nic.transmit(slot);
      this.#pool.give(slot);
    }
  }

  #readCounted(frame: Frame): void {
    const ledger = this.#ledger;
    ledger.enter('t.r1', frame.id);
    ledger.enter('t.r2', frame.id);
    ledger.count('syscalls', 1);
    ledger.count('copies', 1);
    ledger.count('copiedBytes', frame.bytes.length);
    ledger.leave('passed');
    ledger.enter('t.r3', frame.id);
    this.#nic.transmit(frame);
    ledger.leave('passed');
    ledger.leave('passed');
  }
}
