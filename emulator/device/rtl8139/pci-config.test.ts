import { describe, expect, it } from 'vitest';
import { u16le, u32le } from '../../base/bytes.ts';
import * as R from './registers.ts';
import { bench } from './testing/bench.ts';

describe('PCI configuration', () => {
  const { configSpace: space, bars } = bench().card;

  it('names the chip, its class and its revision', () => {
    expect(u32le(space, 0)).toBe(0x8139_10ec);
    expect(u32le(space, 8)).toBe(0x0200_0010);
    expect(u32le(space, 0x2c)).toBe(0x8139_10ec);
  });

  it('has one I/O and one memory window of 256 bytes, INTA, and no capabilities', () => {
    expect(bars).toEqual([{ kind: 'io', size: 256 }, { kind: 'memory', size: 256 }]);
    expect(space[0x10]! & 1).toBe(1);
    expect(space[0x14]! & 1).toBe(0);
    expect(space[0x3d]).toBe(1);
    expect(u16le(space, 6) & 0x10).toBe(0);
    expect(space[0x34]).toBe(0);
  }); // prettier-ignore

  it('tells the same story as RERID and the chip id in TCR', () => {
    const { driver } = bench();
    expect(driver.read8(R.RERID)).toBe(space[8]);
    expect(driver.read32(R.TCR)).toBe(0x7400_0000);
  });

  it('reaches the same registers through both windows, and nothing through others', () => {
    const { card } = bench();
    card.write(0, R.IMR, 2, 0x1234);
    expect(card.read(1, R.IMR, 2)).toBe(0x1234);
    card.write(2, R.IMR, 2, 0);
    expect(card.read(0, R.IMR, 2)).toBe(0x1234);
    expect(card.read(-1, R.IMR, 2)).toBe(0);
  });
});
