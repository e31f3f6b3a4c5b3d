import { describe, expect, it } from 'vitest';
import { mac } from '../../base/address.ts';
import { REGISTER_MAP } from './register-map.ts';
import * as R from './registers.ts';
import type { Rtl8139State } from './state.ts';
import { bench, BROADCAST, frameBytes, RING, STATION_BYTES } from './testing/bench.ts';
import { FakeLink } from './testing/doubles.ts';

const { structuredClone } = globalThis as unknown as { structuredClone: <T>(value: T) => T };
const UNPREDICTABLE = /^IDR/;

describe('after power-on', () => {
  it.each(REGISTER_MAP.filter((row) => !UNPREDICTABLE.test(row.name)).map((row) => [row.name, row] as const))(
    '%s reads its reset value, whole and by bytes',
    (_, row) => {
      const { card } = bench();
      expect(card.read(0, row.at, row.width)).toBe(row.reset);
      const bytes = Array.from({ length: row.width }, (_, i) => card.read(0, row.at + i, 1));
      expect(bytes.reduceRight((sum, byte) => sum * 256 + byte, 0)).toBe(row.reset);
    },
  );

  it('IDR holds the MAC of the EEPROM', () => {
    const { driver } = bench();
    expect(STATION_BYTES.map((_, i) => driver.read8(i))).toEqual(STATION_BYTES);
  });
});

describe('the register table', () => {
  const readOnly = REGISTER_MAP.filter((row) => row.access === 'RO');
  it.each(readOnly.map((row) => [row.name, row] as const))('%s ignores writes', (_, row) => {
    const { card } = bench();
    card.write(0, row.at, row.width, 0xffff_ffff);
    for (let i = 0; i < row.width; i++) card.write(0, row.at + i, 1, 0xff);
    expect(card.read(0, row.at, row.width)).toBe(row.reset);
  });

  it('covers the offsets of the data sheet, and holes read 0 and ignore writes', () => {
    const { card, events } = bench();
    const known = new Set(REGISTER_MAP.flatMap((row) => Array.from({ length: row.width }, (_, i) => row.at + i)));
    const holes = Array.from({ length: 256 }, (_, at) => at).filter((at) => !known.has(at));
    const before = card.describeRegisters();
    for (const at of holes) {
      card.write(0, at, 1, 0xff);
      expect(card.read(0, at, 1)).toBe(0);
    }
    expect(events.unknown).toHaveLength(2 * holes.length);
    expect(card.describeRegisters()).toEqual(before);
    expect(holes).toEqual([
      6, 7, 0x53, 0x5f, 0x76, 0x77, 0x81, 0x82, 0x83,
      ...Array.from({ length: 39 }, (_, i) => 0xd9 + i),
    ]);
  }); // prettier-ignore

  it('keeps nothing at CPCR and 0xDA, so that iPXE takes the chip for a C-mode 8139', () => {
    const { driver } = bench();
    driver.write16(0xda, 0x1234);
    expect(driver.read16(0xda)).toBe(0);
    driver.write16(0xe0, 0x000b);
    expect(driver.read16(0xe0)).toBe(0);
  });

  it('is not changed by a dump of all bytes', () => {
    const { driver, card, arrive } = bench();
    driver.start();
    driver.send(frameBytes(60));
    arrive(frameBytes(60));
    const before = card.save();
    for (let at = 0; at < 256; at++) driver.read8(at);
    expect(card.save()).toEqual(before);
  });

  it('shows names, offsets and values to panels without side effects', () => {
    const { card } = bench();
    card.setLink(false);
    card.describeRegisters();
    const cscr = card.describeRegisters().find((view) => view.name === 'CSCR');
    expect(cscr).toMatchObject({ offset: 0x74, width: 2, value: 0x0bc0 });
  });

  it('never lets ISR read 0xFFFF, which drivers take for a card that is gone', () => {
    const { driver, card } = bench();
    card.interrupts.raise(R.ISR_SERR | R.ISR_TIMEOUT | R.ISR_LENCHG | 0x7f);
    expect(driver.read16(R.ISR)).not.toBe(0xffff);
  });
});

