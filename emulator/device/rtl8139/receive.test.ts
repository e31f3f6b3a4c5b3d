import { describe, expect, it } from 'vitest';
import { u16le, u32le } from '../../base/bytes.ts';
import { crc32 } from '../../wire/crc32.ts';
import * as R from './registers.ts';
import {
  type Bench,
  bench,
  BROADCAST,
  frameBytes,
  RAM,
  RCR_LINUX,
  RING,
  STATION_BYTES,
} from './testing/bench.ts';
import { FakeLedger } from './testing/doubles.ts';

const GROUP = [0x01, 0x00, 0x5e, 0x00, 0x00, 0x01];
const STRANGER = [0x02, 0, 0, 0, 0, 9];
const PHYSICAL_MATCH = R.RXSTATUS_ROK | R.RXSTATUS_PAM;
/** 8 KiB ring that wraps, all filters as Linux sets them. */
const RCR_8K_WRAPPING = 0xe70a;

/** Lets frames arrive until CBR is `offset`, and has the driver take them. `offset` is a multiple of 4 that 68 and 72 byte records reach. */
function moveTo(b: Bench, offset: number): void {
  for (let guard = 0; b.driver.read16(R.CBR) !== offset; guard++) {
    if (guard > 5000) throw new Error(`CBR never reached ${offset}`);
    const left = offset - b.driver.read16(R.CBR);
    const step = left < 0 || left >= 68 * 18 ? 1500 : left % 68 === 0 ? 60 : 64;
    b.arrive(frameBytes(step));
    b.driver.receiveAll();
  }
}

describe('the record in the ring', () => {
  it.each([60, 61, 62, 63, 1513, 1514])('of a frame of %i bytes is status, length, frame, FCS', (length) => {
    const { driver, memory, arrive } = bench();
    driver.start();
    const frame = frameBytes(length);
    arrive(frame);
    expect(u16le(memory.ram, RING)).toBe(PHYSICAL_MATCH);
    expect(u16le(memory.ram, RING + 2)).toBe(length + 4);
    expect(memory.ram.slice(RING + 4, RING + 4 + length)).toEqual(frame);
    expect(u32le(memory.ram, RING + 4 + length)).toBe(crc32(frame));
    expect(driver.read16(R.CBR)).toBe((length + 8 + 3) & ~3);
    expect(driver.read16(R.ISR)).toBe(R.ISR_ROK);
    expect(memory.writes).toEqual([[RING, length + 8]]);
  });

  it('consumes 68 bytes for 60 and 1524 for 1514', () => {
    const { driver, arrive } = bench();
    driver.start();
    arrive(frameBytes(60));
    expect(driver.read16(R.CBR)).toBe(68);
    arrive(frameBytes(1514));
    expect(driver.read16(R.CBR)).toBe(68 + 1524);
  });

  it('of a 42-byte frame is padded with zeros to 64 with FCS, even after a longer one used the buffer', () => {
    const { driver, arrive } = bench();
    driver.start();
    arrive(new Uint8Array(1514).fill(0xa5).fill(0xff, 0, 6));
    arrive(frameBytes(42));
    const [, short] = driver.receiveAll();
    const padded = new Uint8Array(60);
    padded.set(frameBytes(42));
    expect(short!.bytes).toEqual(padded);
    expect(short!.fcs).toBe(crc32(padded));
  });
});

