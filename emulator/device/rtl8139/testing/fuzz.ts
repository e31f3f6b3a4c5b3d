/**
 * Hostile guests, for the unit tests and the long runs: random registers, rings, descriptors and traffic from a seed.
 * Throws at the first promise the card breaks; what was reached is in the result, so that a test can tell a run that did nothing.
 */
import { type Frame, frameOf } from '../../../base/frame.ts';
import { Xoshiro128 } from '../../../base/random.ts';
import * as R from '../registers.ts';
import type { Rtl8139 } from '../rtl8139.ts';
import { bench, type Bench, BROADCAST, frameBytes, RAM, STATION_BYTES } from './bench.ts';

const WIDTHS = [1, 2, 4] as const;
const HOT = [R.TSD0, R.TSD0 + 4, R.TSAD0, R.RBSTART, R.CR, R.CR, R.CAPR, R.IMR, R.ISR, R.TCR, R.RCR, R.CR9346, R.TIMER_INT, R.TCTR, R.HLTCLK]; // prettier-ignore
const EDGES = [
  0, 1, 0xff, 0xffff, 0x1fff, 60, 1792, 1793, 0xf_ffff, 0x10_0000, 0x7fff_ffff, 0xffff_ffff, 0xf78f, 0x0c,
];
/** Room past the ring that a driver which sets WRAP must have: one record. */
const SPILL = 1800;

export interface HostileRun {
  readonly bench: Bench;
  /** Register reads and writes. */
  readonly accesses: number;
  readonly sent: number;
  /** Frames the host answered from inside a transmit. */
  readonly answers: number;
  /** Writes into guest memory. */
  readonly written: number;
}

function promise(kept: boolean, what: string, step: number): void {
  if (!kept) throw new Error(`step ${step}: ${what}`);
}

/** Values that lie near edges more often than chance would have it. */
const nastyValue = (random: Xoshiro128): number =>
  random.below(3) === 0 ? EDGES[random.below(EDGES.length)]! : random.u32();

/** What a sane driver might do, so that the run gets beyond a card that is off; answers how many accesses that took. */
function behave(card: Rtl8139, random: Xoshiro128): number {
  card.write(0, R.HLTCLK, 1, R.HLTCLK_RUN);
  card.write(0, R.CR, 1, R.CR_RE | R.CR_TE);
  card.write(0, R.RCR, 4, 0xf00f | (random.below(16) << 7));
  card.write(0, R.TCR, 4, random.below(4) === 0 ? R.TCR_LBK_ON : 0);
  card.write(0, R.RBSTART, 4, random.below(RAM));
  for (let n = 0; n < 4; n++) {
    card.write(0, R.TSAD0 + 4 * n, 4, random.below(RAM + 0x1_0000));
    card.write(0, R.TSD0 + 4 * n, 4, random.below(1820));
  }
  return 13;
}

/** Whether a write lies in the ring the card was given, or in the one record past it. */
function inRing(card: Rtl8139, address: number, length: number): boolean {
  const { rbstart, rcr } = card.receive;
  const size = 8192 << ((rcr & R.RCR_RBLEN_MASK) >>> R.RCR_RBLEN_SHIFT);
  const spill = rcr & R.RCR_WRAP && size < 0x1_0000 ? SPILL : 0;
  return address >= rbstart && address + length <= rbstart + size + spill;
}

/** Makes every write into guest memory answer for itself, and counts them. */
function watchWrites({ memory, card }: Bench): { count: number } {
  const seen = { count: 0 };
  const write = memory.write.bind(memory);
  memory.write = (address, from, at, length) => {
    const done = write(address, from, at, length);
    memory.writes.length = 0;
    if (!done) return false;
    seen.count++;
    promise(inRing(card, address, length), `wrote ${length} bytes at ${address}, outside its ring`, 0);
    return true;
  };
  return seen;
}

