import { describe, expect, it } from 'vitest';
import type { Ledger } from '../base/ledger.ts';
import { NULL_LEDGER } from '../base/ledger.ts';
import { ProbeLink, testFrame } from '../../test/contracts/link.ts';
import { FreeContext } from '../time/context.ts';
import { plainCopy } from '../base/testing/plain-copy.ts';
import { ManualClock } from '../time/manual-clock.ts';
import { Tap } from './tap.ts';

class LogLedger implements Ledger {
  enabled = true;
  readonly lines: string[] = [];
  enter(stage: string, packet: number): void {
    this.lines.push(`> ${stage} ${packet}`);
  }
  leave(fate: string): void {
    this.lines.push(`< ${fate}`);
  }
  count(kind: string, amount: number): void {
    this.lines.push(`${kind} ${amount}`);
  }
  carries(): void {
    this.lines.push('carries');
  }
}

function setUp(
  ledger: Ledger = NULL_LEDGER,
  queueFrames?: number,
): {
  clock: ManualClock;
  main: FreeContext;
  nic: ProbeLink;
  port: ProbeLink;
  tap: Tap;
} {
  const clock = new ManualClock();
  const main = new FreeContext('main', clock);
  const nic = new ProbeLink();
  const port = new ProbeLink();
  const tap = new Tap({ nic, port, main, ledger, ...(queueFrames ? { queueFrames } : {}) });
  return { clock, main, nic, port, tap };
}

describe('a tap', () => {
  it("passes the guest's frames to the bridge in the same call", () => {
    const { nic, port, tap } = setUp();
    nic.emit(testFrame(1));
    expect(port.taken.map((f) => f.id)).toEqual([1]);
    expect(tap.counters).toMatchObject({ rxPackets: 1, rxBytes: 60 });
  });

  it('never delivers to the guest from inside its own transmit', () => {
    const { clock, nic, port } = setUp();
    port.transmit = (frame) => port.emit(testFrame(frame.id + 100));
    nic.emit(testFrame(1));
    expect(nic.taken).toEqual([]);
    clock.advance(0);
    expect(nic.taken.map((f) => f.id)).toEqual([101]);
  });

  it('stops reading while the card has no room, and goes on when it says so', () => {
    const { clock, nic, port, tap } = setUp();
    nic.isReady = false;
    for (let id = 1; id <= 3; id++) port.emit(testFrame(id));
    clock.advance(1e9);
    expect(nic.taken).toEqual([]);
    expect(tap.queued).toBe(3);
    nic.isReady = true;
    nic.onReady();
    expect(nic.taken).toEqual([]);
    clock.advance(0);
    expect(nic.taken.map((f) => f.id)).toEqual([1, 2, 3]);
  });

  it('holds 1000 frames for a card that does not take them, and drops and counts the rest', () => {
    const { clock, nic, port, tap } = setUp();
    nic.isReady = false;
    for (let id = 1; id <= 1005; id++) port.emit(testFrame(id));
    expect(tap.counters).toMatchObject({ txPackets: 1000, txDropped: 5 });
    nic.isReady = true;
    nic.onReady();
    clock.advance(0);
    expect(nic.taken.length).toBe(1000);
    expect(nic.taken.at(-1)?.id).toBe(1000);
  });

  it('reads at most 50 frames before the main loop turns to other work', () => {
    const { clock, main, nic, port } = setUp();
    let seen = -1;
    const other = main.task(() => (seen = nic.taken.length));
    for (let id = 1; id <= 120; id++) port.emit(testFrame(id));
    other.schedule();
    clock.advance(0);
    expect(seen).toBe(50);
    expect(nic.taken.length).toBe(120);
  });

  it('enters its stages in the ledger', () => {
    const ledger = new LogLedger();
    const { clock, nic, port } = setUp(ledger, 1);
    nic.emit(testFrame(1));
    port.emit(testFrame(2));
    port.emit(testFrame(3));
    clock.advance(0);
    expect(ledger.lines).toEqual([
      '> t.t1 1', '> t.t3 1', 'syscalls 1', '< passed', '< passed',
      '> h.r3b 2', 'wakeups 1', '< queued',
      '> h.r3b 3', '< dropped',
      '> t.r1 2', '> t.r2 2', 'syscalls 1', 'copies 1', 'copiedBytes 60', '< passed', '> t.r3 2', '< passed', '< passed',
    ]); // prettier-ignore
  });

  it('touches nothing once disposed of', () => {
    const { clock, nic, port, tap } = setUp();
    port.emit(testFrame(1));
    tap.dispose();
    nic.emit(testFrame(2));
    port.emit(testFrame(3));
    clock.advance(1e9);
    expect(nic.taken).toEqual([]);
    expect(port.taken).toEqual([]);
  });

  it('goes on from a saved state', () => {
    const { clock, main, nic, port, tap } = setUp();
    port.emit(testFrame(1));
    port.emit(testFrame(2, 100));
    const state = plainCopy(tap.save());
    tap.dispose();
    const other = new Tap({ nic, port, main, ledger: NULL_LEDGER });
    other.restore(state);
    clock.advance(0);
    expect(nic.taken.map((f) => [f.id, f.bytes.length / 2])).toEqual([
      [1, 60],
      [2, 100],
    ]);
    expect(other.counters.txPackets).toBe(2);
  });
});
