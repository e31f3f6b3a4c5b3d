import { describe, expect, it } from 'vitest';
import { RST, SYN } from '../../wire/tcp.ts';
import { SLIRP_TCP } from './config.ts';
import { EV_CONNECTED, EV_FIN, EV_CLOSED } from './connection.ts';
import { exchange, Pair, pattern, transfer } from './testing/pair.ts';

const MIB = 1 << 20;

function bothWays(p: Pair, size = MIB): void {
  p.connect();
  const up = pattern(size, 7);
  const down = pattern(size, 8);
  expect(Buffer.compare(transfer(p, 'a', up), up)).toBe(0);
  expect(Buffer.compare(transfer(p, 'b', down), down)).toBe(0);
}

describe('two engines', () => {
  it('shake hands with three segments', () => {
    const p = new Pair().connect();
    p.wait(1e9);
    expect(p.wire.map((s) => [s.from, s.view.flags & SYN])).toEqual([
      ['a', SYN],
      ['b', SYN],
      ['a', 0],
    ]);
    expect(p.eventsA & EV_CONNECTED).not.toBe(0);
    expect(p.eventsB & EV_CONNECTED).not.toBe(0);
  });

  it('move 1 MiB both ways', () => bothWays(new Pair()));

  it('retransmit nothing when nothing is lost', () => {
    const p = new Pair();
    bothWays(p);
    expect(p.a.info().counters.retransSegs + p.b.info().counters.retransSegs).toBe(0);
  });

  for (const sack of [true, false])
    for (const seed of [1, 2, 3])
      it(`move 1 MiB both ways through 5 % loss (seed ${seed}, SACK ${sack})`, () => {
        const p = new Pair({ seed, loss: 0.05, delay: 5e6, a: { sack }, b: { sack } });
        bothWays(p);
        expect(p.a.info().counters.retransSegs).toBeGreaterThan(0);
        expect(p.a.info().counters.fastRetransmits).toBeGreaterThan(0);
      });

  for (const seed of [1, 2, 3, 4])
    it(`move data both ways at once through 5 % loss (seed ${seed})`, () => {
      const p = new Pair({ seed, loss: 0.05 }).connect();
      expect(exchange(p, pattern(MIB / 2, 1), pattern(MIB / 2, 2))).toBe(true);
    });

  for (const seed of [4, 5])
    it(`survive loss, duplicates and reordering together (seed ${seed})`, () =>
      bothWays(new Pair({ seed, loss: 0.03, duplicate: 0.03, reorder: 0.1 }), MIB / 2));

  it('work with the NAT profile on one side', () => {
    bothWays(new Pair({ a: {}, b: SLIRP_TCP }));
    bothWays(new Pair({ a: SLIRP_TCP, b: {}, seed: 9, loss: 0.02 }), MIB / 4);
  });

  it('work with CUBIC', () =>
    bothWays(new Pair({ a: { congestion: 'cubic' }, b: { congestion: 'cubic' }, loss: 0.01 })));

  it('pass the wrap of the sequence numbers in both directions', () => {
    const p = new Pair({ issA: 0xffff_0000, issB: 0xfff0_0000, loss: 0.01 });
    bothWays(p);
    expect(p.a.info().sndUna).toBeLessThan(0x8000_0000);
  });

  it('half-close: the other direction goes on until its own FIN', () => {
    const p = new Pair().connect();
    p.a.shutdown();
    p.run(() => p.b.peerFinished);
    expect(p.eventsB & EV_FIN).not.toBe(0);
    expect(p.b.state).toBe('CLOSE-WAIT');
    const down = pattern(100_000, 3);
    expect(Buffer.compare(transfer(p, 'b', down), down)).toBe(0);
    expect(p.a.state).toBe('FIN-WAIT-2');
    p.b.shutdown();
    p.run(() => p.b.state === 'CLOSED');
    expect(p.a.state).toBe('TIME-WAIT');
    p.wait(61e9);
    expect(p.a.state).toBe('CLOSED');
    expect(p.eventsA & EV_CLOSED).not.toBe(0);
  });

  it('half-close by the passive side too', () => {
    const p = new Pair().connect();
    p.b.shutdown();
    p.run(() => p.a.state === 'CLOSE-WAIT');
    const up = pattern(100_000, 4);
    expect(Buffer.compare(transfer(p, 'a', up), up)).toBe(0);
    p.a.shutdown();
    p.run(() => p.a.state === 'CLOSED');
    expect(p.b.state).toBe('TIME-WAIT');
  });

  it('close at the same time through CLOSING', () => {
    const p = new Pair().connect();
    p.wait(1e9);
    p.a.shutdown();
    p.b.shutdown();
    p.pump();
    p.run(() => p.a.state === 'TIME-WAIT' && p.b.state === 'TIME-WAIT');
    expect([p.a.state, p.b.state]).toEqual(['TIME-WAIT', 'TIME-WAIT']);
    p.wait(120e9);
    expect([p.a.state, p.b.state]).toEqual(['CLOSED', 'CLOSED']);
    expect(p.wire.some((s) => s.view.flags & RST)).toBe(false);
  });

  it('retransmit a lost FIN', () => {
    const p = new Pair().connect();
    let lost = 0;
    p.drop = (s) => s.from === 'a' && (s.view.flags & 1) !== 0 && lost++ === 0;
    p.a.write(pattern(100, 1), 0, 100);
    p.a.shutdown();
    expect(p.run(() => p.b.peerFinished)).toBe(true);
    expect(p.b.available).toBe(100);
  });

  it('stop at a reader that does not read, and go on when it does', () => {
    const p = new Pair({ b: { receiveBuffer: 20_000, initialReceiveWindow: 20_000 } }).connect();
    const data = pattern(80_000, 5);
    let sent = p.a.write(data, 0, data.length);
    p.wait(5e9);
    expect(p.a.info().sndWnd).toBe(0);
    expect(p.b.available).toBeLessThanOrEqual(20_000);
    expect(p.a.info().counters.zeroWindowProbes).toBeGreaterThan(2);
    const got = new Uint8Array(data.length);
    let n = 0;
    while (n < data.length) {
      n += p.b.read(got, n, 3000);
      if (sent < data.length) sent += p.a.write(data, sent, data.length - sent);
      p.wait(10e6);
    }
    expect(Buffer.compare(got, data)).toBe(0);
    expect(p.a.info().counters.timeouts).toBe(0);
  });

  it('let the window grow with a fast reader over a long path', () => {
    const p = new Pair({ delay: 20e6 });
    p.connect();
    transfer(p, 'a', pattern(4 * MIB, 6));
    expect(p.b.info().rcvWnd).toBeGreaterThan(200_000);
    expect(p.b.info().rcvWscale).toBe(7);
  });

  it('keep the receive buffer bounded under random reordering', () => {
    const p = new Pair({
      b: { receiveBuffer: 30_000, initialReceiveWindow: 30_000 },
      reorder: 0.5,
      seed: 11,
    });
    p.connect();
    const data = pattern(300_000, 12);
    expect(Buffer.compare(transfer(p, 'a', data), data)).toBe(0);
  });

  it('give the same wire for the same seed', () => {
    const run = (): string => {
      const p = new Pair({ seed: 21, loss: 0.05 });
      p.connect();
      transfer(p, 'a', pattern(50_000, 1));
      return p.wire.map((s) => `${s.at} ${s.from} ${s.view.seq} ${s.view.ack} ${s.bytes.length}`).join('\n');
    };
    expect(run()).toBe(run());
  });
});
