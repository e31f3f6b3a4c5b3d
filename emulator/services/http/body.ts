/**
 * The body of an HTTP request, taken apart as it comes. Follows RFC 9112 §6.2 (length), §7.1 (chunked; extensions and trailers are
 * read over). Holds no bytes: every piece is handed on at once.
 */
import type { Framing } from './request.ts';

/** Where pieces of the body go: `b[at..at + length)`, borrowed until the call returns. */
export type BodySink = (b: Uint8Array, at: number, length: number) => void;

export type BodyState = 'more' | 'done' | 'bad-chunk';

/** Longest chunk line, and all trailers together. */
const MAX_LINE = 512;
const MAX_TRAILERS = 4096;
/** 12 hexadecimal digits stay exact in a double. */
const MAX_DIGITS = 12;
const LF = 10;
const CR = 13;

type Part = 'size' | 'extension' | 'size-end' | 'data' | 'data-end' | 'trailer';

export class BodyReader {
  state: BodyState;
  readonly #chunked: boolean;
  #part: Part;
  /** Data bytes still to come: of the body, or of the chunk. */
  #left: number;
  #digits = 0;
  /** Bytes of this line (`size`, `extension`) or of all trailers. */
  #line = 0;
  /** Bytes of this trailer line, line end not counted; 0 at its end: the blank line. */
  #column = 0;

  constructor(framing: Framing) {
    this.#chunked = framing.kind === 'chunked';
    this.#part = this.#chunked ? 'size' : 'data';
    this.#left = framing.kind === 'length' ? framing.length : 0;
    this.state = framing.kind === 'none' ? 'done' : 'more';
  }

  /** Takes what belongs to the body from `b[at..end)`; returns how many bytes. Fewer than all: see `state`. */
  feed(b: Uint8Array, at: number, end: number, sink: BodySink): number {
    let p = at;
    while (p < end && this.state === 'more') {
      if (this.#part === 'data') {
        const take = Math.min(this.#left, end - p);
        sink(b, p, take);
        p += take;
        this.#left -= take;
        if (this.#left === 0) this.#dataOver();
      } else this.#octet(b[p++]!);
    }
    return p - at;
  }

  #dataOver(): void {
    if (this.#chunked) this.#part = 'data-end';
    else this.state = 'done';
  }

  /** One byte of what stands around the data. */
  #octet(byte: number): void {
    this.#line++;
    if (this.#part === 'size') this.#size(byte);
    else if (this.#part === 'extension') {
      if (byte === LF) this.#sizeOver();
      else if (byte === CR) this.#part = 'size-end';
      else if (this.#line > MAX_LINE) this.state = 'bad-chunk';
    } else if (this.#part === 'size-end') {
      if (byte === LF) this.#sizeOver();
      else this.state = 'bad-chunk';
    } else if (this.#part === 'data-end') {
      if (byte === LF) this.#begin('size');
      else if (byte !== CR || this.#line > 1) this.state = 'bad-chunk';
    } else this.#trailer(byte);
  }

  #size(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0 && this.#digits < MAX_DIGITS) {
      this.#left = this.#left * 16 + digit;
      this.#digits++;
    } else if (this.#digits === 0 || digit >= 0) this.state = 'bad-chunk';
    else if (byte === LF) this.#sizeOver();
    else if (byte === CR) this.#part = 'size-end';
    else if (byte === 0x3b || byte === 0x20 || byte === 0x09) this.#part = 'extension';
    else this.state = 'bad-chunk';
  }

  #sizeOver(): void {
    this.#begin(this.#left === 0 ? 'trailer' : 'data');
  }

  #trailer(byte: number): void {
    if (byte === LF) {
      if (this.#column === 0) this.state = 'done';
      this.#column = 0;
    } else if (byte !== CR) this.#column++;
    if (this.#line > MAX_TRAILERS) this.state = 'bad-chunk';
  }

  #begin(part: Part): void {
    this.#part = part;
    this.#line = 0;
    this.#column = 0;
    if (part === 'size') this.#digits = this.#left = 0;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
