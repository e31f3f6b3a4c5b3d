/**
 * The receiver: accept filter, receive ring, CAPR and CBR.
 * Follows: RTL8139C data sheet, "Receive Configuration Register", "Rx Buffer", "CAPR", "CBR"; Linux's and FreeBSD's drivers where it is vague.
 * Leaves out: early receive interrupts (ERBCR and ERSR stay 0) and broken frames (AR and AER have nothing to accept).
 *
 * A frame becomes a finished record (header, frame, padding to 60, FCS) in one buffer and goes to the guest in one write, or two where
 * it crosses the end of the ring. Records that cannot go at once wait in a queue of 64, which stands for the card's FIFO.
 * Invariants: CBR is a multiple of 4, so a header never splits; CBR moves after the record is written; the ring never fills completely,
 * since CBR = read pointer means empty; a record passes no earlier one.
 */
import type { Fate, Ledger } from '../../base/ledger.ts';
import type { Frame } from '../../base/frame.ts';
import type { DeviceEvents, GuestMemory } from '../../base/machine-ports.ts';
import { put16le, put32le } from '../../base/bytes.ts';
import { fillPartialChecksum } from '../../wire/checksum.ts';
import { crc32 } from '../../wire/crc32.ts';
import { ETHERNET_HEADER, ETHERNET_MAX, ETHERNET_MIN } from '../../wire/ethernet.ts';
import type { Rtl8139Counters } from './counters.ts';
import type { Interrupts } from './interrupts.ts';
import { multicastPasses } from './multicast-hash.ts';
import {
  FCS_LENGTH,
  MAX_RX_FRAME,
  newRecord,
  RECORD_HEADER,
  RecordQueue,
  type RxRecord,
  type RxRecordState,
} from './record-queue.ts';
import * as R from './registers.ts';

/** Chosen: more than one full window of small answers, at most 115 KB. */
const QUEUE_RECORDS = 64;
/** CAPR runs 16 bytes behind the read pointer. */
const CAPR_BIAS = 16;
const CAPR_RESET = 0xfff0;
const MPC_MAX = 0xff_ffff;
const RING_64K = 0x1_0000;

const RCR_STORED =
  R.RCR_ERTH_MASK | R.RCR_MULERINT | R.RCR_RER8 | R.RCR_RXFTH_MASK | R.RCR_RBLEN_MASK | R.RCR_MXDMA_MASK |
  R.RCR_WRAP | R.RCR_AER | R.RCR_AR | R.RCR_AB | R.RCR_AM | R.RCR_APM | R.RCR_AAP; // prettier-ignore

export interface ReceiverPorts {
  readonly memory: GuestMemory;
  readonly interrupts: Interrupts;
  readonly ledger: Ledger;
  readonly events: DeviceEvents;
  readonly counters: Rtl8139Counters;
  /** IDR0–5, live. */
  readonly station: Uint8Array;
  /** Calls `drain()` soon, never from inside the call. */
  readonly requestDrain: () => void;
  /** Keep frames that find the ring full, instead of dropping them at once. */
  readonly holdWhenFull: boolean;
}

export interface ReceiverState {
  readonly enabled: boolean;
  readonly rcr: number;
  readonly rbstart: number;
  readonly capr: number;
  readonly cbr: number;
  readonly mpc: number;
  readonly mar: Uint8Array;
  readonly queue: readonly RxRecordState[];
}

export class Receiver {
  readonly #ports: ReceiverPorts;
  /** MAR0–7. */
  readonly mar = new Uint8Array(8);
  rbstart = 0;
  #enabled = false;
  #rcr = 0;
  #capr = CAPR_RESET;
  #cbr = 0;
  #mpc = 0;
  readonly #queue = new RecordQueue(QUEUE_RECORDS);
  /** The record of a frame that need not wait. */
  readonly #direct = newRecord();