describe('access widths', () => {
  it('CAPR written as two bytes equals one 16-bit write, and nothing is delivered in between', () => {
    const { driver, arrive, card, clock } = bench();
    driver.start({ rcr: 0xe70a });
    for (let i = 0; i < 121; i++) arrive(frameBytes(60));
    driver.write8(R.CAPR, (680 - 16) & 0xff);
    clock.advance();
    expect(driver.read16(R.CAPR)).toBe(0xfff0);
    expect(card.receive.waiting).toBe(1);
    driver.write8(R.CAPR + 1, (680 - 16) >>> 8);
    clock.advance();
    expect(driver.read16(R.CAPR)).toBe(680 - 16);
    expect(card.receive.waiting).toBe(0);
  });

  it('a 32-bit write to TSD starts exactly one transmission, and so do four bytes or two halves', () => {
    const { driver, link } = bench();
    driver.start();
    driver.write32(R.TSD0, 60);
    expect(link.sent).toHaveLength(1);
    [61, 0, 0, 0].forEach((byte, i) => driver.write8(R.TSD0 + 4 + i, byte));
    expect(link.sent).toHaveLength(2);
    driver.write16(R.TSD0 + 8, 62);
    expect(link.sent).toHaveLength(2);
    driver.write16(R.TSD0 + 10, 0);
    expect(link.sent.map((f) => f.bytes.length)).toEqual([60, 61, 62]);
  });

  it('TCR can be read and written by bytes, and its id survives everything', () => {
    const { driver } = bench();
    for (const value of [0, 0xffff_ffff, 0x0300_0680]) {
      driver.write32(R.TCR, value);
      expect(driver.read32(R.TCR) & R.TCR_HWVERID_MASK).toBe(0x7400_0000);
    }
    expect(driver.read32(R.TCR)).toBe(0x7700_0680);
    expect(driver.read8(R.TCR + 3)).toBe(0x77);
    driver.write8(R.TCR + 3, 0);
    expect(driver.read32(R.TCR)).toBe(0x7400_0680);
  });

  it('RCR can be written by bytes', () => {
    const { driver } = bench();
    [0x8a, 0xf7, 0, 0].forEach((byte, i) => driver.write8(R.RCR + i, byte));
    expect(driver.read32(R.RCR)).toBe(0xf78a);
    driver.write8(R.RCR, 0xff);
    expect(driver.read32(R.RCR)).toBe(0xf7bf);
  });

  it('MAR takes dwords and bytes', () => {
    const { driver } = bench();
    driver.write32(R.MAR0, 0x8000_0004);
    driver.write8(R.MAR0 + 7, 0x40);
    expect([driver.read32(R.MAR0), driver.read32(R.MAR0 + 4)]).toEqual([0x8000_0004, 0x4000_0000]);
  });
});

describe('a soft reset', () => {
  it('is over before the next read, with the ring empty', () => {
    const { driver } = bench();
    driver.start();
    driver.write8(R.CR, R.CR_RST);
    expect(driver.read8(R.CR)).toBe(R.CR_BUFE);
  });

  it('clears what drivers expect cleared', () => {
    const { driver, arrive, line } = bench();
    driver.start();
    driver.send(frameBytes(60));
    arrive(frameBytes(60));
    driver.write16(R.MULINT, 0xffff);
    driver.write32(R.TIMER_INT, 5);
    driver.write8(R.CR, R.CR_RST);
    expect([R.IMR, R.ISR, R.CBR, R.MULINT].map((at) => driver.read16(at))).toEqual([0, 0, 0, 0]);
    expect([R.RCR, R.RBSTART, R.TIMER_INT, R.MPC].map((at) => driver.read32(at))).toEqual([0, 0, 0, 0]);
    expect([0, 4, 8, 12].map((n) => driver.read32(R.TSD0 + n))).toEqual([0x2000, 0x2000, 0x2000, 0x2000]);
    expect([0, 4, 8, 12].map((n) => driver.read32(R.TSAD0 + n))).toEqual([0, 0, 0, 0]);
    expect(driver.read16(R.CAPR)).toBe(0xfff0);
    expect(driver.read32(R.TCR)).toBe(0x7400_0000);
    expect(line.level).toBe(false);
  });

  it('keeps address, multicast filter, CONFIG registers, lock and PHY', () => {
    const { driver } = bench();
    driver.write8(R.CR9346, R.CR9346_EEM_CONFIG);
    driver.write32(R.IDR0, 0x1122_3344);
    driver.write8(R.CONFIG3, 0x20);
    driver.write16(R.BMCR, R.BMCR_SPD_SET);
    driver.write32(R.MAR0, 0xdead_beef);
    driver.write8(R.CR, R.CR_RST);
    expect([driver.read32(R.IDR0), driver.read32(R.MAR0)]).toEqual([0x1122_3344, 0xdead_beef]);
    expect([driver.read8(R.CONFIG3), driver.read8(R.CR9346), driver.read16(R.BMCR)]).toEqual([
      0x21, 0xc0, 0x2000,
    ]);
  });

  it('comes before RE and TE of the same write', () => {
    const { driver } = bench();
    driver.start();
    driver.write8(R.CR, R.CR_RST | R.CR_RE | R.CR_TE);
    expect(driver.read8(R.CR)).toBe(R.CR_RE | R.CR_TE | R.CR_BUFE);
    expect(driver.read32(R.RCR)).toBe(0);
  });
});

