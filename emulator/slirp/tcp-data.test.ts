import { describe, expect, it } from 'vitest';
import { MILLISECOND, SECOND } from '../base/clock.ts';
import { Xoshiro128 } from '../base/random.ts';
import { seqAdd, seqDiff } from '../wire/seq.ts';
import { ACK_FLAG, PSH, RST } from '../wire/tcp.ts';
import { Bench } from './testing/bench.ts';
import { FILER, tcpFrame, type Seen } from './testing/frames.ts';
import { GuestTcp, difference, stream } from './testing/guest-tcp.ts';

/** A connection whose guest side is spoken frame by frame from here on. */
class Raw {
  readonly guest: GuestTcp;
  readonly bench: Bench;
  seq: number;
  readonly ack: number;

  constructor(iss = 1000) {
    this.bench = new Bench();
    this.guest = new GuestTcp(this.bench, { iss }).connect();
    const info = this.guest.conn.info();
    this.seq = info.sndNxt;
    this.ack = info.rcvNxt;
  }
  send(at: number, length: number, over: { flags?: number; window?: number; ack?: number } = {}): Seen[] {
    return this.bench.exchange(
      tcpFrame(FILER, {
        srcPort: 40_000,
        dstPort: 2049,
        seq: seqAdd(this.seq, at),
        ack: over.ack ?? this.ack,
        flags: over.flags ?? ACK_FLAG,
        window: over.window ?? 64_240,
        data: stream(length, at),
      }),
    );
  }
  acks(frames: Seen[]): number[] {
    return frames.map((f) => seqDiff(f.tcp!.ack, this.seq));
  }
  get received(): Uint8Array {
    return Uint8Array.from(this.guest.stream.received);
  }
}

describe('TCP, from the guest', () => {
  it('T8: acknowledges each in-order segment by itself, even when the main loop runs only after both', () => {
    const raw = new Raw();
    const data = (at: number): Uint8Array =>
      tcpFrame(FILER, {
        srcPort: 40_000,
        dstPort: 2049,
        seq: raw.seq + at,
        ack: raw.ack,
        flags: ACK_FLAG | PSH,
        data: stream(100, at),
      });
    raw.bench.transmit(data(0));
    raw.bench.transmit(data(100));
    const frames = raw.bench.take();
    expect(raw.acks(frames)).toEqual([100, 200]);
    expect(frames.map((f) => f.length)).toEqual([60, 60]);
    expect(raw.received).toEqual(stream(200));
    expect(raw.bench.nested).toBe(0);
  });

  it('T9, T10, T11: duplicate ACK for a gap, one ACK when it is filled, an ACK for old data and for a keep-alive probe', () => {
    const raw = new Raw();
    expect(raw.acks(raw.send(200, 100))).toEqual([0]);
    expect(raw.acks(raw.send(100, 100))).toEqual([0]);
    expect(raw.acks(raw.send(0, 100))).toEqual([300]);
    expect(raw.received).toEqual(stream(300));
    expect(raw.acks(raw.send(0, 100))).toEqual([300]);
    expect(raw.acks(raw.send(299, 0))).toEqual([300]);
    expect(raw.received).toHaveLength(300);
  });

  it('T18: the window shrinks while the host takes nothing, and opens when it does', () => {
    const bench = new Bench();
    const guest = new GuestTcp(bench).connect();
    guest.stream.room = 0;
    const sent = stream(300_000);
    let written = guest.write(sent);
    guest.talk();
    const window = (): number => guest.seen.at(-1)!.tcp!.window;
    expect(window()).toBeLessThan(1460);
    expect(bench.slirp.table()[0]).toMatchObject({ bytesOut: 0 });
    guest.stream.writable(100_000);
    guest.talk();
    expect(window()).toBeGreaterThan(60_000);
    guest.stream.writable();
    for (let i = 0; i < 200 && guest.stream.received.length < sent.length; i++) {
      written += guest.conn.write(sent, written, sent.length - written);
      guest.pass(10 * MILLISECOND);
    }
    expect(difference(guest.stream.received, sent)).toBe(-1);
  });

  it('T28: takes what fits the window of a segment that goes beyond it', () => {
    const raw = new Raw();
    raw.guest.stream.room = 0;
    let at = 0;
    for (; at < 131_072 - 1460; at += 1460) raw.send(at, 1460);
    const frames = raw.send(at, 1460);
    expect(raw.acks(frames)[0]).toBeLessThanOrEqual(131_072);
    raw.guest.stream.writable();
    raw.bench.take();
    expect(raw.received.length).toBeLessThanOrEqual(131_072);
    expect(raw.received).toEqual(stream(raw.received.length));
  });

  it('T29: ignores a reset outside the window', () => {
    const raw = new Raw();
    raw.send(200_000, 0, { flags: RST });
    expect(raw.bench.row!.state).toBe('ESTABLISHED');
    expect(raw.acks(raw.send(0, 10))).toEqual([10]);
  });
});

