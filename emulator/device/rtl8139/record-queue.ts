/**
 * Received records that wait for their place in the guest's ring: the card's FIFO, bounded in number.
 * Slots are made on first use and used again, so a steady flow of frames allocates nothing.
 */

/** Frames above this are never delivered: Linux's 8139too takes a record length above 1796 for a lost ring. */
export const MAX_RX_FRAME = 1792;
export const RECORD_HEADER = 4;
export const FCS_LENGTH = 4;
export const MAX_RECORD = RECORD_HEADER + MAX_RX_FRAME + FCS_LENGTH;

/** A record as it will stand in the ring: header, frame, padding, FCS (filled in when it is delivered). */
export interface RxRecord {
  readonly bytes: Uint8Array;
  /** Bytes of `bytes` in use. */
  length: number;
  /** Length of the frame as it came from the link. */
  frameLength: number;
  packet: number;
}

export interface RxRecordState {
  readonly bytes: Uint8Array;
  readonly frameLength: number;
  readonly packet: number;
}

export function newRecord(): RxRecord {
  return { bytes: new Uint8Array(MAX_RECORD), length: 0, frameLength: 0, packet: 0 };
}

export class RecordQueue {
  readonly #capacity: number;
  readonly #slots: RxRecord[] = [];
  #head = 0;
  #size = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  get full(): boolean {
    return this.#size === this.#capacity;
  }

  /** The slot the next `push()` will add; fill it first. Only while not `full`. */
  spare(): RxRecord {
    const index = (this.#head + this.#size) % this.#capacity;
    // Slots are used in order from 0, so a missing one is always the next.
    if (index === this.#slots.length) this.#slots.push(newRecord());
    return this.#slots[index]!;
  }

  push(): void {
    this.#size++;
  }

  /** The oldest record. Only while `size` is not 0. */
  first(): RxRecord {
    return this.#slots[this.#head]!;
  }

  shift(): void {
    this.#size--;
    this.#head = this.#size === 0 ? 0 : (this.#head + 1) % this.#capacity;
  }

  clear(): void {
    this.#head = 0;
    this.#size = 0;
  }

  save(): RxRecordState[] {
    return Array.from({ length: this.#size }, (_, i) => {
      const { bytes, length, frameLength, packet } = this.#slots[(this.#head + i) % this.#capacity]!;
      return { bytes: bytes.slice(0, length), frameLength, packet };
    });
  }

  restore(records: readonly RxRecordState[]): void {
    this.clear();
    for (const { bytes, frameLength, packet } of records.slice(0, this.#capacity)) {
      const slot = this.spare();
      slot.bytes.set(bytes.subarray(0, MAX_RECORD));
      slot.length = Math.min(bytes.length, MAX_RECORD);
      slot.frameLength = frameLength;
      slot.packet = packet;
      this.push();
    }
  }
}
