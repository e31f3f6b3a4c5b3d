/** TCP streams of a capture: which stream a segment belongs to, its relative sequence numbers and its scaled window, as Wireshark shows them. */
import { u16be, u32be } from '../base/bytes.ts';
import type { Nanos } from '../base/clock.ts';
import { seqAdd } from '../wire/seq.ts';
import { ACK_FLAG, OPT_END, OPT_NOP, OPT_SACK, OPT_WINDOW_SCALE, SYN, TCP_HEADER } from '../wire/tcp.ts';
import { ipv4At, ipv6At } from './address-text.ts';
import type { Layers } from './layers.ts';
import type { Half } from './tcp-analysis.ts';
import { DUPLICATE_ACK, PORTS_REUSED, REMARK_WORDS, analyse, newHalf } from './tcp-analysis.ts';

/** Streams followed at once; the oldest is forgotten, its segments then show absolute numbers. */
const MAX_STREAMS = 16_384;

/** What is known of a segment from its stream. */
export interface TcpNote {
  /** Number of the stream, from 0; -1: forgotten. */
  readonly stream: number;
  /** Subtracted from sequence and acknowledgement numbers to show them; 0 when the stream was forgotten. */
  readonly seqBase: number;
  readonly ackBase: number;
  /** Shift of the window; 0 when it is not known to be scaled. */
  readonly windowShift: number;
  /** Whether `windowShift` follows from both SYNs. */
  readonly scaled: boolean;
  /** As in brackets in Wireshark's Info column; mostly none. */
  readonly remarks: readonly string[];
}

interface Stream {
  readonly number: number;
  readonly key: string;
  /** Address and port that sent the first segment. */
  readonly client: string;
  readonly sides: readonly [Half, Half];
  /** Bit 0 for the client's SYN, bit 1 for the server's. */
  syns: number;
}

/** Where the data of a segment starts; -1: the header is broken or cut off. */
function payloadOf(b: Uint8Array, { transport: at, end }: Layers): number {
  if (at < 0 || at + TCP_HEADER > Math.min(b.length, end)) return -1;
  const header = (b[at + 12]! >>> 4) << 2;
  return header < TCP_HEADER || at + header > end ? -1 : at + header;
}

function endpoints(b: Uint8Array, { family, network, transport }: Layers): readonly [string, string] {
  const [src, dst] = family === 4
    ? [ipv4At(b, network + 12), ipv4At(b, network + 16)]
    : [ipv6At(b, network + 8), ipv6At(b, network + 24)]; // prettier-ignore
  return [`${src} ${u16be(b, transport)}`, `${dst} ${u16be(b, transport + 2)}`];
}

/** Where the data of the first option of this kind starts; -1 without. */
function optionAt(b: Uint8Array, from: number, to: number, kind: number): number {
  const end = Math.min(to, b.length);
  for (let p = from; p + 1 < end && b[p] !== OPT_END;) {
    if (b[p] === OPT_NOP) {
      p++;
      continue;
    }
    const length = b[p + 1]!;
    if (length < 2 || p + length > end) return -1;
    if (b[p] === kind) return p + 2;
    p += length;
  }
  return -1;
}

export class TcpStreams {
  readonly #byNumber = new Map<number, Stream>();
  /** The latest stream of each pair of endpoints. */
  readonly #byKey = new Map<string, Stream>();
  /** Per frame, by index modulo the size of the capture. */
  readonly #stream: Int32Array;
  readonly #remarks: Uint16Array;
  readonly #dupOf: Float64Array;
  readonly #dupCount: Uint32Array;
  /** Window shift; 255: not scaled. */
  readonly #shift: Uint8Array;
  readonly #size: number;
  #count = 0;

  constructor(maxFrames: number) {
    this.#size = maxFrames;
    this.#stream = new Int32Array(maxFrames);
    this.#remarks = new Uint16Array(maxFrames);
    this.#dupOf = new Float64Array(maxFrames);
    this.#dupCount = new Uint32Array(maxFrames);
    this.#shift = new Uint8Array(maxFrames);
  }

  clear(): void {
    this.#byNumber.clear();
    this.#byKey.clear();
    this.#count = 0;
  }

