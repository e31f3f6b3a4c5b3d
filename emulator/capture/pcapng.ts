/**
 * Writes a capture as a pcapng file. Follows draft-ietf-opsawg-pcapng (section header, interface description, enhanced packet,
 * interface statistics), little endian. Leaves out: name resolution, custom and secrets blocks.
 * The same capture and options give the same bytes.
 */
import type { Nanos } from '../base/clock.ts';
import { put16le, put32le, put48be } from '../base/bytes.ts';
import { EPOCH_MS } from '../base/epoch.ts';
import type { Capture, CaptureInterface } from './capture.ts';

const SHB = 0x0a0d_0d0a;
const IDB = 1;
const ISB = 5;
const EPB = 6;
const BYTE_ORDER_MAGIC = 0x1a2b_3c4d;
const LINKTYPE_ETHERNET = 1;

const OPT_END = 0;
const SHB_HARDWARE = 2;
const SHB_OS = 3;
const SHB_USERAPPL = 4;
const IF_NAME = 2;
const IF_DESCRIPTION = 3;
const IF_MAC = 6;
const IF_TSRESOL = 9;
const EPB_FLAGS = 2;
const EPB_PACKETID = 5;
const ISB_STARTTIME = 2;
const ISB_ENDTIME = 3;
const ISB_IFRECV = 4;
const ISB_IFDROP = 5;

/** epb_flags, bits 0–1: direction. */
const INBOUND = 1;
const OUTBOUND = 2;
/** if_tsresol: 10^-9. */
const NANOSECONDS = 9;

export interface PcapngOptions {
  /** Wall time of power-on (virtual time 0), in ms since 1970; default `EPOCH_MS`. */
  readonly epochMs?: number;
  /** Interfaces to write; default all. They are numbered anew from 0. */
  readonly interfaces?: readonly number[];
  /** Frames to write; default all. */
  readonly keep?: (index: number) => boolean;
}

interface Option {
  readonly code: number;
  readonly data: Uint8Array;
}

const pad4 = (n: number): number => (n + 3) & ~3;

function utf8(text: string): Uint8Array {
  const escaped = encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'));
  return Uint8Array.from(escaped.match(/%..|[^%]/g) ?? [], (part) =>
    part.length === 1 ? part.charCodeAt(0) : parseInt(part.slice(1), 16),
  );
}

const textOption = (code: number, text: string): Option => ({ code, data: utf8(text) });

function u64Option(code: number, value: number): Option {
  const data = new Uint8Array(8);
  put32le(data, 0, value >>> 0);
  put32le(data, 4, Math.floor(value / 0x1_0000_0000));
  return { code, data };
}

const optionsLength = (options: readonly Option[]): number =>
  options.length === 0 ? 0 : options.reduce((sum, o) => sum + 4 + pad4(o.data.length), 4);

/** Time stamps exceed 2^53 ns since 1970, so they are made of whole milliseconds and the rest. */
function timestamp(epochMs: number, at: Nanos): { high: number; low: number } {
  const ns = BigInt(epochMs) * 1_000_000n + BigInt(Math.round(at));
  return { high: Number(ns >> 32n), low: Number(ns & 0xffff_ffffn) };
}

/** Appends blocks to a buffer that grows. */
class BlockWriter {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;

