/**
 * The capture: a ring of frames seen at named interfaces, the oldest making room for the newest.
 *
 * Frame bytes are copied once, into 1 MiB chunks; times and lengths live in typed arrays, so that capturing makes no garbage per frame.
 * Invariant: the frames held are those with index `first` ≤ i < `next`; an index names the same frame until `clear()`.
 */
import type { MacAddr } from '../base/address.ts';
import type { Nanos } from '../base/clock.ts';
import type { Frame } from '../base/frame.ts';
import type { CapturedFrame, Direction, TapInterface, TapPoint } from '../base/tap-point.ts';

const CHUNK = 1 << 20;
/** libpcap's default, and the largest that pcapng readers are sure to take. */
export const MAX_SNAP_LENGTH = 262_144;

export interface CaptureOptions {
  /** Bytes kept of each frame; default 65,535. */
  readonly snapLength?: number;
  /** Frames held at most; default 200,000. */
  readonly maxFrames?: number;
  /** Captured bytes held at most; default 128 MiB. */
  readonly maxBytes?: number;
}

/** What an interface has seen since power-on; running on through `clear()`. */
export interface InterfaceCounters {
  framesIn: number;
  framesOut: number;
  bytesIn: number;
  bytesOut: number;
}

export interface CaptureInterface extends TapInterface {
  readonly mac: MacAddr | null;
  readonly counters: Readonly<InterfaceCounters>;
}

class CapturePoint implements TapPoint, CaptureInterface {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly mac: MacAddr | null;
  readonly counters: InterfaceCounters = { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0 };
  /** Since the last `clear()`: seen, and no longer held. */
  seen = 0;
  lost = 0;
  readonly #owner: Capture;

  constructor(owner: Capture, id: number, name: string, description: string, mac: MacAddr | null) {
    this.#owner = owner;
    this.id = id;
    this.name = name;
    this.description = description;
    this.mac = mac;
  }

  get iface(): TapInterface {
    return this;
  }

  capture(frame: Frame, direction: Direction, at: Nanos): void {
    if (!this.#owner.running) return;
    this.seen++;
    if (direction === 'in') {
      this.counters.framesIn++;
      this.counters.bytesIn += frame.bytes.length;
    } else {
      this.counters.framesOut++;
      this.counters.bytesOut += frame.bytes.length;
    }
    this.#owner.store(frame, this.id, direction, at);
  }
}

export class Capture {
  /** False: capture points do nothing. */
  running = true;
  readonly snapLength: number;
  readonly maxFrames: number;
  readonly maxBytes: number;
  readonly #points: CapturePoint[] = [];
  /** By index modulo `maxFrames`. */
  readonly #at: Float64Array;
  readonly #packet: Float64Array;
  readonly #length: Uint32Array;
  readonly #kept: Uint32Array;
  readonly #offset: Uint32Array;
  /** Number of the chunk since the last `clear()`. */
  readonly #chunkOf: Uint32Array;
  /** Interface × 2, plus 1 for `out`. */
  readonly #source: Uint16Array;
  #chunks: Uint8Array[] = [];
  /** Number of `#chunks[0]`. */
  #firstChunk = 0;
  #used = 0;
  #bytes = 0;
  #first = 0;
  #next = 0;
  #epoch = 0;

  constructor(options: CaptureOptions = {}) {
    const { snapLength = 65_535, maxFrames = 200_000, maxBytes = 128 << 20 } = options;
    if (!(snapLength >= 1 && snapLength <= MAX_SNAP_LENGTH && maxFrames >= 1 && maxBytes >= snapLength))
      throw new RangeError(
        `a capture of ${maxFrames} frames, ${maxBytes} bytes, ${snapLength} bytes a frame`,
      );
    this.snapLength = snapLength;
    this.maxFrames = maxFrames;
    this.maxBytes = maxBytes;
    this.#at = new Float64Array(maxFrames);
    this.#packet = new Float64Array(maxFrames);
    this.#length = new Uint32Array(maxFrames);
    this.#kept = new Uint32Array(maxFrames);
    this.#offset = new Uint32Array(maxFrames);
    this.#chunkOf = new Uint32Array(maxFrames);
    this.#source = new Uint16Array(maxFrames);
  }

