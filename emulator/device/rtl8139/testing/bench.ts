/** A card on a bench: everything around it is a double, and a small polite driver stands in for the guest. */
import { mac } from '../../../base/address.ts';
import { type Frame, frameOf, type Offload, PacketIds } from '../../../base/frame.ts';
import { u16le, u32le } from '../../../base/bytes.ts';
import * as R from '../registers.ts';
import { Rtl8139, type Rtl8139Options } from '../rtl8139.ts';
import { ManualClock } from '../../../time/manual-clock.ts';
import { FakeEvents, FakeLine, FakeLink, FakeMemory } from './doubles.ts';

export const STATION = mac('52:54:00:12:34:56');
export const STATION_BYTES = [0x52, 0x54, 0x00, 0x12, 0x34, 0x56];
export const BROADCAST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
export const RAM = 0x10_0000;

/** Where the driver puts its things. */
export const RING = 0x1_0000;
export const TX_BUFFER = 0x4_0000;
const TX_BUFFER_SIZE = 0x2000;
/** What Linux's 8139too writes at open: unlimited burst, 32 KiB ring, WRAP, AB, APM. */
export const RCR_LINUX = 0xf78a;
export const IMR_LINUX = 0xc07f;

/** A frame of `length` bytes to `to`, with bytes that tell `seed` and position. */
export function frameBytes(length: number, to: readonly number[] = STATION_BYTES, seed = 1): Uint8Array {
  const bytes = Uint8Array.from({ length }, (_, i) => (seed * 31 + i * 7) & 0xff);
  bytes.set(to.slice(0, length));
  return bytes;
}

export interface RxFrame {
  readonly status: number;
  /** Without FCS. */
  readonly bytes: Uint8Array;
  readonly fcs: number;
}

/** Drives the card through its register window as a careful driver does. */
export class NicDriver {
  readonly #card: Rtl8139;
  readonly #memory: FakeMemory;
  #txNext = 0;
  #ringSize = 0;
  #wrap = false;
  /** Read offset in the ring. */
  current = 0;

  constructor(card: Rtl8139, memory: FakeMemory) {
    this.#card = card;
    this.#memory = memory;
  }

  read8 = (at: number): number => this.#card.read(1, at, 1);
  read16 = (at: number): number => this.#card.read(1, at, 2);
  read32 = (at: number): number => this.#card.read(1, at, 4);
  write8 = (at: number, value: number): void => this.#card.write(1, at, 1, value);
  write16 = (at: number, value: number): void => this.#card.write(1, at, 2, value);
  write32 = (at: number, value: number): void => this.#card.write(1, at, 4, value);

  unlocked(work: () => void): void {
    this.write8(R.CR9346, R.CR9346_EEM_CONFIG);
    work();
    this.write8(R.CR9346, 0);
  }

  /** Reset, addresses, both directions on. */
  start({ rcr = RCR_LINUX, imr = IMR_LINUX, tcr = 0x0300_0680 } = {}): void {
    this.write8(R.CR, R.CR_RST);
    this.write32(R.RBSTART, RING);
    this.write8(R.CR, R.CR_RE | R.CR_TE);
    this.write32(R.RCR, rcr);
    this.write32(R.TCR, tcr);
    for (let n = 0; n < 4; n++) this.write32(R.TSAD0 + 4 * n, TX_BUFFER + n * TX_BUFFER_SIZE);
    this.write16(R.IMR, imr);
    this.#txNext = 0;
    this.current = 0;
    this.#ringSize = 8192 << ((rcr >>> 11) & 3);
    this.#wrap = (rcr & R.RCR_WRAP) !== 0 && this.#ringSize < 0x1_0000;
  }

  /** Puts a frame into the buffer of descriptor `n`. */
  fill(n: number, bytes: Uint8Array): void {
    this.#memory.ram.set(bytes, TX_BUFFER + n * TX_BUFFER_SIZE);
  }

  /** Sends with the next descriptor; answers TSD as it reads afterwards. */
  send(bytes: Uint8Array): number {
    const n = this.#txNext;
    this.#txNext = (n + 1) & 3;
    this.fill(n, bytes);
    this.write32(R.TSD0 + 4 * n, bytes.length);
    return this.read32(R.TSD0 + 4 * n);
  }

  /** Takes one frame out of the ring; `null`: the ring is empty. Throws on a record no driver would accept. */
  receive(): RxFrame | null {
    if (this.read8(R.CR) & R.CR_BUFE) return null;
    const at = this.current % this.#ringSize;
    const status = u16le(this.#memory.ram, RING + at);
    const length = u16le(this.#memory.ram, RING + at + 2);
    if (!(status & R.RXSTATUS_ROK) || length < 64 || length > 1796) {
      throw new Error(`bad record at ${at}: status ${status.toString(16)}, length ${length}`);
    }
    const body = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      const offset = at + 4 + i;
      body[i] = this.#memory.ram[RING + (this.#wrap ? offset : offset % this.#ringSize)]!;
    }
    this.current = (this.current + length + 4 + 3) & ~3;
    this.write16(R.CAPR, (this.current - 16) & 0xffff);
    return { status, bytes: body.slice(0, length - 4), fcs: u32le(body, length - 4) };
  }

  receiveAll(): RxFrame[] {
    const frames: RxFrame[] = [];
    for (let frame = this.receive(); frame; frame = this.receive()) frames.push(frame);
    return frames;
  }
}

export interface Bench {
  readonly card: Rtl8139;
  readonly driver: NicDriver;
  readonly memory: FakeMemory;
  readonly line: FakeLine;
  readonly link: FakeLink;
  readonly clock: ManualClock;
  readonly events: FakeEvents;
  readonly ids: PacketIds;
  /** Errors caught at the register window. */
  readonly faults: unknown[];
  /** Lets a frame arrive at the card. */
  arrive(bytes: Uint8Array, offload?: Offload): Frame;
}

export function bench(options: Partial<Rtl8139Options> = {}): Bench {
  const memory = new FakeMemory(RAM);
  const line = new FakeLine();
  const link = new FakeLink();
  const clock = new ManualClock();
  const events = new FakeEvents();
  const ids = new PacketIds();
  const faults: unknown[] = [];
  const card = new Rtl8139({
    mac: STATION,
    memory,
    interrupt: line,
    link,
    clock,
    ids,
    events,
    onFault: (error) => faults.push(error),
    ...options,
  });
  const arrive = (bytes: Uint8Array, offload?: Offload): Frame => {
    const frame = frameOf(bytes, ids.next(), offload);
    link.onReceive(frame);
    return frame;
  };
  const driver = new NicDriver(card, memory);
  return { card, driver, memory, line, link, clock, events, ids, faults, arrive };
}