describe('TCP, to the guest', () => {
  it('T12, T14: starts with few segments, and repeats at once what three duplicate ACKs ask for', () => {
    const raw = new Raw();
    raw.guest.stream.push(stream(20_000));
    const first = raw.bench.take();
    expect(first.length).toBeLessThanOrEqual(2);
    expect(first[0]!.data).toEqual(stream(1460));
    const more = raw.send(0, 0, { ack: seqAdd(raw.ack, first.length * 1460) });
    expect(more.length).toBeGreaterThanOrEqual(2);
    const third = raw.send(0, 0, { ack: seqAdd(raw.ack, (first.length + more.length) * 1460) });
    expect(third.length).toBeGreaterThanOrEqual(3);
    const una = seqAdd(raw.ack, (first.length + more.length) * 1460);
    raw.send(0, 0, { ack: una });
    raw.send(0, 0, { ack: una });
    expect(raw.send(0, 0, { ack: una }).map((f) => f.tcp!.seq)).toContain(una);
  });

  it('T13: repeats what nobody acknowledges, at growing intervals, and resets when it gives up', () => {
    const raw = new Raw();
    raw.guest.stream.push(stream(100));
    const times: number[] = [];
    let last = 0;
    let reset = false;
    for (let i = 0; i < 3000 && !reset; i++) {
      for (const frame of raw.bench.take()) {
        if (frame.data.length > 0) {
          times.push(raw.bench.clock.now() - last);
          last = raw.bench.clock.now();
        }
      }
      raw.bench.advance(50 * MILLISECOND);
      reset = raw.guest.stream.calls.includes('abort');
    }
    expect(times.slice(2).every((t, i) => t >= times[i + 1]!)).toBe(true);
    expect(Math.max(...times)).toBeLessThanOrEqual(12.1 * SECOND);
    expect(reset).toBe(true);
    expect(raw.bench.slirp.table()).toEqual([]);
  });

  it('T15: never sends more than the guest’s MSS', () => {
    const bench = new Bench();
    const guest = new GuestTcp(bench, { config: { mss: 100 } }).connect();
    guest.stream.push(stream(5000));
    const frames = guest.talk().filter((f) => f.data.length > 0);
    expect(Math.max(...frames.map((f) => f.data.length))).toBe(100);
    guest.pass(SECOND);
    expect(guest.read()).toEqual(stream(5000));
  });

  it('keeps to a smaller MTU of the guest’s link, in its MSS and in what it sends', () => {
    const bench = new Bench({ config: { mtu: 576 } });
    const guest = new GuestTcp(bench).connect();
    expect(guest.seen[0]!.options!.mss).toBe(536);
    guest.stream.push(stream(20_000));
    expect(difference(guest.readFor(SECOND), stream(20_000))).toBe(-1);
    expect(Math.max(...guest.seen.map((f) => f.ip!.length))).toBe(576);
  });

  it('T17: probes a closed window with one byte, and goes on when it opens', () => {
    const raw = new Raw();
    raw.send(0, 0, { window: 0 });
    raw.guest.stream.push(stream(5000));
    expect(raw.bench.take()).toEqual([]);
    raw.bench.advance(2 * SECOND);
    const probes = raw.bench.take();
    expect(probes.length).toBeGreaterThan(0);
    expect(probes.every((f) => f.data.length === 1)).toBe(true);
    expect(raw.send(0, 0, { window: 64_240, ack: seqAdd(raw.ack, 1) })[0]!.data.length).toBeGreaterThan(1000);
  });

  it('reads the host only while the send buffer is under half full', () => {
    const raw = new Raw();
    raw.send(0, 0, { window: 0 });
    raw.guest.stream.push(stream(500_000));
    raw.bench.take();
    const taken = 500_000 - raw.guest.stream.available();
    expect(taken).toBeGreaterThanOrEqual(65_536);
    expect(taken).toBeLessThanOrEqual(131_072);
    raw.bench.advance(10 * SECOND);
    expect(500_000 - raw.guest.stream.available()).toBe(taken);
  });

  it('holds segments back while the guest’s card takes none, and does not give them to it twice', () => {
    const bench = new Bench();
    const guest = new GuestTcp(bench).connect();
    bench.guestTakes = false;
    guest.stream.push(stream(10_000));
    expect(bench.take()).toEqual([]);
    bench.resume();
    guest.talk();
    guest.pass(SECOND);
    expect(guest.read()).toEqual(stream(10_000));
    expect(bench.slirp.link.counters.txPackets).toBeLessThan(20);
  });

  it('M1: a ping waits for at most one packet of each bulk flow', () => {
    const bench = new Bench({ limits: { framesPerTurn: 1000 } });
    const guests = [1, 2].map((i) => new GuestTcp(bench, { localPort: 40_000 + i, config: { ackEvery: 1 } }));
    for (const g of guests) g.connect();
    for (const g of guests) {
      g.stream.push(stream(200_000));
      expect(g.readFor(100 * MILLISECOND)).toHaveLength(200_000);
    }
    bench.guestTakes = false;
    for (const stream2 of bench.host.streams) stream2.push(stream(100_000));
    bench.take();
    bench.transmit(tcpFrame(FILER, { srcPort: 9, dstPort: 9, seq: 1, ack: 1, flags: ACK_FLAG }));
    bench.resume();
    const order = bench.take().map((f) => f.tcp!.dstPort);
    expect(order.indexOf(9)).toBeGreaterThanOrEqual(0);
    expect(order.indexOf(9)).toBeLessThanOrEqual(2);
    expect(order.length).toBeGreaterThan(4);
  });
});