describe('frames the card may not deliver', () => {
  it('1792 bytes pass, 1793 are dropped and counted without any sign to the guest', () => {
    const { driver, arrive, card } = bench();
    driver.start();
    arrive(frameBytes(1792));
    expect(driver.receive()!.bytes.length).toBe(1792);
    driver.write16(R.ISR, 0xffff);
    arrive(frameBytes(1793));
    arrive(frameBytes(65_000));
    expect(driver.receive()).toBeNull();
    expect(driver.read16(R.ISR)).toBe(0);
    expect(driver.read32(R.MPC)).toBe(0);
    expect(card.counters.drops.rxOversize).toBe(2);
  });

  it('anything shorter than an Ethernet header is dropped and counted', () => {
    const { driver, arrive, card } = bench();
    driver.start();
    arrive(new Uint8Array(0));
    arrive(frameBytes(13));
    expect(card.counters.drops.rxTooShort).toBe(2);
    expect(driver.receive()).toBeNull();
  });

  it('frames still to be segmented are dropped above 1514 bytes and taken below', () => {
    const { driver, arrive, card } = bench();
    driver.start();
    const offload = { csumStart: 34, csumOffset: 16, gsoSize: 1448, gsoKind: 'tcpv4' } as const;
    arrive(frameBytes(1515), offload);
    expect(card.counters.drops.rxGso).toBe(1);
    arrive(frameBytes(1514), offload);
    expect(driver.receive()!.bytes.length).toBe(1514);
  });

  it('a missing checksum is filled in before delivery, without touching the lent bytes', () => {
    const { driver, arrive } = bench();
    driver.start();
    const frame = frameBytes(60).fill(0, 34);
    frame.set([0x12, 0x34, 0x00, 0x01], 34);
    const copy = frame.slice();
    arrive(frame, { csumStart: 34, csumOffset: 6, gsoSize: 0, gsoKind: 'none' });
    expect(frame).toEqual(copy);
    // ~(0x1234 + 0x0001)
    expect([...driver.receive()!.bytes.slice(40, 42)]).toEqual([0xed, 0xca]);
  });

  it('a checksum outside the frame is dropped and counted', () => {
    const { driver, arrive, card } = bench();
    driver.start();
    arrive(frameBytes(60), { csumStart: 50, csumOffset: 9, gsoSize: 0, gsoKind: 'none' });
    arrive(frameBytes(60), { csumStart: 50, csumOffset: -80, gsoSize: 0, gsoKind: 'none' });
    expect(card.counters.drops.rxBadOffload).toBe(2);
    expect(driver.receive()).toBeNull();
  });
});

describe('the end of the ring', () => {
  it.each([4, 8, 12, 16, 20, 40, 64])('without WRAP a record with %i bytes left goes on at the start', (left) => {
    const b = bench();
    b.driver.start({ rcr: RCR_8K_WRAPPING });
    moveTo(b, 8192 - left);
    b.memory.writes.length = 0;
    const frame = frameBytes(99, STATION_BYTES, 5);
    b.arrive(frame);
    expect(b.memory.writes).toEqual([[RING + 8192 - left, left], [RING, 107 - left]]);
    expect(b.driver.read16(R.CBR)).toBe(108 - left);
    const got = b.driver.receive()!;
    expect(got.bytes).toEqual(frame);
    expect(got.fcs).toBe(crc32(frame));
  }); // prettier-ignore

  it('with WRAP the record runs past the end in one piece and the pointer is reduced', () => {
    const b = bench();
    b.driver.start({ rcr: RCR_8K_WRAPPING | R.RCR_WRAP });
    moveTo(b, 8192 - 8);
    b.memory.writes.length = 0;
    const frame = frameBytes(1792, STATION_BYTES, 5);
    b.arrive(frame);
    expect(b.memory.writes).toEqual([[RING + 8192 - 8, 1800]]);
    expect(b.driver.read16(R.CBR)).toBe(1792);
    expect(b.driver.receive()!.bytes).toEqual(frame);
  });

  it('with 64 KiB WRAP is ignored', () => {
    const b = bench();
    b.driver.start({ rcr: 0xff8a });
    moveTo(b, 0x1_0000 - 16);
    b.memory.writes.length = 0;
    const frame = frameBytes(60, STATION_BYTES, 5);
    b.arrive(frame);
    expect(b.memory.writes).toEqual([[RING + 0xfff0, 16], [RING, 52]]);
    expect(b.driver.receive()!.bytes).toEqual(frame);
  }); // prettier-ignore

  it('never writes a byte beside the record', () => {
    const b = bench();
    b.driver.start({ rcr: RCR_8K_WRAPPING });
    b.memory.ram.fill(0x5a, RING - 64, RING + 8192 + 64);
    for (let i = 0; i < 40; i++) {
      b.arrive(frameBytes(60 + 37 * i));
      b.driver.receiveAll();
    }
    expect(b.memory.ram.slice(RING - 64, RING).every((v) => v === 0x5a)).toBe(true);
    expect(b.memory.ram.slice(RING + 8192, RING + 8256).every((v) => v === 0x5a)).toBe(true);
  });
});