  /** Takes in the next segment of the capture. */
  look(index: number, iface: number, at: Nanos, b: Uint8Array, layers: Layers): void {
    const slot = index % this.#size;
    this.#stream[slot] = -1;
    const payload = payloadOf(b, layers);
    if (payload < 0) return;
    const t = layers.transport;
    const [from, to] = endpoints(b, layers);
    const key = `${iface} ${from < to ? `${from} ${to}` : `${to} ${from}`}`;
    const segment = {
      index,
      at,
      seq: u32be(b, t + 4),
      ack: u32be(b, t + 8),
      flags: b[t + 13]!,
      window: u16be(b, t + 14),
      length: Math.max(0, layers.end - payload),
      sack: optionAt(b, t + TCP_HEADER, payload, OPT_SACK) >= 0,
    };
    const before = this.#byKey.get(key);
    const reused = before !== undefined && begins(before, from, segment);
    const stream = before === undefined || reused ? this.#open(key, from) : before;
    const side = from === stream.client ? 0 : 1;
    const [own, peer] = [stream.sides[side], stream.sides[1 - side]!];
    if (segment.flags & SYN) {
      const option = optionAt(b, t + TCP_HEADER, payload, OPT_WINDOW_SCALE);
      own.scale = option < 0 ? -1 : Math.min(b[option]!, 14);
      stream.syns |= 1 << side;
    }
    learnBases(own, peer, segment.flags, segment.seq, segment.ack);
    const scaled = stream.syns === 3 && own.scale >= 0 && peer.scale >= 0;
    const remarks = analyse(own, peer, segment, scaled ? peer.scale : 0) | (reused ? PORTS_REUSED : 0);
    this.#stream[slot] = stream.number;
    this.#remarks[slot] = remarks;
    this.#shift[slot] = scaled && !(segment.flags & SYN) ? own.scale : 255;
    if (!(remarks & DUPLICATE_ACK)) return;
    this.#dupOf[slot] = own.dupOf;
    this.#dupCount[slot] = own.dupAcks;
  }

  /** What is known of a segment that `look` has seen; null when it has no whole header. `firstNumber` is what index 0 is called. */
  note(index: number, b: Uint8Array, layers: Layers, firstNumber: number): TcpNote | null {
    if (payloadOf(b, layers) < 0) return null;
    const slot = index % this.#size;
    const stream = this.#byNumber.get(this.#stream[slot]!);
    const scaled = this.#shift[slot] !== 255;
    const windowShift = scaled ? this.#shift[slot]! : 0;
    if (!stream) return { stream: -1, seqBase: 0, ackBase: 0, windowShift, scaled, remarks: [] };
    const side = endpoints(b, layers)[0] === stream.client ? 0 : 1;
    return {
      stream: stream.number,
      seqBase: stream.sides[side].base,
      ackBase: stream.sides[1 - side]!.base,
      windowShift,
      scaled,
      remarks: this.#words(slot, firstNumber),
    };
  }

  #open(key: string, client: string): Stream {
    const stream: Stream = { number: this.#count++, key, client, sides: [newHalf(), newHalf()], syns: 0 };
    this.#byKey.set(key, stream);
    this.#byNumber.set(stream.number, stream);
    if (this.#byNumber.size > MAX_STREAMS) {
      const [number, oldest] = this.#byNumber.entries().next().value!;
      this.#byNumber.delete(number);
      if (this.#byKey.get(oldest.key) === oldest) this.#byKey.delete(oldest.key);
    }
    return stream;
  }

  #words(slot: number, firstNumber: number): readonly string[] {
    const remarks = this.#remarks[slot]!;
    if (remarks === 0) return [];
    return REMARK_WORDS.filter(([bit]) => remarks & bit).map(([bit, words]) =>
      bit === DUPLICATE_ACK ? `${words} ${this.#dupOf[slot]! + firstNumber}#${this.#dupCount[slot]!}` : words,
    );
  }
}

/** A SYN with a new initial sequence number, on ports that had a connection before. */
function begins(
  stream: Stream,
  from: string,
  segment: { readonly flags: number; readonly seq: number },
): boolean {
  if (!(segment.flags & SYN) || segment.flags & ACK_FLAG) return false;
  const own = stream.sides[from === stream.client ? 0 : 1];
  return own.known && own.base !== segment.seq;
}

function learnBases(own: Half, peer: Half, flags: number, seq: number, ack: number): void {
  if (!own.known) {
    own.known = true;
    own.base = flags & SYN ? seq : seqAdd(seq, -1);
  }
  if (!peer.known && flags & ACK_FLAG) {
    peer.known = true;
    peer.base = seqAdd(ack, -1);
  }
}
