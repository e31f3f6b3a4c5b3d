import { describe, expect, it } from 'vitest';
import { u16le } from '../../base/bytes.ts';
import * as R from './registers.ts';
import { bench, BROADCAST, frameBytes, RAM, RING } from './testing/bench.ts';
import { FakeLedger } from './testing/doubles.ts';

const DONE = R.TSD_OWN | R.TSD_TOK;

describe('transmission in C mode', () => {
  it('sends four descriptors in order and wraps to the first', () => {
    const { driver, link } = bench();
    driver.start();
    for (let i = 0; i < 6; i++) driver.send(frameBytes(60 + i, BROADCAST, i));
    expect(link.sent.map((f) => f.bytes)).toEqual(
      [0, 1, 2, 3, 4, 5].map((i) => frameBytes(60 + i, BROADCAST, i)),
    );
  });

  it('finishes inside the TSD write: SIZE stays, status bits of the write are ignored, TOK and OWN are set', () => {
    const { driver } = bench();
    driver.start();
    driver.fill(0, frameBytes(100));
    driver.write32(
      R.TSD0,
      (R.TSD_CRS | R.TSD_TABT | R.TSD_OWC | R.TSD_CDH | R.TSD_NCC_MASK | R.TSD_TUN | 100) >>> 0,
    );
    expect(driver.read32(R.TSD0)).toBe(DONE | 100);
    expect(driver.read16(R.ISR)).toBe(R.ISR_TOK);
  });

  it('clears the status bits of the frame before', () => {
    const { driver } = bench();
    driver.start();
    driver.write32(R.TSD0, 2000);
    expect(driver.read32(R.TSD0) & R.TSD_TABT).not.toBe(0);
    driver.write32(R.TSD0 + 4, 60);
    driver.write32(R.TSD0 + 8, 60);
    driver.write32(R.TSD0 + 12, 60);
    driver.write32(R.TSD0, 60 | (3 << 16));
    expect(driver.read32(R.TSD0)).toBe(DONE | 60 | (3 << 16));
  });

  it('lets a descriptor written out of order wait for its predecessor, then sends both', () => {
    const { driver, link } = bench();
    driver.start();
    driver.fill(0, frameBytes(60, BROADCAST, 10));
    driver.fill(1, frameBytes(60, BROADCAST, 11));
    driver.write32(R.TSD0 + 4, 60);
    expect(link.sent).toHaveLength(0);
    expect(driver.read32(R.TSD0 + 4)).toBe(60);
    driver.write32(R.TSD0, 60);
    expect(link.sent.map((f) => f.bytes)).toEqual([
      frameBytes(60, BROADCAST, 10),
      frameBytes(60, BROADCAST, 11),
    ]);
    expect(driver.read32(R.TSD0 + 4)).toBe(DONE | 60);
  });

  it('sends nothing while TE is off, and keeps the descriptor', () => {
    const { driver, link } = bench();
    driver.start();
    driver.write8(R.CR, R.CR_RE);
    driver.write32(R.TSD0, 60);
    expect(link.sent).toHaveLength(0);
    expect(driver.read32(R.TSD0)).toBe(60);
    driver.write8(R.CR, R.CR_RE | R.CR_TE);
    expect(link.sent).toHaveLength(1);
  });

  it('restarts at descriptor 0 when TE goes on', () => {
    const { driver, link } = bench();
    driver.start();
    driver.send(frameBytes(60));
    driver.write8(R.CR, R.CR_RE);
    driver.write8(R.CR, R.CR_RE | R.CR_TE);
    driver.write32(R.TSD0 + 4, 60);
    expect(link.sent).toHaveLength(1);
    driver.write32(R.TSD0, 60);
    expect(link.sent).toHaveLength(3);
  });

  it('shows all descriptors in the summary at 0x60', () => {
    const { driver } = bench();
    driver.start();
    expect(driver.read16(R.TSAD_SUMMARY)).toBe(0x000f);
    driver.send(frameBytes(60));
    expect(driver.read16(R.TSAD_SUMMARY)).toBe(0x100f);
    driver.write32(R.TSD0 + 4, 1793);
    expect(driver.read16(R.TSAD_SUMMARY)).toBe(0x102f);
    driver.write8(R.CR, 0);
    driver.write32(R.TSD0 + 8, 60);
    expect(driver.read16(R.TSAD_SUMMARY)).toBe(0x102b);
  });

  it('completes size 0 without sending, sends 1792 and aborts 1793 and 8191 without reading them', () => {
    const { driver, link, card } = bench();
    driver.start();
    driver.write32(R.TSD0, 0);
    expect(driver.read32(R.TSD0)).toBe(DONE);
    driver.write32(R.TSD0 + 4, 1792);
    expect(link.sent.map((f) => f.bytes.length)).toEqual([1792]);
    expect(driver.read16(R.ISR)).toBe(R.ISR_TOK);
    for (const [n, size] of [[2, 1793], [3, 8191]] as const) {
      driver.write16(R.ISR, 0xffff);
      driver.write32(R.TSD0 + 4 * n, size);
      expect(driver.read32(R.TSD0 + 4 * n)).toBe((R.TSD_TABT | R.TSD_OWN | size) >>> 0);
      expect(driver.read16(R.ISR)).toBe(R.ISR_TER);
    }
    expect(link.sent).toHaveLength(1);
    expect(card.counters.drops.txOversize).toBe(2);
  }); // prettier-ignore

  it('goes on after an abort that the driver answers with CLRABT, and keeps the chip id', () => {
    const { driver, link } = bench();
    driver.start();
    driver.write32(R.TSD0, 1793);
    driver.write32(R.TCR, R.TCR_CLRABT);
    expect(driver.read32(R.TCR)).toBe(0x7400_0000);
    driver.write32(R.TSD0 + 4, 60);
    expect(link.sent).toHaveLength(1);
  });

  it('takes off the FCS that a driver brings along with TCR.CRC', () => {
    const { driver, link } = bench();
    driver.start({ tcr: 0x0301_0680 });
    driver.send(frameBytes(64));
    expect(link.sent[0]!.bytes).toEqual(frameBytes(64).slice(0, 60));
  });

  it('sends short frames as they are and counts them', () => {
    const { driver, link, card } = bench();
    driver.start();
    driver.send(frameBytes(42));
    expect(link.sent[0]!.bytes.length).toBe(42);
    expect(card.counters.txShort).toBe(1);
  });

  it('completes what is no Ethernet frame at all without handing it to the link', () => {
    const { driver, link, card } = bench();
    driver.start();
    expect(driver.send(frameBytes(13))).toBe(DONE | 13);
    expect(link.sent).toHaveLength(0);
    expect(card.counters.drops.txTooShort).toBe(1);
  });

  it('answers an address outside RAM with SERR and goes on', () => {
    const { driver, link, events, card, faults } = bench();
    driver.start();
    driver.write32(R.TSAD0, RAM - 10);
    driver.write32(R.TSAD0 + 4, 0xffff_fff0);
    driver.write32(R.TSD0, 60);
    expect(driver.read16(R.ISR)).toBe(R.ISR_SERR | R.ISR_TER);
    driver.write32(R.TSD0 + 4, 60);
    expect(events.refused).toEqual([[RAM - 10, 60], [0xffff_fff0, 60]]);
    driver.write32(R.TSD0 + 8, 60);
    expect(link.sent).toHaveLength(1);
    expect(card.counters.drops.txBadDma).toBe(2);
    expect(faults).toEqual([]);
  }); // prettier-ignore

  it('gives every frame a packet id of its own and lends one buffer', () => {
    const { driver, link } = bench();
    driver.start();
    const buffers = new Set<ArrayBufferLike>();
    link.onTransmit = (frame) => buffers.add(frame.bytes.buffer);
    for (let i = 0; i < 5; i++) driver.send(frameBytes(60 + i));
    expect(link.sent.map((f) => f.id)).toEqual([1, 2, 3, 4, 5]);
    expect(buffers.size).toBe(1);
  });

  it('raises the interrupt after the frame has left', () => {
    const { driver, link, line } = bench();
    driver.start();
    const seen: unknown[] = [];
    link.onTransmit = () => seen.push(line.level);
    line.onRise = () => seen.push([driver.read32(R.TSD0), link.sent.length]);
    driver.send(frameBytes(60));
    expect(seen).toEqual([false, [DONE | 60, 1]]);
  });
});