describe('a full ring', () => {
  it('keeps at least a word free; the next frame gives RXOVW and counts in MPC', () => {
    const { driver, arrive, memory, card } = bench({ holdWhenFull: false });
    driver.start({ rcr: RCR_8K_WRAPPING });
    // 120 records of 68 bytes: 8160; 32 bytes are left.
    for (let i = 0; i < 120; i++) arrive(frameBytes(60));
    expect(driver.read16(R.CBR)).toBe(8160);
    expect(driver.read16(R.ISR)).toBe(R.ISR_ROK);
    const writes = memory.writes.length;
    arrive(frameBytes(60));
    expect(memory.writes).toHaveLength(writes);
    expect(driver.read16(R.ISR)).toBe(R.ISR_ROK | R.ISR_RXOVW);
    expect(driver.read32(R.MPC)).toBe(1);
    expect(card.counters.drops.rxMissed).toBe(1);
    expect(driver.receiveAll()).toHaveLength(120);
  });

  it('refuses a record that would fill it to the last byte, counting its padding to four', () => {
    // 8192 - 119 * 68 = 100 bytes are left: a record of 97 to 100 bytes fills them, one of 96 leaves a word.
    for (const [length, taken] of [[88, true], [89, false], [92, false], [93, false]] as const) {
      const { driver, arrive } = bench({ holdWhenFull: false });
      driver.start({ rcr: RCR_8K_WRAPPING });
      for (let i = 0; i < 119; i++) arrive(frameBytes(60));
      arrive(frameBytes(length));
      expect(driver.read8(R.CR) & R.CR_BUFE).toBe(0);
      expect([length, driver.receiveAll().length]).toEqual([length, taken ? 120 : 119]);
    }
  }); // prettier-ignore

  it('resumes after the driver has moved CAPR', () => {
    const { driver, arrive } = bench({ holdWhenFull: false });
    driver.start({ rcr: RCR_8K_WRAPPING });
    for (let i = 0; i < 121; i++) arrive(frameBytes(60));
    driver.receive();
    arrive(frameBytes(60, STATION_BYTES, 9));
    const frames = driver.receiveAll();
    expect(frames).toHaveLength(120);
    expect(frames.at(-1)!.bytes).toEqual(frameBytes(60, STATION_BYTES, 9));
  });

  it('leaves RXOVW clear after it was acknowledged, until another frame is lost', () => {
    const { driver, arrive } = bench({ holdWhenFull: false });
    driver.start({ rcr: RCR_8K_WRAPPING });
    for (let i = 0; i < 121; i++) arrive(frameBytes(60));
    driver.write16(R.ISR, R.ISR_RXOVW);
    expect(driver.read16(R.ISR)).toBe(R.ISR_ROK);
    driver.receive();
    expect(driver.read16(R.ISR)).toBe(R.ISR_ROK);
    for (let i = 0; i < 2; i++) arrive(frameBytes(60));
    expect(driver.read16(R.ISR) & R.ISR_RXOVW).toBe(R.ISR_RXOVW);
  });

  it('by default holds 64 frames, delivers them in order after CAPR writes, and only then loses some', () => {
    const { driver, arrive, clock } = bench();
    driver.start({ rcr: RCR_8K_WRAPPING });
    for (let i = 0; i < 120 + 64; i++) arrive(frameBytes(60, STATION_BYTES, i));
    expect(driver.read16(R.ISR)).toBe(R.ISR_ROK);
    expect(driver.read32(R.MPC)).toBe(0);
    arrive(frameBytes(60));
    arrive(frameBytes(60));
    expect(driver.read16(R.ISR)).toBe(R.ISR_ROK | R.ISR_RXOVW);
    expect(driver.read32(R.MPC)).toBe(2);
    const got = driver.receiveAll();
    expect(got).toHaveLength(120);
    clock.advance();
    got.push(...driver.receiveAll());
    expect(got.map((f) => f.bytes)).toEqual(
      Array.from({ length: 184 }, (_, i) => frameBytes(60, STATION_BYTES, i)),
    );
  });

  it('delivers held frames after the CAPR write, never inside it', () => {
    const { driver, arrive, clock, card } = bench();
    driver.start({ rcr: RCR_8K_WRAPPING });
    for (let i = 0; i < 121; i++) arrive(frameBytes(60));
    driver.receive();
    expect(driver.read16(R.CBR)).toBe(8160);
    expect(card.receive.waiting).toBe(1);
    clock.advance();
    expect(driver.read16(R.CBR)).toBe(36);
  });

  it('asks for nothing while there is no room for what waits', () => {
    const { driver, arrive, clock } = bench();
    driver.start({ rcr: RCR_8K_WRAPPING });
    for (let i = 0; i < 130; i++) arrive(frameBytes(60));
    driver.write16(R.CAPR, 0xfff0);
    expect(clock.leftover).toBe(0);
  });
});