  /** Makes room for a block and writes its frame; returns where its body starts. */
  block(type: number, bodyLength: number): number {
    const total = 12 + bodyLength;
    if (this.#length + total > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + total));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    const at = this.#length;
    put32le(this.#bytes, at, type);
    put32le(this.#bytes, at + 4, total);
    put32le(this.#bytes, at + total - 4, total);
    this.#length += total;
    return at + 8;
  }

  /** The buffer of now; `block` may replace it. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  options(at: number, options: readonly Option[]): void {
    let p = at;
    for (const { code, data } of options) {
      put16le(this.#bytes, p, code);
      put16le(this.#bytes, p + 2, data.length);
      this.#bytes.set(data, p + 4);
      p += 4 + pad4(data.length);
    }
    if (options.length > 0) put32le(this.#bytes, p, OPT_END);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** The frames that the capture holds, as the bytes of a pcapng file; the caller owns them. */
export function writePcapng(capture: Capture, options: PcapngOptions = {}): Uint8Array {
  const { epochMs = EPOCH_MS, keep = () => true } = options;
  const interfaces = capture.interfaces.filter((i) => options.interfaces?.includes(i.id) ?? true);
  const numbers = new Map(interfaces.map((iface, number) => [iface.id, number]));
  const out = new BlockWriter();
  sectionHeader(out);
  for (const iface of interfaces) interfaceDescription(out, iface, capture.snapLength);
  const ends = { start: 0, end: 0, any: false };
  for (let index = capture.first; index < capture.next; index++) {
    const number = numbers.get(capture.interfaceOf(index));
    if (number === undefined || !keep(index)) continue;
    const at = enhancedPacket(out, capture, index, number, epochMs);
    ends.start = ends.any ? Math.min(ends.start, at) : at;
    ends.end = ends.any ? Math.max(ends.end, at) : at;
    ends.any = true;
  }
  interfaces.forEach((iface, number) => statistics(out, capture, iface.id, number, epochMs, ends));
  return out.finish();
}

function sectionHeader(out: BlockWriter): void {
  const options = [
    textOption(SHB_HARDWARE, 'simulated'),
    textOption(SHB_OS, 'Tapline'),
    textOption(SHB_USERAPPL, 'Tapline'),
  ];
  const at = out.block(SHB, 16 + optionsLength(options));
  put32le(out.bytes, at, BYTE_ORDER_MAGIC);
  put16le(out.bytes, at + 4, 1);
  put16le(out.bytes, at + 6, 0);
  // Section length -1: not told.
  out.bytes.fill(0xff, at + 8, at + 16);
  out.options(at + 16, options);
}

function interfaceDescription(out: BlockWriter, iface: CaptureInterface, snapLength: number): void {
  const options = [textOption(IF_NAME, iface.name)];
  if (iface.description !== '') options.push(textOption(IF_DESCRIPTION, iface.description));
  if (iface.mac !== null) {
    const data = new Uint8Array(6);
    put48be(data, 0, iface.mac);
    options.push({ code: IF_MAC, data });
  }
  options.push({ code: IF_TSRESOL, data: Uint8Array.of(NANOSECONDS) });
  const at = out.block(IDB, 8 + optionsLength(options));
  put16le(out.bytes, at, LINKTYPE_ETHERNET);
  put16le(out.bytes, at + 2, 0);
  put32le(out.bytes, at + 4, snapLength);
  out.options(at + 8, options);
}

/** Returns the frame's virtual time. */
function enhancedPacket(
  out: BlockWriter,
  capture: Capture,
  index: number,
  number: number,
  epochMs: number,
): Nanos {
  const frame = capture.frame(index)!;
  const { high, low } = timestamp(epochMs, frame.at);
  const flags = new Uint8Array(4);
  put32le(flags, 0, frame.direction === 'in' ? INBOUND : OUTBOUND);
  const options = [{ code: EPB_FLAGS, data: flags }, u64Option(EPB_PACKETID, frame.packet)];
  const kept = frame.bytes.length;
  const at = out.block(EPB, 20 + pad4(kept) + optionsLength(options));
  const { bytes } = out;
  put32le(bytes, at, number);
  put32le(bytes, at + 4, high);
  put32le(bytes, at + 8, low);
  put32le(bytes, at + 12, kept);
  put32le(bytes, at + 16, frame.length);
  bytes.set(frame.bytes, at + 20);
  out.options(at + 20 + pad4(kept), options);
  return frame.at;
}

function statistics(
  out: BlockWriter,
  capture: Capture,
  iface: number,
  number: number,
  epochMs: number,
  times: { readonly start: Nanos; readonly end: Nanos },
): void {
  const { seen, lost } = capture.statistics(iface);
  const time = (code: number, at: Nanos): Option => {
    const { high, low } = timestamp(epochMs, at);
    const data = new Uint8Array(8);
    put32le(data, 0, high);
    put32le(data, 4, low);
    return { code, data };
  };
  const options = [
    time(ISB_STARTTIME, times.start),
    time(ISB_ENDTIME, times.end),
    u64Option(ISB_IFRECV, seen),
    u64Option(ISB_IFDROP, lost),
  ];
  const { high, low } = timestamp(epochMs, times.end);
  const at = out.block(ISB, 12 + optionsLength(options));
  put32le(out.bytes, at, number);
  put32le(out.bytes, at + 4, high);
  put32le(out.bytes, at + 8, low);
  out.options(at + 12, options);
}