  constructor(ports: ReceiverPorts) {
    this.#ports = ports;
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  /** CR.RE. Switching on starts at the beginning of the ring; Linux's error path relies on it. */
  setEnabled(on: boolean): void {
    if (on === this.#enabled) return;
    this.#enabled = on;
    if (on) this.#rewind();
    else this.#discardQueue();
  }

  get rcr(): number {
    return this.#rcr;
  }

  /** Only a new ring length moves the pointers: a guest that turns promiscuous under traffic must lose nothing. */
  writeRcr(value: number): void {
    const before = this.#rcr;
    this.#rcr = (value & RCR_STORED) >>> 0;
    if ((before ^ this.#rcr) & R.RCR_RBLEN_MASK) this.#rewind();
  }

  get capr(): number {
    return this.#capr;
  }

  /** Drivers write it reduced modulo the ring or as a counter that never is; both mean the same place. */
  writeCapr(value: number): void {
    this.#capr = value;
    this.#wake();
  }

  get cbr(): number {
    return this.#cbr;
  }

  get mpc(): number {
    return this.#mpc;
  }

  clearMpc(): void {
    this.#mpc = 0;
  }

  /** CR.BUFE. */
  get empty(): boolean {
    return this.#readPointer === this.#cbr;
  }

  /** Frames that wait for room or for the end of a register access. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Whether `drain()` could do anything now. */
  get drainable(): boolean {
    return this.#queue.size > 0 && (!this.#ports.holdWhenFull || this.#fits(this.#queue.first().length));
  }

  /**
   * A frame has arrived (borrowed until the call returns). With `defer` it is only queued, and delivered by `drain()`: so a host that
   * answers from inside the guest's register access neither recurses nor changes the ring under the guest's instruction.
   */
  accept(frame: Frame, defer: boolean): void {
    const { ledger } = this.#ports;
    const traced = ledger.enabled;
    if (traced) {
      ledger.enter('d.r1', frame.id);
      ledger.leave('passed');
      ledger.enter('d.r2', frame.id);
    }
    const fate = this.#admit(frame, defer);
    if (traced) ledger.leave(fate);
    if (fate === 'passed' || fate === 'padded') this.#deliver(this.#direct);
  }

  /** Delivers what waits, as far as there is room; at most one queue full, so a call is bounded. */
  drain(): void {
    for (let left = QUEUE_RECORDS; left > 0 && this.drainable; left--) {
      const record = this.#queue.first();
      if (this.#fits(record.length)) this.#deliver(record);
      else this.#miss();
      this.#queue.shift();
    }
  }

  /** CR.RST: MAR stays (data sheet). */
  reset(): void {
    this.#enabled = false;
    this.#rcr = 0;
    this.rbstart = 0;
    this.#mpc = 0;
    this.#discardQueue();
    this.#rewind();
  }

  powerOnReset(): void {
    this.reset();
    this.mar.fill(0);
  }

  save(): ReceiverState {
    return {
      enabled: this.#enabled,
      rcr: this.#rcr,
      rbstart: this.rbstart,
      capr: this.#capr,
      cbr: this.#cbr,
      mpc: this.#mpc,
      mar: this.mar.slice(),
      queue: this.#queue.save(),
    };
  }

  restore(state: ReceiverState): void {
    this.#enabled = state.enabled;
    this.#rcr = state.rcr;
    this.rbstart = state.rbstart;
    this.#capr = state.capr;
    this.#cbr = state.cbr;
    this.#mpc = state.mpc;
    this.mar.set(state.mar);
    this.#queue.restore(state.queue);
  }

  get #ringSize(): number {
    return 8192 << ((this.#rcr & R.RCR_RBLEN_MASK) >>> R.RCR_RBLEN_SHIFT);
  }

  get #readPointer(): number {
    return (this.#capr + CAPR_BIAS) & (this.#ringSize - 1);
  }

  #rewind(): void {
    this.#capr = CAPR_RESET;
    this.#cbr = 0;
    this.#wake();
  }

  #wake(): void {
    if (this.drainable) this.#ports.requestDrain();
  }

  #discardQueue(): void {
    this.#ports.counters.drops.rxDiscarded += this.#queue.size;
    this.#queue.clear();
  }

  /** Whether a record of this length leaves at least a word free. */
  #fits(length: number): boolean {
    const ring = this.#ringSize;
    const free = (this.#readPointer - this.#cbr) & (ring - 1) || ring;
    return align4(length) < free;
  }

  /** Decides about a frame and makes its record. `passed` and `padded`: the record is in `#direct`, ready to deliver. */
  #admit(frame: Frame, defer: boolean): Fate {
    const status = this.#filter(frame);
    if (status === 0) return 'dropped';
    // FreeBSD's rl re-initialises the chip when it finds a shorter record.
    const length = Math.max(frame.bytes.length, ETHERNET_MIN);
    const now = !defer && this.#queue.size === 0;
    const fits = now && this.#fits(RECORD_HEADER + length + FCS_LENGTH);
    const hold = !now || this.#ports.holdWhenFull;
    if (!fits && (!hold || this.#queue.full)) {
      this.#miss();
      return 'dropped';
    }
    if (!this.#assemble(fits ? this.#direct : this.#queue.spare(), frame, status, length)) {
      this.#ports.counters.drops.rxBadOffload++;
      return 'dropped';
    }
    if (fits) return length === frame.bytes.length ? 'passed' : 'padded';
    this.#queue.push();
    if (defer) this.#ports.requestDrain();
    return 'queued';
  }

  /** The status word of the frame's record; 0: not for us, counted. */
  #filter(frame: Frame): number {
    const { bytes, offload } = frame;
    const { drops } = this.#ports.counters;
    if (bytes.length < ETHERNET_HEADER) {
      drops.rxTooShort++;
      return 0;
    }
    if (offload.gsoSize > 0 && bytes.length > ETHERNET_MAX) {
      drops.rxGso++;
      return 0;
    }
    if (bytes.length > MAX_RX_FRAME) {
      drops.rxOversize++;
      return 0;
    }
    const status = this.#match(bytes);
    if (status === 0) drops.rxFiltered++;
    return status;
  }

  #match(bytes: Uint8Array): number {
    const all = (this.#rcr & R.RCR_AAP) !== 0;
    let accepted: number;
    let kind = 0;
    if ((bytes[0]! & 1) === 0) {
      const own = sameStation(this.#ports.station, bytes);
      if (own) kind = R.RXSTATUS_PAM;
      accepted = own ? this.#rcr & R.RCR_APM : 0;
    } else if (isBroadcast(bytes)) {
      kind = R.RXSTATUS_BAR;
      accepted = this.#rcr & R.RCR_AB;
    } else {
      kind = R.RXSTATUS_MAR;
      accepted = this.#rcr & R.RCR_AM && multicastPasses(this.mar, bytes, 0) ? 1 : 0;
    }
    return all || accepted !== 0 ? R.RXSTATUS_ROK | kind : 0;
  }

  /** Header, frame, zeros up to `length`, room for the FCS. False: the frame asks for a checksum outside itself. */
  #assemble(record: RxRecord, frame: Frame, status: number, length: number): boolean {
    const { bytes } = record;
    const frameLength = frame.bytes.length;
    const end = RECORD_HEADER + length;
    put16le(bytes, 0, status);
    put16le(bytes, 2, length + FCS_LENGTH);
    bytes.set(frame.bytes, RECORD_HEADER);
    if (!fillPartialChecksum(bytes, RECORD_HEADER, RECORD_HEADER + frameLength, frame.offload)) return false;
    if (frameLength < length) bytes.fill(0, RECORD_HEADER + frameLength, end);
    record.length = end + FCS_LENGTH;
    record.frameLength = frameLength;
    record.packet = frame.id;
    return true;
  }

  /** The chip computes it in hardware; here it is the dearest step of a delivery. */
  #appendFcs(record: RxRecord): void {
    const { ledger } = this.#ports;
    const { bytes } = record;
    const end = record.length - FCS_LENGTH;
    if (ledger.enabled) {
      ledger.enter('d.r4', record.packet);
      ledger.count('crcBytes', end - RECORD_HEADER);
    }
    put32le(bytes, end, crc32(bytes, RECORD_HEADER, end));
    if (ledger.enabled) ledger.leave('passed');
  }

  /** Preconditions: `#fits(record.length)`. */
  #deliver(record: RxRecord): void {
    const { ledger, counters, interrupts } = this.#ports;
    const traced = ledger.enabled;
    this.#appendFcs(record);
    if (traced) ledger.enter('d.r3', record.packet);
    const written = this.#writeRing(record);
    if (traced) {
      // The assembly buffer is the card's FIFO; the copy that counts is the one into guest memory.
      if (written) {
        ledger.count('copies', 1);
        ledger.count('copiedBytes', record.length);
        ledger.count('dmaBytes', record.length);
      }
      ledger.leave(written ? 'passed' : 'dropped');
    }
    if (written) {
      this.#cbr = (this.#cbr + align4(record.length)) & (this.#ringSize - 1);
      counters.rxPackets++;
      counters.rxBytes += record.frameLength;
    } else counters.drops.rxBadDma++;
    if (traced) ledger.enter('d.r5', record.packet);
    interrupts.raise(written ? R.ISR_ROK : R.ISR_SERR);
    if (traced) ledger.leave('passed');
  }