describe('pointers', () => {
  it('make BUFE 1 exactly while the ring is empty', () => {
    const { driver, arrive } = bench();
    driver.start();
    expect(driver.read8(R.CR)).toBe(R.CR_RE | R.CR_TE | R.CR_BUFE);
    arrive(frameBytes(60));
    expect(driver.read8(R.CR)).toBe(R.CR_RE | R.CR_TE);
    driver.receive();
    expect(driver.read8(R.CR)).toBe(R.CR_RE | R.CR_TE | R.CR_BUFE);
  });

  it('take CAPR reduced or not as the same place', () => {
    const { driver, arrive } = bench();
    driver.start({ rcr: RCR_8K_WRAPPING });
    arrive(frameBytes(60));
    for (const capr of [68 - 16, 8192 + 68 - 16, 5 * 8192 + 68 - 16]) {
      driver.write16(R.CAPR, 0xfff0);
      expect(driver.read8(R.CR) & R.CR_BUFE).toBe(0);
      driver.write16(R.CAPR, capr);
      expect(driver.read8(R.CR) & R.CR_BUFE).toBe(1);
      expect(driver.read16(R.CAPR)).toBe(capr);
    }
  });

  it('stay when only the filter in RCR changes: a guest that turns promiscuous under traffic loses nothing', () => {
    const { driver, arrive } = bench();
    driver.start();
    for (let i = 0; i < 3; i++) arrive(frameBytes(60, STATION_BYTES, i));
    driver.receive();
    driver.write32(R.RCR, RCR_LINUX | R.RCR_AAP | R.RCR_AM);
    arrive(frameBytes(60, STRANGER, 3));
    expect(driver.receiveAll().map((f) => f.bytes)).toEqual([
      frameBytes(60, STATION_BYTES, 1),
      frameBytes(60, STATION_BYTES, 2),
      frameBytes(60, STRANGER, 3),
    ]);
  });

  it('return to 0 when RE goes off and on', () => {
    const { driver, arrive } = bench();
    driver.start();
    arrive(frameBytes(60));
    driver.write8(R.CR, R.CR_TE);
    expect(driver.read16(R.CBR)).toBe(68);
    driver.write8(R.CR, R.CR_TE | R.CR_RE);
    expect([driver.read16(R.CBR), driver.read16(R.CAPR)]).toEqual([0, 0xfff0]);
    arrive(frameBytes(60, STATION_BYTES, 4));
    expect(driver.receive()!.bytes).toEqual(frameBytes(60, STATION_BYTES, 4));
  });

  it('return to 0 when the ring length changes', () => {
    const { driver, arrive } = bench();
    driver.start();
    arrive(frameBytes(60));
    driver.write32(R.RCR, 0xef8a);
    expect([driver.read16(R.CBR), driver.read16(R.CAPR)]).toEqual([0, 0xfff0]);
  });

  it('stay when RBSTART is written', () => {
    const { driver, arrive } = bench();
    driver.start();
    arrive(frameBytes(60));
    driver.write32(R.RBSTART, RING);
    expect(driver.read16(R.CBR)).toBe(68);
  });
});

