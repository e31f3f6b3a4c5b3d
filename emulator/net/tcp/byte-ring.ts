/**
 * A byte queue that starts empty, grows by doubling up to a cap, and can hold bytes ahead of its end: the send buffer and
 * the receive buffer (with what came out of order) of a connection. One copy in, one copy out.
 *
 *   head ── length ──▸ end ┄┄ placed ahead, not yet committed ┄┄▸ extent
 */
const FIRST_ALLOCATION = 4096;
/** Below this a loop beats `subarray` + `set`. */
const LOOP_LIMIT = 48;
const EMPTY = new Uint8Array(0);

export interface ByteRingState {
  readonly bytes: Uint8Array;
  readonly length: number;
}

function copy(from: Uint8Array, fromAt: number, into: Uint8Array, at: number, n: number): void {
  if (n > LOOP_LIMIT) into.set(from.subarray(fromAt, fromAt + n), at);
  else for (let i = 0; i < n; i++) into[at + i] = from[fromAt + i]!;
}

export class ByteRing {
  /** Most bytes it will hold, those placed ahead included. */
  readonly max: number;
  #bytes = EMPTY;
  #head = 0;
  #length = 0;
  /** From head to the end of what was placed ahead; at least `length`. */
  #extent = 0;

  constructor(max: number) {
    this.max = max;
  }

  /** Bytes in order, ready to be read. */
  get length(): number {
    return this.#length;
  }

  /** Bytes allocated now. */
  get allocated(): number {
    return this.#bytes.length;
  }

  /** Appends up to `n` bytes; returns how many fitted under `max`. Nothing may be placed ahead. */
  write(from: Uint8Array, at: number, n: number): number {
    const taken = Math.min(n, this.max - this.#length);
    if (taken <= 0) return 0;
    this.place(0, from, at, taken);
    this.commit(taken);
    return taken;
  }

  /** Stores bytes `offset` after the end without making them readable. The caller keeps within `max`. */
  place(offset: number, from: Uint8Array, at: number, n: number): void {
    const start = this.#length + offset;
    if (start + n > this.max) throw new RangeError('byte ring: placed past its cap');
    this.#reserve(start + n);
    const to = (this.#head + start) % this.#bytes.length;
    const first = Math.min(n, this.#bytes.length - to);
    copy(from, at, this.#bytes, to, first);
    if (first < n) copy(from, at + first, this.#bytes, 0, n - first);
    if (start + n > this.#extent) this.#extent = start + n;
  }

  /** Makes the next `n` bytes, placed before, readable. */
  commit(n: number): void {
    this.#length += n;
    if (this.#extent < this.#length) this.#extent = this.#length;
  }

  /** Copies `n` bytes that start `offset` after the head; the caller keeps within `length`. */
  copyOut(offset: number, into: Uint8Array, at: number, n: number): void {
    if (n <= 0) return;
    const from = (this.#head + offset) % this.#bytes.length;
    const first = Math.min(n, this.#bytes.length - from);
    copy(this.#bytes, from, into, at, first);
    if (first < n) copy(this.#bytes, 0, into, at + first, n - first);
  }

  /** Removes `n` bytes from the head. */
  drop(n: number): void {
    this.#length -= n;
    this.#extent -= n;
    this.#head = this.#extent === 0 ? 0 : (this.#head + n) % this.#bytes.length;
  }

  /** Forgets everything and gives the memory back. */
  release(): void {
    this.#bytes = EMPTY;
    this.#head = 0;
    this.#length = 0;
    this.#extent = 0;
  }

  save(): ByteRingState {
    const bytes = new Uint8Array(this.#extent);
    this.copyOut(0, bytes, 0, this.#extent);
    return { bytes, length: this.#length };
  }

  restore(state: ByteRingState): void {
    this.release();
    if (state.bytes.length > 0) this.place(0, state.bytes, 0, state.bytes.length);
    this.commit(state.length);
  }

  #reserve(total: number): void {
    if (total <= this.#bytes.length) return;
    let size = Math.max(FIRST_ALLOCATION, this.#bytes.length);
    while (size < total) size *= 2;
    const grown = new Uint8Array(Math.min(size, Math.max(this.max, FIRST_ALLOCATION)));
    this.copyOut(0, grown, 0, this.#extent);
    this.#bytes = grown;
    this.#head = 0;
  }
}