  /**
   * With WRAP the record runs past the end of the ring, where the driver has room for one more (never with 64 KiB, where WRAP is
   * ignored); without, it goes on at the start.
   */
  #writeRing(record: RxRecord): boolean {
    const ring = this.#ringSize;
    const wraps = (this.#rcr & R.RCR_WRAP) === 0 || ring === RING_64K;
    const first = wraps ? Math.min(record.length, ring - this.#cbr) : record.length;
    const rest = record.length - first;
    return this.#dma(this.#cbr, record, 0, first) && (rest === 0 || this.#dma(0, record, first, rest));
  }

  #dma(offset: number, record: RxRecord, from: number, length: number): boolean {
    const address = this.rbstart + offset;
    if (this.#ports.memory.write(address, record.bytes, from, length)) return true;
    this.#ports.events.badDma(address, length);
    return false;
  }

  /** No room for a frame. RXOVW is set once per lost frame, so that an acknowledgement sticks. */
  #miss(): void {
    this.#mpc = Math.min(this.#mpc + 1, MPC_MAX);
    this.#ports.counters.drops.rxMissed++;
    this.#ports.interrupts.raise(R.ISR_RXOVW);
  }
}

const align4 = (length: number): number => (length + 3) & ~3;

function isBroadcast(b: Uint8Array): boolean {
  return (b[0]! & b[1]! & b[2]! & b[3]! & b[4]! & b[5]!) === 0xff;
}

function sameStation(a: Uint8Array, b: Uint8Array): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3] && a[4] === b[4] && a[5] === b[5];
}