  /** Index of the oldest frame held. */
  get first(): number {
    return this.#first;
  }
  /** Index that the next frame will get: frames captured since the last `clear()`. */
  get next(): number {
    return this.#next;
  }
  get held(): number {
    return this.#next - this.#first;
  }
  /** Frames captured since the last `clear()` that made room for others. */
  get lost(): number {
    return this.#first;
  }
  /** Captured bytes held. */
  get bytes(): number {
    return this.#bytes;
  }
  /** Increased by `clear()`: indices start anew. */
  get epoch(): number {
    return this.#epoch;
  }

  get interfaces(): readonly CaptureInterface[] {
    return this.#points;
  }

  /** Registers a capture point; its id is its place in `interfaces`. At most 32,768. */
  addInterface(name: string, description: string, mac: MacAddr | null = null): TapPoint {
    if (this.#points.length >= 0x8000) throw new RangeError('too many capture interfaces');
    const point = new CapturePoint(this, this.#points.length, name, description, mac);
    this.#points.push(point);
    return point;
  }

  /** Frames an interface has seen, and those of them no longer held, since the last `clear()`. */
  statistics(iface: number): { readonly seen: number; readonly lost: number } {
    const point = this.#points[iface];
    return { seen: point?.seen ?? 0, lost: point?.lost ?? 0 };
  }

  /** The frame with this index; null when it is not held. Its bytes are a view of the capture's own, and stay as they are. */
  frame(index: number): CapturedFrame | null {
    if (!this.holds(index)) return null;
    const i = index % this.maxFrames;
    const chunk = this.#chunks[this.#chunkOf[i]! - this.#firstChunk]!;
    return {
      at: this.#at[i]!,
      iface: this.#source[i]! >> 1,
      direction: this.#source[i]! & 1 ? 'out' : 'in',
      packet: this.#packet[i]!,
      bytes: chunk.subarray(this.#offset[i]!, this.#offset[i]! + this.#kept[i]!),
      length: this.#length[i]!,
    };
  }

  holds(index: number): boolean {
    return Number.isInteger(index) && index >= this.#first && index < this.#next;
  }

  /** Interface of a held frame, without making an object of it. */
  interfaceOf(index: number): number {
    return this.#source[index % this.maxFrames]! >> 1;
  }

  /** Empties the ring; interfaces and their counters stay. */
  clear(): void {
    this.#first = 0;
    this.#next = 0;
    this.#bytes = 0;
    this.#chunks = [];
    this.#firstChunk = 0;
    this.#used = 0;
    this.#epoch++;
    for (const point of this.#points) point.seen = point.lost = 0;
  }

  /** Called by the capture points. */
  store(frame: Frame, iface: number, direction: Direction, at: Nanos): void {
    const { bytes, id } = frame;
    const kept = Math.min(bytes.length, this.snapLength);
    while (this.held >= this.maxFrames || (this.held > 0 && this.#bytes + kept > this.maxBytes))
      this.#forget();
    if (this.#chunks.length === 0 || this.#used + kept > CHUNK) {
      this.#chunks.push(new Uint8Array(CHUNK));
      this.#used = 0;
    }
    const i = this.#next % this.maxFrames;
    const chunk = this.#chunks[this.#chunks.length - 1]!;
    if (kept === bytes.length) chunk.set(bytes, this.#used);
    else chunk.set(bytes.subarray(0, kept), this.#used);
    this.#at[i] = at;
    this.#packet[i] = id;
    this.#length[i] = bytes.length;
    this.#kept[i] = kept;
    this.#offset[i] = this.#used;
    this.#chunkOf[i] = this.#firstChunk + this.#chunks.length - 1;
    this.#source[i] = (iface << 1) | (direction === 'out' ? 1 : 0);
    this.#used += kept;
    this.#bytes += kept;
    this.#next++;
  }

  /** Lets go of the oldest frame, and of chunks that hold none any more (never reused, so views of them stay right). */
  #forget(): void {
    const i = this.#first % this.maxFrames;
    this.#points[this.#source[i]! >> 1]!.lost++;
    this.#bytes -= this.#kept[i]!;
    this.#first++;
    const needed =
      this.held > 0
        ? this.#chunkOf[this.#first % this.maxFrames]!
        : this.#firstChunk + this.#chunks.length - 1;
    if (needed > this.#firstChunk) {
      this.#chunks.splice(0, needed - this.#firstChunk);
      this.#firstChunk = needed;
    }
  }
}