/** A guest that does anything, with a host that answers at once and sometimes with a flood. */
export function hostileGuest(seed: number, steps: number): HostileRun {
  const random = new Xoshiro128(seed);
  const b = bench({ holdWhenFull: seed % 2 === 0 });
  const { card, clock, link, line, events } = b;
  random.fill(b.memory.ram);
  const written = watchWrites(b);
  let accesses = 0;
  let sent = 0;
  let answers = 0;
  link.onTransmit = (frame: Frame) => {
    const count = random.below(50) === 0 ? 100 : random.below(3);
    for (let i = 0; i < count; i++, answers++) link.onReceive(frame);
  };
  for (let step = 0; step < steps; step++) {
    const at = random.below(2) === 0 ? HOT[random.below(HOT.length)]! : random.below(256);
    const width = WIDTHS[random.below(3)]!;
    const choice = random.below(16);
    if (choice === 0) accesses += behave(card, random);
    else if (choice < 9) {
      accesses++;
      card.write(random.below(2), at, width, nastyValue(random));
    } else if (choice < 13) {
      accesses++;
      const value = card.read(random.below(2), at, width);
      const fits = Number.isInteger(value) && value >= 0 && value < 2 ** (8 * width);
      promise(fits, `read ${value} from ${at} with width ${width}`, step);
    } else if (choice === 13) {
      const frame = frameBytes(random.below(2000), random.below(2) ? STATION_BYTES : BROADCAST);
      const csumStart = random.below(4) === 0 ? random.below(2000) : -1;
      const offload = { csumStart, csumOffset: random.below(40), gsoSize: random.below(3) };
      link.onReceive(frameOf(frame, step, { ...offload, gsoKind: 'none' }));
    } else if (choice === 14) {
      promise(clock.advance(random.below(100_000)) < 100, 'timers without end', step);
    } else if (random.below(20) === 0) disturb(b, random);
    promise(link.sent.length <= 16, `${link.sent.length} frames sent for one access`, step);
    sent += link.sent.length;
    link.sent.length = 0;
    const asserted = (card.interrupts.isr & card.interrupts.imr) !== 0;
    promise(line.level === asserted, 'the interrupt line is not what ISR and IMR say', step);
    promise(card.receive.waiting <= 64, `${card.receive.waiting} frames wait`, step);
    if (events.unknown.length > 1000) events.unknown.length = 0;
    if (events.refused.length > 1000) events.refused.length = 0;
  }
  return { bench: b, accesses, sent, answers, written: written.count };
}

/** What happens to a card from outside its registers; at times it is saved and restored, which nobody may notice. */
function disturb({ card, link, line }: Bench, random: Xoshiro128): void {
  const what = random.below(8);
  if (what < 3) card.setLink(random.below(2) === 0);
  else if (what === 3) card.powerOnReset();
  else if (what === 4) {
    // A restored card says once more what its line is.
    const { repeats } = line;
    card.restore(card.save());
    line.repeats = repeats;
  } else {
    link.isReady = !link.isReady;
    if (link.isReady) link.onReady();
  }
}

/** A guest with any ring, any pointer and any traffic; `rounds` rings, 60 frames each. */
export function hostileRings(seed: number, rounds: number): HostileRun {
  const random = new Xoshiro128(seed);
  const b = bench({ holdWhenFull: false });
  const { driver, arrive } = b;
  const written = watchWrites(b);
  let accesses = 0;
  for (let round = 0; round < rounds; round++) {
    const length = random.below(4);
    driver.write8(R.CR, R.CR_RST | R.CR_RE);
    driver.write32(R.RBSTART, random.below(0x11_0000));
    driver.write32(R.RCR, R.RCR_AAP | (length << 11) | (random.below(2) === 1 ? R.RCR_WRAP : 0));
    accesses += 3;
    for (let i = 0; i < 60; i++) {
      arrive(frameBytes(random.below(1900), STATION_BYTES, i));
      if (random.below(2) === 0) {
        driver.write16(R.CAPR, random.u32());
        accesses++;
      }
      const cbr = driver.read16(R.CBR);
      accesses++;
      promise(cbr % 4 === 0 && cbr < 8192 << length, `CBR is ${cbr} in a ring of ${8192 << length}`, round);
    }
    b.events.refused.length = 0;
  }
  return { bench: b, accesses, sent: 0, answers: 0, written: written.count };
}
