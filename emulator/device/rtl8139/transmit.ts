/**
 * The transmitter: four descriptors, taken strictly in turn.
 * Follows: RTL8139C data sheet, "Transmit Status Register", "Transmit Configuration Register", "TSAD"; Linux's and iPXE's drivers where it is vague.
 * Leaves out: early transmit thresholds, collisions and retries (there are none on our links); CLRABT has nothing to send again.
 *
 * A frame is read from guest memory into one buffer that is used again for the next; the link borrows it. Descriptors wait
 * while the link is not ready, and all that can go then go at once.
 * Invariant: a descriptor's OWN is 0 exactly while the chip has still to send it.
 */
import { type Frame, NO_OFFLOAD, type PacketIds } from '../../base/frame.ts';
import type { Fate, Ledger } from '../../base/ledger.ts';
import type { Link } from '../../base/link.ts';
import type { DeviceEvents, GuestMemory } from '../../base/machine-ports.ts';
import { ETHERNET_HEADER, ETHERNET_MIN } from '../../wire/ethernet.ts';
import type { Rtl8139Counters } from './counters.ts';
import type { Interrupts } from './interrupts.ts';
import { FCS_LENGTH } from './record-queue.ts';
import * as R from './registers.ts';

const DESCRIPTORS = 4;
/** Data sheet: the longest SIZE. */
const MAX_TX_FRAME = 1792;
/** What a driver's write to TSD sets; the status bits are cleared by it. */
const TSD_WRITTEN = R.TSD_ERTXTH_MASK | R.TSD_OWN | R.TSD_SIZE_MASK;
const TCR_STORED = R.TCR_IFG_MASK | R.TCR_LBK_MASK | R.TCR_CRC | R.TCR_MXDMA_MASK | R.TCR_TXRR_MASK;

export interface TransmitterPorts {
  readonly memory: GuestMemory;
  readonly interrupts: Interrupts;
  readonly ids: PacketIds;
  readonly ledger: Ledger;
  readonly events: DeviceEvents;
  readonly counters: Rtl8139Counters;
  /** The chip id in TCR. */
  readonly hwVerId: number;
  readonly clockRunning: () => boolean;
  readonly carrier: () => boolean;
  /** The frame comes back to the receiver (borrowed). */
  readonly loopback: (frame: Frame) => void;
}

export interface TransmitterState {
  readonly enabled: boolean;
  readonly tsd: readonly number[];
  readonly tsad: readonly number[];
  readonly tcr: number;
  readonly next: number;
}

export class Transmitter {
  readonly #ports: TransmitterPorts;
  link: Link;
  /** TSAD0–3: guest-physical addresses. */
  readonly tsad = new Uint32Array(DESCRIPTORS);
  readonly #tsd = new Uint32Array(DESCRIPTORS).fill(R.TSD_OWN);
  readonly #buffer = new Uint8Array(MAX_TX_FRAME);
  /** Views on `#buffer` by length, made once per length. */
  readonly #views: (Uint8Array | null)[] = new Array<Uint8Array | null>(MAX_TX_FRAME + 1).fill(null);
  #enabled = false;
  #tcr = 0;
  #next = 0;
  #running = false;
  /** The frame sent last: the one an interrupt is about. */
  #lastPacket = 0;

