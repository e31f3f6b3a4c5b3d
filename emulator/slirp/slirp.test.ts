import { describe, expect, it } from 'vitest';
import { SECOND } from '../base/clock.ts';
import { frameOf, NO_OFFLOAD } from '../base/frame.ts';
import type { Fate, Ledger, StreamRange, WorkKind } from '../base/ledger.ts';
import { EV_RESET } from '../net/tcp/connection.ts';
import { pseudoHeader } from '../wire/checksum.ts';
import { Bench } from './testing/bench.ts';
import { DNS, FILER, GUEST, HOST, pingFrame, tcpFrame, udpFrame } from './testing/frames.ts';
import { GuestTcp, stream } from './testing/guest-tcp.ts';
import { plainCopy } from '../base/testing/plain-copy.ts';

class Recorder implements Ledger {
  enabled = true;
  readonly #open: string[] = [];
  readonly stages: { readonly path: string; readonly packet: number }[] = [];
  readonly ranges: (StreamRange & { readonly stage: string })[] = [];
  readonly work: { readonly stage: string; readonly kind: WorkKind; readonly amount: number }[] = [];
  enter(stage: string, packet: number): void {
    this.#open.push(stage);
    this.stages.push({ path: this.#open.join('>'), packet });
  }
  leave(_fate: Fate): void {
    if (this.#open.pop() === undefined) throw new Error('left a stage that was not entered');
  }
  count(kind: WorkKind, amount: number): void {
    this.work.push({ stage: this.#open.at(-1) ?? '', kind, amount });
  }
  carries(range: StreamRange): void {
    this.ranges.push({ ...range, stage: this.#open.at(-1) ?? '' });
  }
  get depth(): number {
    return this.#open.length;
  }
}

describe('the ledger', () => {
  it('sees a data segment of the guest from s.i1 to s.i7 and its acknowledgement from s.i8 to s.o6', () => {
    const ledger = new Recorder();
    const bench = new Bench({ ledger });
    const guest = new GuestTcp(bench).connect();
    ledger.stages.length = 0;
    guest.write(stream(1000));
    guest.talk();
    const paths = ledger.stages.map((s) => s.path);
    expect(paths).toContain('s.i1>s.i2>s.i3>s.i4>s.i5>s.i6>s.i7');
    expect(paths).toContain('s.i1>s.i2>s.i3>s.i4>s.i5>s.i8>s.o2');
    expect(paths.at(-1)).toBe('s.o4>s.o5>s.o6');
    const data = ledger.stages.find((s) => s.path.endsWith('s.i7'))!.packet;
    const ack = ledger.stages.find((s) => s.path.endsWith('s.i8'))!.packet;
    expect(ack).toBeGreaterThan(data);
    expect(ledger.stages.at(-1)!.packet).toBe(ack);
    expect(ledger.depth).toBe(0);
    expect(ledger.work.filter((w) => w.stage === 's.i7' && w.kind === 'syscalls')).toHaveLength(1);
  });

  it('links the packets of both sides by the bytes of the stream they carry', () => {
    const ledger = new Recorder();
    const bench = new Bench({ ledger });
    const guest = new GuestTcp(bench).connect();
    guest.write(stream(3000));
    guest.stream.push(stream(4000));
    guest.talk();
    guest.pass(SECOND);
    guest.write(stream(10));
    guest.talk();
    const flow = bench.row!.id;
    const covered = (direction: 'out' | 'in', stage: string): number[] => {
      const ranges = ledger.ranges.filter((r) => r.direction === direction && r.stage === stage);
      expect(ranges.every((r) => r.flow === flow)).toBe(true);
      return [Math.min(...ranges.map((r) => r.from)), Math.max(...ranges.map((r) => r.to))];
    };
    expect(covered('out', 's.i5')).toEqual([0, 3010]);
    expect(covered('out', 's.i7')).toEqual([0, 3010]);
    expect(covered('in', 's.r1')).toEqual([0, 4000]);
    expect(covered('in', 's.o1')).toEqual([0, 4000]);
    expect(ledger.ranges.every((r) => r.from >= 0 && r.to >= r.from)).toBe(true);
  });

  it('names a stage of the table for every service, and is left as often as it is entered', () => {
    const ledger = new Recorder();
    const bench = new Bench({ ledger });
    bench.exchange(pingFrame(HOST, 1, 1, Uint8Array.of(1)));
    bench.exchange(pingFrame(FILER, 1, 1, Uint8Array.of(1)));
    bench.exchange(udpFrame(DNS, 1, 53, Uint8Array.of(1)));
    bench.exchange(udpFrame(HOST, 68, 67, new Uint8Array(300)));
    bench.exchange(new Uint8Array(5));
    const ids = new Set(ledger.stages.map((s) => s.path.split('>').at(-1)));
    for (const id of ['s.arp', 's.icmp', 's.icmpx', 's.udp', 's.bootp', 's.o3']) expect(ids).toContain(id);
    expect(ledger.depth).toBe(0);
  });
});

describe('a snapshot', () => {
  it('M3: keeps leases, neighbours and queues; connections are reset, host sockets gone', () => {
    const bench = new Bench();
    const guest = new GuestTcp(bench).connect();
    guest.write(stream(2000));
    guest.stream.push(stream(500));
    guest.talk();
    bench.guestTakes = false;
    bench.exchange(pingFrame(HOST, 1, 1, Uint8Array.of(7)));
    const state = plainCopy(bench.slirp.save());

    const later = new Bench({ known: false });
    later.slirp.restore(state);
    const frames = later.take();
    expect(frames.map((f) => f.icmp?.type ?? 'tcp')).toEqual([0, 'tcp']);
    expect(later.slirp.neighbours().map((n) => n.addr)).toEqual([GUEST]);
    const reset = frames[1]!.tcp!;
    guest.conn.segmentArrives(reset, later.clock.now());
    expect(guest.conn.takeEvents() & EV_RESET).not.toBe(0);
    expect(guest.read()).toEqual(stream(500));
    expect(later.slirp.table()).toEqual([]);
    expect(later.slirp.save().ipId).toBe((state.ipId + 1) & 0xffff);
  });

  it('saves the same state again after restoring one without flows', () => {
    const bench = new Bench();
    bench.transmit(udpFrame(HOST, 68, 67, new Uint8Array(300)));
    bench.transmit(udpFrame(FILER, 1, 1, new Uint8Array(8), { flagsOffset: 0x2000, id: 9 }));
    bench.take();
    const state = plainCopy(bench.slirp.save());
    const later = new Bench({ known: false, seed: 2 });
    later.slirp.restore(state);
    later.take();
    expect({ ...later.slirp.save(), task: null }).toEqual({ ...state, task: null });
  });

  it('forgets a connect that was under way: the guest’s next SYN begins anew', () => {
    const bench = new Bench();
    new GuestTcp(bench).talk();
    const later = new Bench({ known: false });
    later.slirp.restore(plainCopy(bench.slirp.save()));
    expect(later.take()).toEqual([]);
    const guest = new GuestTcp(later).connect();
    expect(guest.conn.state).toBe('ESTABLISHED');
  });
});

describe('the link', () => {
  it('is always ready and counts frames and bytes both ways', () => {
    const bench = new Bench();
    bench.exchange(pingFrame(HOST, 1, 1, new Uint8Array(56)));
    expect(bench.slirp.link.ready()).toBe(true);
    expect(bench.slirp.link.counters).toMatchObject({
      rxPackets: 2,
      rxBytes: 42 + 98,
      txPackets: 2,
      txBytes: 64 + 98,
    });
  });

  it('fills in a checksum the guest left to its card', () => {
    const bench = new Bench();
    const frame = udpFrame(FILER, 1000, 7, Uint8Array.of(1, 2, 3, 4));
    const partial = pseudoHeader(GUEST, FILER, 17, 12);
    const folded = (partial & 0xffff) + (partial >>> 16);
    frame[40] = folded >> 8;
    frame[41] = folded & 0xff;
    const given = frame.slice();
    bench.slirp.link.transmit({
      ...frameOf(frame, 99),
      offload: { ...NO_OFFLOAD, csumStart: 34, csumOffset: 6 },
    });
    expect(bench.host.datagrams[0]!.sent).toHaveLength(1);
    expect(frame).toEqual(given);
  });

  it('hands over at most 64 frames in a turn of the main loop, and all in the end', () => {
    const bench = new Bench({ limits: { framesPerTurn: 4 } });
    let longest = 0;
    let run = 0;
    bench.slirp.link.onReceive = () => (longest = Math.max(longest, ++run));
    bench.guestTakes = false;
    for (let i = 0; i < 30; i++)
      bench.transmit(tcpFrame(FILER, { srcPort: 1, dstPort: 2, seq: i, ack: 1, flags: 16 }));
    bench.resume();
    const marker = bench.loop.task(() => {
      run = 0;
      if (bench.slirp.link.counters.txPackets < 31) marker.schedule();
    });
    marker.schedule();
    bench.clock.advance();
    expect(bench.slirp.link.counters.txPackets).toBe(31);
    expect(longest).toBe(4);
  });
});
