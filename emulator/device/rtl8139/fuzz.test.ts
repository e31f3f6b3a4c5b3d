/** Hostile guests: whatever is written where, nothing throws, nothing runs away, and only RAM is touched. */
import { describe, expect, it } from 'vitest';
import { type Frame, frameOf } from '../../base/frame.ts';
import { Xoshiro128 } from '../../base/random.ts';
import * as R from './registers.ts';
import type { Rtl8139 } from './rtl8139.ts';
import { bench, frameBytes, RAM, STATION_BYTES } from './testing/bench.ts';

const WIDTHS = [1, 2, 4] as const;
const HOT = [R.TSD0, R.TSD0 + 4, R.TSAD0, R.RBSTART, R.CR, R.CR, R.CAPR, R.IMR, R.ISR, R.TCR, R.RCR, R.CR9346, R.TIMER_INT, R.TCTR, R.HLTCLK]; // prettier-ignore

/** Values that lie near edges more often than chance would have it. */
function nastyValue(random: Xoshiro128): number {
  const edges = [
    0, 1, 0xff, 0xffff, 0x1fff, 60, 1792, 1793, 0xf_ffff, 0x10_0000, 0x7fff_ffff, 0xffff_ffff, 0xf78f, 0x0c,
  ];
  return random.below(3) === 0 ? edges[random.below(edges.length)]! : random.u32();
}

/** Something a sane driver might do, so that the run gets beyond a card that is off. */
function behave(card: Rtl8139, random: Xoshiro128): void {
  card.write(0, R.HLTCLK, 1, R.HLTCLK_RUN);
  card.write(0, R.CR, 1, R.CR_RE | R.CR_TE);
  card.write(0, R.RCR, 4, 0xf00f | (random.below(16) << 7));
  card.write(0, R.TCR, 4, random.below(4) === 0 ? R.TCR_LBK_ON : 0);
  card.write(0, R.RBSTART, 4, random.below(RAM));
  for (let n = 0; n < 4; n++) {
    card.write(0, R.TSAD0 + 4 * n, 4, random.below(RAM + 0x1_0000));
    card.write(0, R.TSD0 + 4 * n, 4, random.below(1820));
  }
}

describe.each([1, 2, 3, 4, 5, 6])('a guest that does anything (seed %i)', (seed) => {
  it('breaks nothing and gets bounded work', () => {
    const random = new Xoshiro128(seed);
    const b = bench({ holdWhenFull: seed % 2 === 0 });
    const { card, clock, link, line, faults } = b;
    random.fill(b.memory.ram);
    let answers = 0;
    link.onTransmit = (frame: Frame) => {
      // A host that answers at once, sometimes with a flood.
      const count = random.below(50) === 0 ? 100 : random.below(3);
      for (let i = 0; i < count; i++, answers++) link.onReceive(frame);
    };
    let sentBefore = 0;
    for (let step = 0; step < 4_000; step++) {
      const at = random.below(2) === 0 ? HOT[random.below(HOT.length)]! : random.below(256);
      const width = WIDTHS[random.below(3)]!;
      const choice = random.below(16);
      if (choice === 0) behave(card, random);
      else if (choice < 9) card.write(random.below(2), at, width, nastyValue(random));
      else if (choice < 13) {
        const value = card.read(random.below(2), at, width);
        expect(Number.isInteger(value) && value >= 0 && value < 2 ** (8 * width)).toBe(true);
      } else if (choice === 13) {
        const frame = frameBytes(
          random.below(2000),
          random.below(2) ? STATION_BYTES : [0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        );
        const csumStart = random.below(4) === 0 ? random.below(2000) : -1;
        link.onReceive(
          frameOf(frame, step, {
            csumStart,
            csumOffset: random.below(40),
            gsoSize: random.below(3),
            gsoKind: 'none',
          }),
        );
      } else if (choice === 14) {
        expect(clock.advance(random.below(100_000))).toBeLessThan(100);
      } else if (random.below(20) === 0) {
        if (random.below(2)) card.setLink(random.below(2) === 0);
        else if (random.below(4) === 0) card.powerOnReset();
        else {
          link.isReady = !link.isReady;
          if (link.isReady) link.onReady();
        }
      }
      expect(link.sent.length - sentBefore).toBeLessThanOrEqual(16);
      sentBefore = link.sent.length;
      expect(line.level).toBe((card.interrupts.isr & card.interrupts.imr) !== 0);
      expect(card.receive.waiting).toBeLessThanOrEqual(64);
    }
    expect(faults).toEqual([]);
    expect(line.repeats).toBe(0);
    // The run did reach the interesting places.
    expect(link.sent.length).toBeGreaterThan(20);
    expect(answers).toBeGreaterThan(20);
    const { drops } = card.counters;
    expect(drops.txOversize).toBeGreaterThan(0);
    expect(drops.txBadDma).toBeGreaterThan(0);
  });
});

describe('a guest with any ring, any pointer and any traffic', () => {
  it.each([1, 2, 3, 4])('is written to only inside its ring and one record past it (seed %i)', (seed) => {
    const random = new Xoshiro128(seed);
    const b = bench({ holdWhenFull: false });
    const { driver, memory, arrive, card, faults } = b;
    let delivered = 0;
    for (let round = 0; round < 60; round++) {
      const base = random.below(0x11_0000);
      const length = random.below(4);
      const wrap = random.below(2) === 1;
      driver.write8(R.CR, R.CR_RST | R.CR_RE);
      driver.write32(R.RBSTART, base);
      driver.write32(R.RCR, R.RCR_AAP | (length << 11) | (wrap ? R.RCR_WRAP : 0));
      const size = 8192 << length;
      const end = base + size + (wrap && length < 3 ? 1800 : 0);
      memory.writes.length = 0;
      for (let i = 0; i < 60; i++) {
        arrive(frameBytes(random.below(1900), STATION_BYTES, i));
        if (random.below(2) === 0) driver.write16(R.CAPR, random.u32());
        expect(driver.read16(R.CBR) % 4).toBe(0);
        expect(driver.read16(R.CBR)).toBeLessThan(size);
      }
      for (const [address, count] of memory.writes) {
        expect(address >= base && address + count <= end).toBe(true);
      }
      delivered += memory.writes.length;
    }
    expect(delivered).toBeGreaterThan(500);
    expect(card.counters.drops.rxBadDma).toBeGreaterThan(0);
    expect(faults).toEqual([]);
  });
});