describe('a link that is not ready', () => {
  it('makes descriptors wait, and all go when it is ready again', () => {
    const { driver, link, line } = bench();
    driver.start();
    link.isReady = false;
    for (let i = 0; i < 3; i++) expect(driver.send(frameBytes(60 + i))).toBe(60 + i);
    expect(line.level).toBe(false);
    link.isReady = true;
    link.onReady();
    expect(link.sent.map((f) => f.bytes.length)).toEqual([60, 61, 62]);
    expect(driver.read16(R.TSAD_SUMMARY)).toBe(0x700f);
    expect(line.level).toBe(true);
  });

  it('is asked before every frame', () => {
    const { driver, link } = bench();
    driver.start();
    link.isReady = false;
    for (let i = 0; i < 3; i++) driver.send(frameBytes(60 + i));
    link.isReady = true;
    link.onTransmit = () => (link.isReady = link.sent.length < 2);
    link.onReady();
    expect(link.sent).toHaveLength(2);
    expect(driver.read32(R.TSD0 + 8)).toBe(62);
  });

  it('does not hold up the driver once the cable is pulled: frames go nowhere, with carrier lost', () => {
    const { driver, link, card } = bench();
    driver.start();
    link.isReady = false;
    driver.send(frameBytes(60));
    card.setLink(false);
    expect(driver.read32(R.TSD0)).toBe((R.TSD_CRS | DONE | 60) >>> 0);
    expect(link.sent).toHaveLength(0);
    expect(card.counters.drops.txNoCarrier).toBe(1);
  });
});

