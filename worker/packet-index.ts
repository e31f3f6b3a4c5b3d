/**
 * Which frames of the capture pass the page's query, found a piece at a time: each call looks at what is new, for a bounded time, so that a
 * long capture never holds up the machine. One query at a time; another one starts over.
 */
import type { PacketQuery } from './api.ts';

/** What the index needs of the capture. */
export interface IndexedCapture {
  readonly first: number;
  readonly next: number;
  readonly epoch: number;
  interfaceOf(index: number): number;
}

/** Frames looked at between two looks at the clock. */
const STRIDE = 256;

export class PacketIndex {
  readonly #capture: IndexedCapture;
  readonly #textOf: (index: number) => string;
  #query: PacketQuery = { iface: null, text: '' };
  #needle = '';
  #epoch = -1;
  #scanned = 0;
  #matches: number[] = [];
  /** Matches before this place are no longer held. */
  #from = 0;

  /** `textOf` gives the row of a held frame as one lower-case text. */
  constructor(capture: IndexedCapture, textOf: (index: number) => string) {
    this.#capture = capture;
    this.#textOf = textOf;
  }

  /** Brings the index up to date, for about `budgetMs` by the clock `nowMs`; true when it is complete. */
  update(query: PacketQuery, nowMs: () => number, budgetMs: number): boolean {
    const { first, next, epoch } = this.#capture;
    if (epoch !== this.#epoch || query.iface !== this.#query.iface || query.text !== this.#query.text) {
      this.#query = query;
      this.#needle = query.text.trim().toLowerCase();
      this.#epoch = epoch;
      this.#scanned = first;
      this.#matches = [];
      this.#from = 0;
    }
    if (this.#all) return true;
    while (this.#from < this.#matches.length && this.#matches[this.#from]! < first) this.#from++;
    this.#scanned = Math.max(this.#scanned, first);
    const end = nowMs() + budgetMs;
    while (this.#scanned < next) {
      const stop = Math.min(next, this.#scanned + STRIDE);
      for (; this.#scanned < stop; this.#scanned++)
        if (this.#passes(this.#scanned)) this.#matches.push(this.#scanned);
      if (nowMs() >= end) return this.#scanned >= next;
    }
    return true;
  }

  /** Frames that pass, as far as the index has come. */
  get total(): number {
    return this.#all ? this.#capture.next - this.#capture.first : this.#matches.length - this.#from;
  }

  /** Index in the capture of the `place`-th frame that passes; -1 past the end. */
  at(place: number): number {
    if (place < 0 || place >= this.total) return -1;
    return this.#all ? this.#capture.first + place : this.#matches[this.#from + place]!;
  }

  get #all(): boolean {
    return this.#query.iface === null && this.#needle === '';
  }

  #passes(index: number): boolean {
    if (this.#query.iface !== null && this.#capture.interfaceOf(index) !== this.#query.iface) return false;
    return this.#needle === '' || this.#textOf(index).includes(this.#needle);
  }
}
