import { describe, expect, it } from 'vitest';
import * as R from './registers.ts';
import { bench } from './testing/bench.ts';

describe('the general purpose timer', () => {
  it('counts at 30 ns a tick and starts over at any write', () => {
    const { driver, clock } = bench();
    clock.advance(3_000);
    expect(driver.read32(R.TCTR)).toBe(100);
    driver.write8(R.TCTR + 2, 0x55);
    expect(driver.read32(R.TCTR)).toBe(0);
    clock.advance(89);
    expect(driver.read32(R.TCTR)).toBe(2);
  });

  it('wraps at 2^32', () => {
    const { driver, clock } = bench();
    clock.advance(0x1_0000_0000 * 30 + 30);
    expect(driver.read32(R.TCTR)).toBe(1);
  });

  it('interrupts once when TCTR reaches TimerInt', () => {
    const { driver, clock, line } = bench();
    driver.write16(R.IMR, R.ISR_TIMEOUT);
    driver.write32(R.TCTR, 0);
    driver.write32(R.TIMER_INT, 0x400);
    clock.advance(0x400 * 30 - 1);
    expect(line.level).toBe(false);
    clock.advance(1);
    expect(line.level).toBe(true);
    driver.write16(R.ISR, R.ISR_TIMEOUT);
    clock.advance(1_000_000_000);
    expect(line.rises).toBe(1);
    driver.write32(R.TCTR, 0);
    clock.advance(0x400 * 30);
    expect(line.rises).toBe(2);
  });

  it('latches its bit while masked', () => {
    const { driver, clock, line } = bench();
    driver.write32(R.TIMER_INT, 10);
    clock.advance(1_000);
    expect(line.level).toBe(false);
    expect(driver.read16(R.ISR)).toBe(R.ISR_TIMEOUT);
  });

  it('comes round again when TimerInt already lies behind', () => {
    const { driver, clock } = bench();
    clock.advance(30 * 1000);
    driver.write32(R.TIMER_INT, 10);
    clock.advance(30 * 1000);
    expect(driver.read16(R.ISR)).toBe(0);
    clock.advance(30 * 0x1_0000_0000);
    expect(driver.read16(R.ISR)).toBe(R.ISR_TIMEOUT);
  });

  it('is off with TimerInt 0, after a reset and after dispose', () => {
    const { driver, clock, card } = bench();
    driver.write32(R.TIMER_INT, 10);
    driver.write32(R.TIMER_INT, 0);
    expect(clock.leftover).toBe(0);
    driver.write32(R.TIMER_INT, 10);
    driver.write8(R.CR, R.CR_RST);
    expect([clock.leftover, driver.read32(R.TIMER_INT)]).toEqual([0, 0]);
    driver.write32(R.TIMER_INT, 10);
    card.dispose();
    expect(clock.leftover).toBe(0);
  });

  it('cannot be made to fire without end', () => {
    const { driver, clock } = bench();
    driver.write32(R.TIMER_INT, 1);
    expect(clock.advance(1_000_000_000)).toBe(1);
  });
});