describe('TCP, both ways', () => {
  it('T30: sequence numbers wrap in both directions', () => {
    const bench = new Bench();
    const guest = new GuestTcp(bench, { iss: 0xffff_f000 }).connect();
    guest.write(stream(50_000));
    guest.stream.push(stream(50_000, 7));
    guest.pass(SECOND);
    expect(difference(guest.stream.received, stream(50_000))).toBe(-1);
    expect(difference(guest.read(), stream(50_000, 7))).toBe(-1);
  });

  it('T33: 300 kB each way arrives whole and in order although one frame in twenty is lost at the card', () => {
    const bench = new Bench();
    const guest = new GuestTcp(bench).connect();
    const random = new Xoshiro128(7);
    guest.loses = () => random.below(20) === 0;
    const size = 300_000;
    const up = stream(size);
    guest.stream.push(stream(size, 99));
    let written = 0;
    const got: number[] = [];
    for (let i = 0; i < 20_000 && (guest.stream.received.length < size || got.length < size); i++) {
      if (written < size) written += guest.conn.write(up, written, size - written);
      guest.pass(20 * MILLISECOND, 20 * MILLISECOND);
      for (const byte of guest.read()) got.push(byte);
    }
    expect(difference(guest.stream.received, up)).toBe(-1);
    expect(difference(got, stream(size, 99))).toBe(-1);
  });

  it('T35: a guest that is paused for ten minutes of its own time, that is for none, keeps its connection; one that is idle too', () => {
    const raw = new Raw();
    raw.bench.advance(600 * SECOND);
    expect(raw.acks(raw.send(0, 10))).toEqual([10]);
    expect(raw.bench.row).toMatchObject({
      state: 'ESTABLISHED',
      bytesOut: 10,
      idleNs: 0,
      ageNs: 600 * SECOND,
    });
  });

  it('M4: the same seed and input give the same frames', () => {
    const run = (): string => {
      const bench = new Bench({ seed: 5 });
      const guest = new GuestTcp(bench).connect();
      guest.write(stream(20_000));
      guest.stream.push(stream(20_000));
      guest.pass(SECOND);
      return guest.seen.map((f) => f.bytes.join(',')).join('\n');
    };
    expect(run()).toBe(run());
  });
});
