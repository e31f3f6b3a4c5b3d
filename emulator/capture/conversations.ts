/**
 * What a packet list must know of earlier frames: the TCP stream that a segment belongs to, the request that an echo reply
 * answers, whether a UDP port belongs to a TFTP transfer. Frames are looked at once each, in order.
 *
 * Conversations are told apart by interface too: a frame seen at three points is no retransmission.
 */
import { u16be } from '../base/bytes.ts';
import { PROTO_ICMPV6 } from '../wire/ipv4.ts';
import { ipv4At, ipv6At } from './address-text.ts';
import type { Capture } from './capture.ts';
import type { Layers } from './layers.ts';
import { portsOf, readLayers } from './layers.ts';
import type { TcpNote } from './tcp-stream.ts';
import { TcpStreams } from './tcp-stream.ts';

/** Echo requests and TFTP clients remembered. */
const MAX_REMEMBERED = 4096;
const TFTP_PORT = 69;
const TFTP_BLOCK = 512;

/** What is known of one frame beyond its bytes. */
export interface Note {
  readonly tcp: TcpNote | null;
  /** Number of the echo request that this reply answers; -1: none seen. */
  readonly request: number;
  /** Block size when the frame belongs to a TFTP transfer; 0: it does not. */
  readonly tftpBlock: number;
}

export const NO_NOTE: Note = { tcp: null, request: -1, tftpBlock: 0 };

/** Remembers the latest `MAX_REMEMBERED` keys. */
class Memory {
  readonly #values = new Map<string, number>();

  put(key: string, value: number): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size > MAX_REMEMBERED) this.#values.delete(this.#values.keys().next().value!);
  }

  get(key: string): number | undefined {
    return this.#values.get(key);
  }

  clear(): void {
    this.#values.clear();
  }
}

export class Conversations {
  readonly #capture: Capture;
  readonly #firstNumber: number;
  readonly #streams: TcpStreams;
  /** Per frame, by index modulo the capture's size: echo request + 1, or TFTP block size, as the protocol of the frame has it. */
  readonly #extra: Float64Array;
  readonly #echoes = new Memory();
  readonly #tftp = new Memory();
  #epoch = -1;
  #next = 0;

  /** `firstNumber` is what the frame of index 0 is called. */
  constructor(capture: Capture, firstNumber: number) {
    this.#capture = capture;
    this.#firstNumber = firstNumber;
    this.#streams = new TcpStreams(capture.maxFrames);
    this.#extra = new Float64Array(capture.maxFrames);
  }

  /** What is known of the held frame `index`. */
  note(index: number, bytes: Uint8Array, layers: Layers): Note {
    this.#catchUp();
    if (layers.transport < 0) return NO_NOTE;
    if (layers.protocol === 6)
      return { ...NO_NOTE, tcp: this.#streams.note(index, bytes, layers, this.#firstNumber) };
    const extra = this.#extra[index % this.#capture.maxFrames]!;
    if (extra === 0) return NO_NOTE;
    return layers.protocol === 17
      ? { ...NO_NOTE, tftpBlock: extra }
      : { ...NO_NOTE, request: extra - 1 + this.#firstNumber };
  }

  /** Looks at the frames captured since the last call; those that were lost before it came are missed. */
  #catchUp(): void {
    const capture = this.#capture;
    if (this.#epoch !== capture.epoch) {
      this.#epoch = capture.epoch;
      this.#next = 0;
      this.#streams.clear();
      this.#echoes.clear();
      this.#tftp.clear();
    }
    for (this.#next = Math.max(this.#next, capture.first); this.#next < capture.next; this.#next++) {
      const { bytes, iface, at } = capture.frame(this.#next)!;
      const layers = readLayers(bytes);
      const slot = this.#next % capture.maxFrames;
      this.#extra[slot] = 0;
      if (layers.transport < 0) continue;
      if (layers.protocol === 6) this.#streams.look(this.#next, iface, at, bytes, layers);
      else if (layers.protocol === 17) this.#extra[slot] = this.#lookUdp(iface, bytes, layers);
      else this.#extra[slot] = this.#lookEcho(this.#next, iface, bytes, layers);
    }
  }

  #lookEcho(
    index: number,
    iface: number,
    b: Uint8Array,
    { protocol, transport, family, network }: Layers,
  ): number {
    const [request, reply] = protocol === 1 ? [8, 0] : protocol === PROTO_ICMPV6 ? [128, 129] : [-1, -1];
    if (transport + 8 > b.length || (b[transport] !== request && b[transport] !== reply)) return 0;
    const [src, dst] = family === 4
      ? [ipv4At(b, network + 12), ipv4At(b, network + 16)]
      : [ipv6At(b, network + 8), ipv6At(b, network + 24)]; // prettier-ignore
    const numbers = `${u16be(b, transport + 4)} ${u16be(b, transport + 6)}`;
    if (b[transport] === request) {
      this.#echoes.put(`${iface} ${src} ${dst} ${numbers}`, index);
      return 0;
    }
    return (this.#echoes.get(`${iface} ${dst} ${src} ${numbers}`) ?? -1) + 1;
  }

  #lookUdp(iface: number, b: Uint8Array, layers: Layers): number {
    const ports = portsOf(b, layers);
    if (layers.family !== 4 || ports === null) return 0;
    const client = `${iface} ${ipv4At(b, layers.network + 12)} ${ports.src}`;
    const server = `${iface} ${ipv4At(b, layers.network + 16)} ${ports.dst}`;
    if (ports.dst === TFTP_PORT) {
      // A request begins a transfer; in it the server may answer from another port.
      if (!this.#tftp.get(client)) this.#tftp.put(client, TFTP_BLOCK);
      return this.#tftp.get(client)!;
    }
    return this.#tftp.get(client) ?? this.#tftp.get(server) ?? 0;
  }
}
