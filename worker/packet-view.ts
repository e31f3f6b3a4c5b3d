/** The capture as the page asks for it: rows, one frame in detail, evidence for lab checks, a file. */
import type { EvidencePacket, PacketDetail, PacketPage, PacketQuery, PacketRow } from './api.ts';
import { PacketIndex } from './packet-index.ts';
import type { Capture } from '../emulator/capture/capture.ts';
import { dissect } from '../emulator/capture/dissect.ts';
import { evidenceOf } from '../emulator/capture/evidence.ts';
import { writePcapng } from '../emulator/capture/pcapng.ts';
import { PacketList } from '../emulator/capture/summary.ts';

/** Time one call may spend on looking for rows; the page asks again. */
const BUDGET_MS = 12;
/** Rows in one answer. */
const MAX_ROWS = 500;
/** Frames that are evidence: more than any lab makes; the newest are kept. */
const MAX_EVIDENCE = 20_000;
/** SYN, FIN or RST: a TCP segment that is more than bulk data. */
const NOT_BULK = 0x07;

export class PacketView {
  readonly #capture: Capture;
  readonly #nowMs: () => number;
  readonly #index: PacketIndex;
  #list: PacketList;
  #listEpoch: number;
  #evidence: EvidencePacket[] = [];
  #evidenceNext = 0;
  #evidenceEpoch = -1;

  /** `nowMs`: the real clock, for bounding work only. */
  constructor(capture: Capture, nowMs: () => number) {
    this.#capture = capture;
    this.#nowMs = nowMs;
    this.#list = new PacketList(capture);
    this.#listEpoch = capture.epoch;
    this.#index = new PacketIndex(capture, (index) => this.#textOf(index));
  }

  page(query: PacketQuery, from: number, count: number): PacketPage {
    this.#index.update(query, this.#nowMs, BUDGET_MS);
    const start = Math.max(0, Math.trunc(from) || 0);
    const rows: PacketRow[] = [];
    for (let place = start; place < start + Math.min(Math.trunc(count) || 0, MAX_ROWS); place++) {
      const index = this.#index.at(place);
      const row = index < 0 ? null : this.#row(index);
      if (row === null) break;
      rows.push(row);
    }
    return { rows, total: this.#index.total, epoch: this.#capture.epoch };
  }

  /** Null when the frame is no longer held. */
  detail(index: number): PacketDetail | null {
    const frame = this.#capture.frame(index);
    const row = this.#row(index);
    if (frame === null || row === null) return null;
    const note = this.#packets().note(index);
    return { row, bytes: frame.bytes.slice(), fields: dissect(frame.bytes, note ?? undefined) };
  }

  evidence(): readonly EvidencePacket[] {
    const { first, next, epoch } = this.#capture;
    if (epoch !== this.#evidenceEpoch) {
      this.#evidence = [];
      this.#evidenceNext = first;
      this.#evidenceEpoch = epoch;
    }
    this.#evidenceNext = Math.max(this.#evidenceNext, first);
    for (; this.#evidenceNext < next; this.#evidenceNext++) {
      const packet = evidenceOf(this.#capture, this.#packets(), this.#evidenceNext);
      if (packet === null || (packet.kind === 'tcp' && (packet.tcpFlags & NOT_BULK) === 0)) continue;
      this.#evidence.push(packet);
    }
    if (this.#evidence.length > MAX_EVIDENCE) this.#evidence = this.#evidence.slice(-MAX_EVIDENCE);
    return this.#evidence;
  }

  /** All frames that pass the query, however long looking for them takes. */
  pcapng(query: PacketQuery): Uint8Array {
    this.#index.update(query, this.#nowMs, Infinity);
    if (query.iface === null && query.text.trim() === '') return writePcapng(this.#capture);
    const wanted = new Set<number>();
    for (let place = 0; place < this.#index.total; place++) wanted.add(this.#index.at(place));
    return writePcapng(this.#capture, { keep: (index) => wanted.has(index) });
  }

  #packets(): PacketList {
    if (this.#listEpoch !== this.#capture.epoch) {
      this.#list = new PacketList(this.#capture);
      this.#listEpoch = this.#capture.epoch;
    }
    return this.#list;
  }

  #row(index: number): PacketRow | null {
    const frame = this.#capture.frame(index);
    const summary = this.#packets().summary(index);
    if (frame === null || summary === null) return null;
    const { at, iface, direction, packet, length } = frame;
    return { index, at, iface, direction, packet, length, ...summary };
  }

  #textOf(index: number): string {
    const summary = this.#packets().summary(index);
    if (summary === null) return '';
    return `${summary.source} ${summary.destination} ${summary.protocol} ${summary.info}`.toLowerCase();
  }
}