  constructor(ports: TransmitterPorts, link: Link) {
    this.#ports = ports;
    this.link = link;
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  /** CR.TE. Switching on starts at descriptor 0. */
  setEnabled(on: boolean): void {
    if (on === this.#enabled) return;
    this.#enabled = on;
    if (!on) return;
    this.#next = 0;
    this.run();
  }

  get tcr(): number {
    return (this.#tcr | this.#ports.hwVerId) >>> 0;
  }

  writeTcr(value: number): void {
    this.#tcr = value & TCR_STORED;
  }

  tsd(n: number): number {
    return this.#tsd[n]!;
  }

  /** With OWN = 0 this hands the descriptor to the chip. */
  writeTsd(n: number, value: number): void {
    this.#tsd[n] = value & TSD_WRITTEN;
    this.run();
  }

  /** The word at 0x60: TOK, TUN, TABT and OWN of the four descriptors. */
  get summary(): number {
    let word = 0;
    for (let n = 0; n < DESCRIPTORS; n++) {
      const tsd = this.#tsd[n]!;
      if (tsd & R.TSD_TOK) word |= 0x1000 << n;
      if (tsd & R.TSD_TUN) word |= 0x0100 << n;
      if (tsd & R.TSD_TABT) word |= 0x0010 << n;
      if (tsd & R.TSD_OWN) word |= 0x0001 << n;
    }
    return word;
  }

  /** Sends all descriptors that are next in turn and can go. One round at most. */
  run(): void {
    if (this.#running) return;
    this.#running = true;
    let isr = 0;
    try {
      for (let sent = 0; sent < DESCRIPTORS && this.#canSend(); sent++) {
        const n = this.#next;
        this.#next = (n + 1) % DESCRIPTORS;
        // Finished before it is sent, so that nothing the link does leaves it half done; OWN is seen after this register access.
        isr |= this.#send(n);
      }
    } finally {
      this.#running = false;
      if (isr !== 0) this.#interrupt(isr);
    }
  }

  /** CR.RST. */
  reset(): void {
    this.#enabled = false;
    this.#tcr = 0;
    this.#next = 0;
    this.#tsd.fill(R.TSD_OWN);
    this.tsad.fill(0);
  }

  save(): TransmitterState {
    return {
      enabled: this.#enabled,
      tsd: [...this.#tsd],
      tsad: [...this.tsad],
      tcr: this.#tcr,
      next: this.#next,
    };
  }

  restore(state: TransmitterState): void {
    this.#enabled = state.enabled;
    this.#tsd.set(state.tsd);
    this.tsad.set(state.tsad);
    this.#tcr = state.tcr;
    this.#next = state.next;
  }

  #canSend(): boolean {
    if (!this.#enabled || !this.#ports.clockRunning()) return false;
    if (this.#tsd[this.#next]! & R.TSD_OWN) return false;
    return this.#loopsBack || !this.#ports.carrier() || this.link.ready();
  }

  get #loopsBack(): boolean {
    return (this.#tcr & R.TCR_LBK_MASK) === R.TCR_LBK_ON;
  }

  /** Sends descriptor `n`; answers the interrupt status bits to set. */
  #send(n: number): number {
    const { memory, events, counters } = this.#ports;
    const size = this.#tsd[n]! & R.TSD_SIZE_MASK;
    if (size > MAX_TX_FRAME) {
      counters.drops.txOversize++;
      return this.#finish(n, R.TSD_TABT, R.ISR_TER);
    }
    // With TCR.CRC the driver brought the FCS along; links carry none.
    const length = this.#tcr & R.TCR_CRC ? size - FCS_LENGTH : size;
    if (length < ETHERNET_HEADER) {
      if (size > 0) counters.drops.txTooShort++;
      return this.#finish(n, R.TSD_TOK, R.ISR_TOK);
    }
    const address = this.tsad[n]!;
    const frame = { bytes: this.#view(length), id: this.#ports.ids.next(), offload: NO_OFFLOAD };
    this.#lastPacket = frame.id;
    const read = memory.read(address, this.#buffer, 0, length);
    if (this.#ports.ledger.enabled) this.#traceRead(frame, read);
    if (!read) {
      events.badDma(address, length);
      counters.drops.txBadDma++;
      return this.#finish(n, R.TSD_TABT, R.ISR_SERR | R.ISR_TER);
    }
    if (length < ETHERNET_MIN) counters.txShort++;
    const lost = !this.#loopsBack && !this.#ports.carrier();
    this.#finish(n, lost ? R.TSD_TOK | R.TSD_CRS : R.TSD_TOK, 0);
    this.#hand(frame, lost);
    return R.ISR_TOK;
  }

  #finish(n: number, status: number, isr: number): number {
    this.#tsd[n] = this.#tsd[n]! | R.TSD_OWN | status;
    return isr;
  }

  #hand(frame: Frame, lost: boolean): void {
    const { ledger, counters } = this.#ports;
    const traced = ledger.enabled;
    if (traced) ledger.enter('d.t3', frame.id);
    let fate: Fate = 'passed';
    if (this.#loopsBack) this.#ports.loopback(frame);
    else if (lost) {
      counters.drops.txNoCarrier++;
      fate = 'dropped';
    } else {
      counters.txPackets++;
      counters.txBytes += frame.bytes.length;
      this.link.transmit(frame);
    }
    if (traced) ledger.leave(fate);
  }

  #view(length: number): Uint8Array {
    return (this.#views[length] ??= this.#buffer.subarray(0, length));
  }

  #traceRead(frame: Frame, read: boolean): void {
    const { ledger } = this.#ports;
    ledger.enter('d.t1', frame.id);
    ledger.leave('passed');
    ledger.enter('d.t2', frame.id);
    if (read) {
      ledger.count('copies', 1);
      ledger.count('copiedBytes', frame.bytes.length);
      ledger.count('dmaBytes', frame.bytes.length);
    }
    ledger.leave(read ? 'born' : 'dropped');
  }

  #interrupt(isr: number): void {
    const { ledger, interrupts } = this.#ports;
    const traced = ledger.enabled;
    if (traced) ledger.enter('d.t4', this.#lastPacket);
    interrupts.raise(isr);
    if (traced) ledger.leave('passed');
  }
}