describe('the accept filter', () => {
  const frames = [
    ['own address', STATION_BYTES, R.RXSTATUS_PAM],
    ['broadcast', BROADCAST, R.RXSTATUS_BAR],
    ['group in the hash', GROUP, R.RXSTATUS_MAR],
    ['group outside the hash', [0x01, 0, 0x5e, 0, 0, 0xfb], R.RXSTATUS_MAR],
    ['stranger', STRANGER, 0],
  ] as const;
  const bits = [
    ['none', 0, []],
    ['AB', R.RCR_AB, ['broadcast']],
    ['AM', R.RCR_AM, ['group in the hash']],
    ['APM', R.RCR_APM, ['own address']],
    ['AAP', R.RCR_AAP, frames.map(([name]) => name)],
    ['AR and AER', R.RCR_AR | R.RCR_AER, []],
  ] as const;

  it.each(bits)('with %s alone takes what it should, with the right status bits', (_, bit, expected) => {
    const { driver, arrive, card } = bench();
    driver.start({ rcr: 0xf780 | bit });
    driver.write8(R.MAR0 + 3, 0x80);
    const taken = frames.filter(([, to, status]) => {
      arrive(frameBytes(60, to));
      const frame = driver.receive();
      if (frame) expect(frame.status).toBe(status | R.RXSTATUS_ROK);
      return frame !== null;
    });
    expect(taken.map(([name]) => name)).toEqual(expected);
    expect(card.counters.drops.rxFiltered).toBe(frames.length - expected.length);
  });

  it('changes no register when it rejects', () => {
    const { driver, arrive, card } = bench();
    driver.start();
    const before = card.describeRegisters();
    arrive(frameBytes(60, STRANGER));
    expect(card.describeRegisters()).toEqual(before);
  });

  it('hears nothing while RE is off, the clock is halted or the cable is out', () => {
    const { driver, arrive, card } = bench();
    arrive(frameBytes(60));
    driver.start();
    driver.write8(R.HLTCLK, R.HLTCLK_HALT);
    arrive(frameBytes(60));
    driver.write8(R.HLTCLK, R.HLTCLK_RUN);
    card.setLink(false);
    arrive(frameBytes(60));
    expect(driver.receive()).toBeNull();
    expect(card.counters.drops.rxOff).toBe(3);
    card.setLink(true);
    arrive(frameBytes(60));
    expect(driver.receive()).not.toBeNull();
  });
});

