import { describe, expect, it } from 'vitest';
import * as R from './registers.ts';
import { bench, frameBytes } from './testing/bench.ts';

describe('the interrupt line', () => {
  it('rises when a latched cause is unmasked', () => {
    const { driver, line, arrive } = bench();
    driver.start({ imr: 0 });
    arrive(frameBytes(60));
    expect(line.level).toBe(false);
    expect(driver.read16(R.ISR)).toBe(R.ISR_ROK);
    driver.write16(R.IMR, R.ISR_ROK);
    expect(line.level).toBe(true);
  });

  it('stays high after a partial acknowledgement', () => {
    const { driver, line, arrive } = bench();
    driver.start();
    arrive(frameBytes(60));
    driver.send(frameBytes(60));
    driver.write16(R.ISR, R.ISR_TOK);
    expect(line.level).toBe(true);
    driver.write16(R.ISR, R.ISR_ROK);
    expect(line.level).toBe(false);
  });

  it('is left alone by reading', () => {
    const { driver, line } = bench();
    driver.start();
    driver.send(frameBytes(60));
    for (let i = 0; i < 3; i++) expect(driver.read16(R.ISR)).toBe(R.ISR_TOK);
    expect(line.level).toBe(true);
  });

  it('goes low when everything is masked and high again when unmasked', () => {
    const { driver, line } = bench();
    driver.start();
    driver.send(frameBytes(60));
    driver.write16(R.IMR, 0);
    expect(line.level).toBe(false);
    driver.write16(R.IMR, 0xc07f);
    expect(line.level).toBe(true);
  });

  it('is told of transitions only', () => {
    const { driver, line, arrive } = bench();
    driver.start();
    for (let i = 0; i < 5; i++) {
      arrive(frameBytes(60));
      driver.send(frameBytes(60));
    }
    driver.write16(R.ISR, 0);
    expect([line.rises, line.repeats]).toEqual([1, 0]);
  });
});

describe('ISR and IMR', () => {
  it('clear by single bytes, and zeros clear nothing', () => {
    const { driver, card } = bench();
    card.interrupts.raise(R.ISR_SERR | R.ISR_TIMEOUT | R.ISR_ROK | R.ISR_TOK);
    driver.write8(R.ISR + 1, 0x80);
    expect(driver.read16(R.ISR)).toBe(R.ISR_TIMEOUT | R.ISR_ROK | R.ISR_TOK);
    driver.write8(R.ISR, 0x01);
    driver.write8(R.ISR, 0x00);
    expect(driver.read16(R.ISR)).toBe(R.ISR_TIMEOUT | R.ISR_TOK);
    driver.write16(R.ISR, 0xffff);
    expect(driver.read16(R.ISR)).toBe(0);
  });

  it('keep apart under a 32-bit write to both', () => {
    const { driver, card } = bench();
    card.interrupts.raise(R.ISR_ROK | R.ISR_TOK);
    driver.write32(R.IMR, (R.ISR_ROK << 16) | 0xc07f);
    expect(driver.read32(R.IMR)).toBe(((R.ISR_TOK << 16) | 0xc07f) >>> 0);
  });

  it('read back the mask exactly', () => {
    const { driver } = bench();
    for (const mask of [0xc07f, 0xc02e, 0xffff, 0]) {
      driver.write16(R.IMR, mask);
      expect(driver.read16(R.IMR)).toBe(mask);
    }
  });

  it('take the mask by bytes, each effective at once', () => {
    const { driver, card, line } = bench();
    card.interrupts.raise(R.ISR_ROK);
    driver.write8(R.IMR, 0x7f);
    expect(line.level).toBe(true);
    driver.write8(R.IMR + 1, 0xc0);
    expect(driver.read16(R.IMR)).toBe(0xc07f);
  });
});