describe('loopback', () => {
  const LOOPBACK = 0x0306_0680;

  it('goes through the filter to the receiver, after the TSD write, and not to the link', () => {
    const { driver, link, clock } = bench();
    driver.start({ tcr: LOOPBACK });
    driver.send(frameBytes(60));
    driver.send(frameBytes(60, [2, 0, 0, 0, 0, 9]));
    expect(driver.receive()).toBeNull();
    clock.advance();
    expect(driver.receiveAll().map((f) => f.bytes)).toEqual([frameBytes(60)]);
    expect(link.sent).toHaveLength(0);
  });

  it('does not recurse when a descriptor sends the receive ring itself', () => {
    const { driver, clock, memory, faults } = bench();
    driver.start({ tcr: LOOPBACK, rcr: 0xf78b });
    driver.write32(R.TSAD0, RING);
    for (let i = 0; i < 100; i++) {
      driver.write32(R.TSD0 + 4 * (i & 3), 60);
      expect(clock.advance()).toBeLessThanOrEqual(1);
    }
    expect(u16le(memory.ram, RING + 2)).toBe(64);
    expect(faults).toEqual([]);
  });

  it('works without a cable and is bounded', () => {
    const { driver, card } = bench({ linkUp: false });
    driver.start({ tcr: LOOPBACK, rcr: 0xf78b });
    for (let i = 0; i < 80; i++) driver.write32(R.TSD0 + 4 * (i & 3), 60);
    expect(card.receive.waiting).toBe(64);
    expect(driver.read32(R.MPC)).toBe(16);
  });
});

describe('the ledger', () => {
  it('sees decode, copy, hand-over and interrupt of a frame, with what they cost', () => {
    const ledger = new FakeLedger();
    const { driver, link, ids } = bench({ ledger });
    ids.restore(7);
    driver.start();
    link.onTransmit = (frame) => {
      ledger.enter('s.i1', frame.id);
      ledger.leave('passed');
    };
    const before = { ...ledger.work };
    driver.send(frameBytes(100));
    expect(ledger.stages).toEqual([
      'd.t1#7 passed',
      'd.t2#7 born',
      's.i1#7 passed',
      'd.t3#7 passed',
      'd.t4#7 passed',
    ]);
    expect(ledger.openStages).toBe(0);
    expect(ledger.work).toMatchObject({ copies: 1, copiedBytes: 100, dmaBytes: 100, interrupts: 1 });
    expect(ledger.work.registerWrites! - before.registerWrites!).toBe(1);
    expect((ledger.work.registerReads ?? 0) - (before.registerReads ?? 0)).toBe(1);
  });
});
