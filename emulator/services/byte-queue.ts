/**
 * Bytes between a stream and a protocol: filled at the back, taken at the front, never larger than its limit. The array grows by
 * doubling up to the limit and moves its content to the front when the back is reached.
 * Invariant: 0 ≤ from ≤ to ≤ bytes.length ≤ limit.
 */
import type { HostStream } from '../base/host-sockets.ts';

const FIRST_SIZE = 2048;

export class ByteQueue {
  /** The content is `bytes[from..to)`; valid until the next call that adds. */
  bytes: Uint8Array;
  from = 0;
  to = 0;
  readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
    this.bytes = new Uint8Array(Math.min(FIRST_SIZE, limit));
  }

  get length(): number {
    return this.to - this.from;
  }

  /** Bytes that can still be added. */
  get room(): number {
    return this.limit - this.length;
  }

  /** Makes `length` bytes (at most `room`) writable at the returned index; `grow` by as many as were written. */
  reserve(length: number): number {
    if (this.to + length > this.bytes.length) {
      const needed = this.length + length;
      let size = this.bytes.length;
      while (size < needed) size = Math.min(2 * size, this.limit);
      const bytes = size > this.bytes.length ? new Uint8Array(size) : this.bytes;
      // `set` and `copyWithin` both cope with overlap.
      if (bytes === this.bytes) bytes.copyWithin(0, this.from, this.to);
      else bytes.set(this.bytes.subarray(this.from, this.to));
      this.bytes = bytes;
      this.to -= this.from;
      this.from = 0;
    }
    return this.to;
  }

  grow(length: number): void {
    this.to += length;
  }

  /** Adds a copy; the caller has looked at `room`. */
  push(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.bytes.set(bytes, at);
    this.grow(bytes.length);
  }

  /** Drops `length` bytes (at most all) at the front. */
  take(length: number): void {
    this.from += length;
    if (this.from === this.to) this.from = this.to = 0;
  }

  clear(): void {
    this.from = this.to = 0;
  }

  /** Reads once from the stream, at most `max` bytes and what there is room for; returns how many came. */
  readFrom(stream: HostStream, max: number): number {
    const want = Math.min(max, this.room, stream.available());
    if (want <= 0) return 0;
    // `reserve` may replace the array, so it comes first.
    const at = this.reserve(want);
    const got = stream.recv(this.bytes, at, want);
    this.grow(got);
    return got;
  }

  /** Writes once to the stream what it takes; returns how many bytes went. */
  writeTo(stream: HostStream): number {
    if (this.length === 0) return 0;
    const sent = stream.send(this.bytes, this.from, this.length);
    this.take(sent);
    return sent;
  }
}