describe('a power-on reset', () => {
  it('brings every register back to its reset value and IDR to the EEPROM, after any use', () => {
    const { driver, card, line } = bench();
    for (let at = 0; at < 256; at++) driver.write8(at, at === R.CR9346 ? R.CR9346_EEM_CONFIG : 0x5a);
    card.powerOnReset();
    const { card: fresh } = bench();
    expect(card.describeRegisters()).toEqual(fresh.describeRegisters());
    expect(line.level).toBe(false);
  });

  it('lets the driver start again', () => {
    const { driver, card, link, arrive } = bench();
    for (let boot = 1; boot <= 3; boot++) {
      driver.start();
      arrive(frameBytes(60));
      expect(driver.receiveAll()).toHaveLength(1);
      driver.send(frameBytes(60));
      expect(link.sent).toHaveLength(boot);
      card.powerOnReset();
    }
  });
});

describe('the lock', () => {
  it('keeps CONFIG1, 3, 4, BMCR and IDR unless 9346CR says so; CONFIG5 has none', () => {
    const { driver } = bench();
    const writeAll = (): void => {
      driver.write8(R.CONFIG1, 0x20);
      driver.write8(R.CONFIG3, 0x20);
      driver.write8(R.CONFIG4, 0x04);
      driver.write8(R.CONFIG5, 0x03);
      driver.write16(R.BMCR, 0x2000);
      driver.write8(R.IDR0, 0x02);
    };
    const readAll = (): number[] => [
      ...[R.CONFIG1, R.CONFIG3, R.CONFIG4, R.CONFIG5, R.IDR0].map((at) => driver.read8(at)),
      driver.read16(R.BMCR),
    ];
    writeAll();
    expect(readAll()).toEqual([0x0c, 0x01, 0x00, 0x03, 0x52, 0x3100]);
    driver.unlocked(writeAll);
    expect(readAll()).toEqual([0x2c, 0x21, 0x04, 0x03, 0x02, 0x2000]);
  });

  it('can be left off for IDR, for old drivers', () => {
    const { driver } = bench({ lockIdr: false });
    driver.write8(R.IDR0, 0x02);
    expect(driver.read8(R.IDR0)).toBe(0x02);
  });

  it('decides which address the filter takes for its own', () => {
    const { driver, arrive } = bench();
    driver.start();
    const other = [0x02, 0x54, 0, 0x12, 0x34, 0x56];
    driver.unlocked(() => driver.write8(R.IDR0, 0x02));
    arrive(frameBytes(60, STATION_BYTES));
    arrive(frameBytes(60, other));
    expect(driver.receiveAll().map((f) => f.bytes)).toEqual([frameBytes(60, other)]);
  });
});

describe('the clock halt', () => {
  it('stops transmission and what waits until the clock runs again', () => {
    const { driver, link } = bench();
    driver.start();
    driver.write8(R.HLTCLK, R.HLTCLK_HALT);
    driver.send(frameBytes(60));
    expect(link.sent).toHaveLength(0);
    driver.write8(R.HLTCLK, 0x00);
    expect(link.sent).toHaveLength(0);
    driver.write8(R.HLTCLK, R.HLTCLK_RUN);
    expect(link.sent).toHaveLength(1);
  });
});

