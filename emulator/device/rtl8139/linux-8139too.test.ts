/** The register accesses of Linux 6.1's 8139too in their order, and what each read has to give. */
import { describe, expect, it } from 'vitest';
import * as R from './registers.ts';
import { bench, BROADCAST, frameBytes, IMR_LINUX, RING, TX_BUFFER } from './testing/bench.ts';

describe('8139too', () => {
  it('finds the chip, opens it, sends and receives, and closes it', () => {
    const { driver: d, link, line, arrive, events, memory } = bench();
    const readBack = (at: number, value: number): void => {
      d.write32(at, value);
      expect(d.read32(at)).toBe(value);
    };

    // Probe.
    d.write8(R.HLTCLK, R.HLTCLK_RUN);
    expect(d.read32(R.TCR)).toBe(0x7400_0000);
    d.unlocked(() => d.write8(R.CONFIG1, d.read8(R.CONFIG1)));
    expect(d.read8(R.CONFIG1)).toBe(0x0c);
    expect(d.read8(R.CONFIG4)).toBe(0);

    // Open.
    d.write8(R.CR, R.CR_RST);
    expect(d.read8(R.CR) & R.CR_RST).toBe(0);
    d.write8(R.CR9346, 0xc0);
    readBack(R.IDR0, 0x1200_5452);
    d.write32(R.IDR0 + 4, 0x5634);
    expect(d.read32(R.IDR0 + 4)).toBe(0x5634);
    readBack(R.RBSTART, RING);
    d.write8(R.CR, R.CR_RE | R.CR_TE);
    d.write32(R.RCR, 0xf78a);
    d.write32(R.TCR, 0x0300_0680);
    expect([d.read16(R.BMSR), d.read16(R.BMSR), d.read16(R.ANAR), d.read16(R.ANLPAR)]).toEqual([
      0x782d, 0x782d, 0x05e1, 0x45e1,
    ]);
    d.write8(R.CONFIG3, d.read8(R.CONFIG3) & ~0x20);
    d.write8(R.CR9346, 0);
    for (let n = 0; n < 4; n++) readBack(R.TSAD0 + 4 * n, TX_BUFFER + n * 0x2000);
    d.write32(R.MPC, 0);
    readBack(R.RCR, 0xf78e);
    readBack(R.MAR0, 0x8000_0004);
    readBack(R.MAR0 + 4, 0x4000_0000);
    d.write16(R.MULINT, d.read16(R.MULINT) & 0xf000);
    expect(d.read8(R.CR)).toBe(R.CR_RE | R.CR_TE | R.CR_BUFE);
    d.write16(R.IMR, IMR_LINUX);

    // Send: TSD and read-back; interrupt: ISR, acknowledge, TSD.
    d.fill(0, frameBytes(60, BROADCAST));
    d.write32(R.TSD0, (256 << 11) | 60);
    d.read32(R.TSD0);
    expect(line.level).toBe(true);
    expect(d.read16(R.ISR)).toBe(R.ISR_TOK);
    d.write16(R.ISR, R.ISR_TOK);
    expect(d.read32(R.TSD0) & (R.TSD_TOK | R.TSD_SIZE_MASK)).toBe(R.TSD_TOK | 60);
    expect([line.level, link.sent.length]).toEqual([false, 1]);

    // Receive one frame: handler masks, poll takes it, acknowledges, unmasks.
    arrive(frameBytes(98));
    expect([line.level, d.read16(R.ISR)]).toEqual([true, R.ISR_ROK]);
    d.write16(R.IMR, 0xc02e);
    expect([line.level, d.read16(R.IMR)]).toEqual([false, 0xc02e]);
    expect(d.read8(R.CR) & R.CR_BUFE).toBe(0);
    expect(memory.ram[RING + 2]! | (memory.ram[RING + 3]! << 8)).toBe(98 + 4);
    // 8139too's counter: 4 bytes of header, 98 + 4 of frame, rounded up.
    d.write16(R.CAPR, 108 - 16);
    d.write16(R.ISR, 0x51);
    expect(d.read16(R.ISR)).toBe(0);
    expect(d.read8(R.CR) & R.CR_BUFE).toBe(1);
    d.write16(R.IMR, IMR_LINUX);
    expect(line.level).toBe(false);

    // Close.
    d.write8(R.CR, 0);
    d.write16(R.IMR, 0);
    expect(d.read32(R.MPC)).toBe(0);
    d.write8(R.CR9346, 0xc0);
    expect(events.unknown).toEqual([]);
  });

  it('survives a hundred times interface down and up', () => {
    const { driver, arrive, link } = bench();
    for (let i = 0; i < 100; i++) {
      driver.start();
      driver.send(frameBytes(60));
      arrive(frameBytes(60));
      expect(driver.receiveAll()).toHaveLength(1);
      driver.write8(R.CR, 0);
      driver.write16(R.IMR, 0);
    }
    expect(link.sent).toHaveLength(100);
  });
});
