import { describe, expect, it } from 'vitest';
import * as R from './registers.ts';
import { bench } from './testing/bench.ts';

describe('a link change', () => {
  it('shows in BMSR, MSR and CSCR and interrupts once', () => {
    const { driver, card, line } = bench();
    driver.start();
    card.setLink(false);
    expect(line.rises).toBe(1);
    expect(driver.read16(R.ISR)).toBe(R.ISR_PUN_LINKCHG);
    expect(driver.read16(R.BMSR)).toBe(0x7809);
    expect(driver.read8(R.MSR)).toBe(0xd4);
    expect(driver.read16(R.CSCR)).toBe(0x03c0 | R.CSCR_LINK_CHANGE);
    driver.write16(R.ISR, R.ISR_PUN_LINKCHG);
    card.setLink(true);
    expect(line.rises).toBe(2);
    expect(driver.read8(R.MSR)).toBe(0xd0);
    expect(driver.read16(R.CSCR)).toBe(0x03c0 | R.CSCR_LINK_CHANGE | R.CSCR_LINK_OK);
  });

  it('is no news when nothing changed', () => {
    const { driver, card, line } = bench();
    driver.start();
    card.setLink(true);
    expect(line.rises).toBe(0);
    expect(driver.read16(R.CSCR) & R.CSCR_LINK_CHANGE).toBe(0);
  });

  it('is seen in CSCR until the byte with bit 11 was read, so a 16-bit read as two bytes sees it', () => {
    const { driver, card } = bench();
    card.setLink(false);
    driver.read8(R.CSCR);
    expect(driver.read8(R.CSCR + 1) & 0x08).toBe(0x08);
    expect(driver.read8(R.CSCR + 1) & 0x08).toBe(0);
    card.setLink(true);
    expect(driver.read32(R.CSCR)).toBe(0x0fc0);
    expect(driver.read32(R.CSCR)).toBe(0x07c0);
  });
});

describe('BMSR', () => {
  it('keeps showing a lost link until it was read once, as drivers that read twice expect', () => {
    const { driver, card } = bench();
    card.setLink(false);
    card.setLink(true);
    expect(driver.read16(R.BMSR)).toBe(0x7809);
    expect(driver.read16(R.BMSR)).toBe(0x782d);
  });

  it('is unlatched by the byte that holds the bit', () => {
    const { driver, card } = bench();
    card.setLink(false);
    card.setLink(true);
    expect(driver.read8(R.BMSR + 1)).toBe(0x78);
    expect(driver.read8(R.BMSR)).toBe(0x09);
    expect(driver.read8(R.BMSR)).toBe(0x2d);
  });

  it('says nothing was negotiated when negotiation is off', () => {
    const { driver } = bench();
    driver.unlocked(() => driver.write16(R.BMCR, R.BMCR_SPD_SET | R.BMCR_DUPLEX));
    expect(driver.read16(R.BMSR)).toBe(0x780d);
    expect(driver.read8(R.MSR)).toBe(0xd0);
    driver.unlocked(() => driver.write16(R.BMCR, 0));
    expect(driver.read8(R.MSR)).toBe(0xd0 | R.MSR_SPEED_10);
  });
});

describe('BMCR', () => {
  it('starts as 100 Mbit/s, full duplex, negotiating', () => {
    expect(bench().driver.read16(R.BMCR)).toBe(0x3100);
  });

  it('finishes reset and restart of negotiation at once', () => {
    const { driver } = bench();
    driver.unlocked(() => driver.write16(R.BMCR, R.BMCR_ANE | R.BMCR_RESTART_ANE));
    expect(driver.read16(R.BMCR)).toBe(R.BMCR_ANE);
    driver.unlocked(() => driver.write16(R.BMCR, R.BMCR_RESET));
    expect(driver.read16(R.BMCR)).toBe(0x3100);
  });

  it('acts on the byte that holds the bits', () => {
    const { driver } = bench();
    driver.unlocked(() => {
      driver.write16(R.BMCR, 0);
      driver.write8(R.BMCR, 0x80);
      expect(driver.read16(R.BMCR)).toBe(0);
      driver.write8(R.BMCR + 1, 0x80);
    });
    expect(driver.read16(R.BMCR)).toBe(0x3100);
  });
});

describe('abilities', () => {
  it('are those from which Linux prints "100Mbps, full-duplex, lpa 0x45E1"', () => {
    const { driver, card } = bench();
    expect([driver.read16(R.ANAR), driver.read16(R.ANLPAR), driver.read16(R.ANER)]).toEqual([
      0x05e1, 0x45e1, 1,
    ]);
    card.setLink(false);
    expect(driver.read16(R.ANLPAR)).toBe(0);
  });
});