describe('saved state', () => {
  it('goes on in another card in mid-transfer as if nothing had happened', () => {
    const one = bench();
    one.driver.start({ rcr: 0xe70a });
    for (let i = 0; i < 125; i++) one.arrive(frameBytes(60, STATION_BYTES, i));
    for (let i = 0; i < 7; i++) one.driver.receive();
    one.card.setLink(false);
    one.card.setLink(true);
    one.link.isReady = false;
    one.driver.send(frameBytes(70));
    one.driver.send(frameBytes(71));
    one.driver.write8(R.CAPR, 0xcc);
    one.driver.write32(R.TIMER_INT, 0x1000);
    const state: Rtl8139State = structuredClone(one.card.save());

    const two = bench({ mac: mac('02:00:00:00:00:01') });
    two.memory.ram.set(one.memory.ram);
    two.card.restore(state);
    two.driver.current = one.driver.current;
    expect(two.line.level).toBe(one.line.level);
    expect(two.card.save()).toEqual(state);
    expect(two.card.describeRegisters()).toEqual(one.card.describeRegisters());

    for (const { driver, link, clock } of [one, two]) {
      clock.advance();
      driver.write8(R.CAPR + 1, driver.read16(R.CAPR) >>> 8);
      link.isReady = true;
      link.onReady();
    }
    expect(two.link.sent.map((f) => f.bytes)).toEqual(one.link.sent.map((f) => f.bytes));
    expect(two.link.sent.slice(-2).map((f) => f.bytes.length)).toEqual([70, 71]);
    for (const { driver, clock } of [one, two]) {
      clock.advance(200_000);
      expect(driver.read16(R.ISR) & R.ISR_TIMEOUT).toBe(R.ISR_TIMEOUT);
      driver.write32(R.TIMER_INT, 0);
    }
    expect(two.card.save()).toEqual(one.card.save());
    expect(two.memory.ram.subarray(RING, RING + 8192)).toEqual(one.memory.ram.subarray(RING, RING + 8192));
  });

  it('shares no bytes with the card', () => {
    const { card, driver, arrive } = bench();
    driver.start({ rcr: 0xe70a });
    for (let i = 0; i < 125; i++) arrive(frameBytes(60));
    const state = card.save();
    const copy = structuredClone(state);
    driver.receiveAll();
    card.powerOnReset();
    card.setMac(mac('02:00:00:00:00:01'));
    expect(state).toEqual(copy);
  });

  it('of another version is refused', () => {
    const { card } = bench();
    expect(() => card.restore({ ...card.save(), version: 2 as never })).toThrow('version 2');
  });
});

describe('the wire side', () => {
  it('can be connected to another link, and lets go of the one before', () => {
    const { driver, card, link } = bench();
    driver.start();
    const other = new FakeLink();
    card.attach(other);
    driver.send(frameBytes(60, BROADCAST));
    expect([link.sent.length, other.sent.length]).toEqual([0, 1]);
    link.onReceive(other.sent[0]!);
    expect(driver.receive()).toBeNull();
    other.onReceive(other.sent[0]!);
    expect(driver.receive()).not.toBeNull();
  });

  it('counts what went through', () => {
    const { driver, card, arrive } = bench();
    driver.start();
    driver.send(frameBytes(100));
    arrive(frameBytes(42));
    arrive(frameBytes(1514));
    expect(card.counters).toMatchObject({ txPackets: 1, txBytes: 100, rxPackets: 2, rxBytes: 1556 });
  });

  it('is let go of when the card is disposed', () => {
    const { driver, card, arrive, clock } = bench();
    driver.start();
    card.dispose();
    card.dispose();
    arrive(frameBytes(60));
    expect(driver.receive()).toBeNull();
    expect(clock.leftover).toBe(0);
  });
});

describe('an error behind the register window', () => {
  it('is caught, counted and told, and the card goes on', () => {
    const { driver, card, link, faults, line } = bench();
    driver.start();
    link.onTransmit = () => {
      throw new Error('a bug elsewhere');
    };
    driver.send(frameBytes(60));
    expect(faults).toEqual([new Error('a bug elsewhere')]);
    expect(card.counters.faults).toBe(1);
    link.onTransmit = () => undefined;
    driver.send(frameBytes(61));
    expect(link.sent.map((f) => f.bytes.length)).toEqual([60, 61]);
    expect(line.level).toBe(true);
  });
});
