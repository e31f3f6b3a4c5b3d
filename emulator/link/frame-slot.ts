/**
 * Reusable frame buffers for links that hold frames for a while: one copy a hop and, once warm, no allocation.
 * Invariant: a slot is either in its pool or held by exactly one queue.
 */
import type { Frame, Offload, PacketId } from '../base/frame.ts';
import { NO_OFFLOAD } from '../base/frame.ts';
import type { Nanos } from '../base/clock.ts';

/** Room that fits every untagged or tagged frame at MTU 1500 without growing. */
const ROOM = 1536;

/** An owned copy of a frame that can itself be passed on as a `Frame` (borrowed by the receiver until its call returns). */
export class FrameSlot implements Frame {
  bytes: Uint8Array = new Uint8Array(0);
  id: PacketId = 0;
  offload: Offload = NO_OFFLOAD;
  /** When it leaves its queue; the meaning is the queue's. */
  at: Nanos = 0;
  /** When a transmitter has finished with it (cables only). */
  sentAt: Nanos = 0;
  #room = new Uint8Array(ROOM);

  /** Copies `frame` into this slot. */
  fill(frame: Frame): void {
    const length = frame.bytes.length;
    if (length > this.#room.length) this.#room = new Uint8Array(length);
    // Bulk traffic repeats its lengths, so the view of the last frame often fits the next one.
    if (this.bytes.length !== length || this.bytes.buffer !== this.#room.buffer)
      this.bytes = this.#room.subarray(0, length);
    this.bytes.set(frame.bytes);
    this.id = frame.id;
    this.offload = frame.offload;
  }
}

/** Slots not in use. Never holds more than were in use at once. */
export class SlotPool {
  readonly #free: FrameSlot[] = [];

  /** A slot holding a copy of `frame`. */
  take(frame: Frame): FrameSlot {
    const slot = this.#free.pop() ?? new FrameSlot();
    slot.fill(frame);
    return slot;
  }

  give(slot: FrameSlot): void {
    this.#free.push(slot);
  }
}

/** Plain-data form of a held frame. */
export interface HeldFrame {
  readonly bytes: Uint8Array;
  readonly id: PacketId;
  readonly offload: Offload;
  readonly at: Nanos;
  readonly sentAt: Nanos;
}

export const saveSlot = (slot: FrameSlot): HeldFrame => ({
  bytes: slot.bytes.slice(),
  id: slot.id,
  offload: { ...slot.offload },
  at: slot.at,
  sentAt: slot.sentAt,
});

/** First in, first out; a growing ring of slots. Bounds are the owner's business. */
export class SlotQueue {
  #ring: (FrameSlot | null)[] = new Array<FrameSlot | null>(16).fill(null);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(slot: FrameSlot): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#length) & (this.#ring.length - 1)] = slot;
    this.#length++;
  }

  /** The slot at `place`, 0 being the oldest; null past the end. */
  peek(place = 0): FrameSlot | null {
    return place < this.#length ? this.#ring[(this.#head + place) & (this.#ring.length - 1)]! : null;
  }

  shift(): FrameSlot | null {
    const slot = this.peek();
    if (slot === null) return null;
    this.#ring[this.#head] = null;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#length--;
    return slot;
  }

  #grow(): void {
    const old = this.#ring;
    this.#ring = Array.from({ length: 2 * old.length }, (_, i) =>
      i < this.#length ? old[(this.#head + i) & (old.length - 1)]! : null,
    );
    this.#head = 0;
  }
}