describe('answers from inside the TSD write', () => {
  it('wait in the queue and come with the next event at the same instant, in order', () => {
    const { driver, link, clock } = bench();
    driver.start();
    link.onTransmit = () => {
      for (let i = 0; i < 3; i++)
        link.onReceive({ ...link.sent[0]!, bytes: frameBytes(60, STATION_BYTES, i) });
    };
    driver.send(frameBytes(60, BROADCAST));
    expect(driver.read16(R.ISR)).toBe(R.ISR_TOK);
    expect(driver.read8(R.CR) & R.CR_BUFE).toBe(1);
    clock.advance(0);
    expect(driver.receiveAll().map((f) => f.bytes)).toEqual(
      [0, 1, 2].map((i) => frameBytes(60, STATION_BYTES, i)),
    );
    expect(clock.now()).toBe(0);
  });

  it('are kept in order with frames that arrive later from outside', () => {
    const { driver, link, arrive, clock } = bench();
    driver.start();
    link.onTransmit = (frame) => link.onReceive({ ...frame, bytes: frameBytes(60, STATION_BYTES, 1) });
    driver.send(frameBytes(60, BROADCAST));
    arrive(frameBytes(60, STATION_BYTES, 2));
    clock.advance();
    expect(driver.receiveAll().map((f) => f.bytes)).toEqual(
      [1, 2].map((i) => frameBytes(60, STATION_BYTES, i)),
    );
  });

  it('are bounded: the 65th is missed', () => {
    const { driver, link, card } = bench();
    driver.start();
    link.onTransmit = (frame) => {
      for (let i = 0; i < 70; i++) link.onReceive({ ...frame, bytes: frameBytes(60) });
    };
    driver.send(frameBytes(60, BROADCAST));
    expect(card.receive.waiting).toBe(64);
    expect(driver.read32(R.MPC)).toBe(6);
  });

  it('are thrown away by a reset', () => {
    const { driver, link, card, clock } = bench();
    driver.start();
    link.onTransmit = (frame) => link.onReceive({ ...frame, bytes: frameBytes(60) });
    driver.send(frameBytes(60, BROADCAST));
    driver.start();
    clock.advance();
    expect(driver.receive()).toBeNull();
    expect(card.counters.drops.rxDiscarded).toBe(1);
  });
});

describe('a ring outside RAM', () => {
  it.each([RAM - 20, RAM, 0xffff_fff0])('at %i gives SERR and moves nothing', (base) => {
    const { driver, arrive, events, card } = bench();
    driver.start();
    driver.write32(R.RBSTART, base);
    arrive(frameBytes(60));
    expect(driver.read16(R.ISR)).toBe(R.ISR_SERR);
    expect(driver.read16(R.CBR)).toBe(0);
    expect(events.refused).toEqual([[base, 68]]);
    expect(card.counters.drops.rxBadDma).toBe(1);
  });
});

describe('MPC', () => {
  it('clears on any write, of any width', () => {
    const b = bench({ holdWhenFull: false });
    const fill = (): void => {
      b.driver.start({ rcr: RCR_8K_WRAPPING });
      for (let i = 0; i < 123; i++) b.arrive(frameBytes(60));
      expect(b.driver.read32(R.MPC)).toBe(3);
    };
    fill();
    b.driver.write32(R.MPC, 0);
    expect(b.driver.read32(R.MPC)).toBe(0);
    fill();
    b.driver.write8(R.MPC + 1, 0xff);
    expect(b.driver.read32(R.MPC)).toBe(0);
  });
});

describe('the ledger', () => {
  it('sees filter, FCS, copy and interrupt of a frame, with what they cost', () => {
    const ledger = new FakeLedger();
    const { driver, arrive } = bench({ ledger });
    driver.start();
    arrive(frameBytes(100));
    arrive(frameBytes(42));
    arrive(frameBytes(60, STRANGER));
    expect(ledger.stages).toEqual([
      'd.r1#1 passed', 'd.r2#1 passed', 'd.r4#1 passed', 'd.r3#1 passed', 'd.r5#1 passed',
      'd.r1#2 passed', 'd.r2#2 padded', 'd.r4#2 passed', 'd.r3#2 passed', 'd.r5#2 passed',
      'd.r1#3 passed', 'd.r2#3 dropped',
    ]);
    expect(ledger.work).toMatchObject({ copies: 2, copiedBytes: 108 + 68, dmaBytes: 108 + 68, crcBytes: 160, interrupts: 1 });
    expect(ledger.openStages).toBe(0);
  }); // prettier-ignore
});
