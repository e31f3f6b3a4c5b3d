import { describe, expect, it } from 'vitest';
import { SECOND } from '../base/clock.ts';
import { EV_FIN, EV_RESET } from '../net/tcp/connection.ts';
import { ACK_FLAG, FIN, RST } from '../wire/tcp.ts';
import { LAB_PROFILE, type SlirpProfile } from './config.ts';
import { Bench, type BenchOptions } from './testing/bench.ts';
import { FULL_CAPS } from './testing/fake-host.ts';
import { FILER, tcpFrame } from './testing/frames.ts';
import { GuestTcp, difference, stream } from './testing/guest-tcp.ts';

const open = (options: BenchOptions = {}): GuestTcp => new GuestTcp(new Bench(options)).connect();
const withProfile = (profile: Partial<SlirpProfile>): BenchOptions => ({
  config: { profile: { ...LAB_PROFILE, ...profile } },
});
const flagsOf = (frames: ReturnType<GuestTcp['talk']>): number[] =>
  frames.map((f) => f.tcp!.flags & (FIN | RST));

describe('TCP, closing', () => {
  it('T20: the guest’s FIN becomes the host’s end of file; the host’s data still arrives, then its FIN', () => {
    const guest = open();
    guest.write(stream(3000));
    guest.conn.shutdown();
    guest.talk();
    expect(guest.stream.received).toHaveLength(3000);
    expect(guest.stream.calls).toEqual(['shutdownSend']);
    expect(guest.bench.row!.state).toBe('CLOSE-WAIT');
    guest.stream.push(stream(5000));
    guest.talk();
    guest.pass(SECOND);
    expect(guest.read()).toEqual(stream(5000));
    guest.stream.ended();
    guest.talk();
    expect(guest.events & EV_FIN).not.toBe(0);
    expect(guest.stream.calls).toEqual(['shutdownSend', 'close']);
    expect(guest.bench.slirp.table()).toEqual([]);
  });

  it('T20: waits with the end of file until the host has taken all', () => {
    const guest = open();
    guest.stream.room = 1000;
    guest.write(stream(3000));
    guest.conn.shutdown();
    guest.talk();
    expect(guest.stream.calls).toEqual([]);
    guest.stream.writable();
    guest.talk();
    expect(guest.stream.received).toHaveLength(3000);
    expect(guest.stream.calls).toEqual(['shutdownSend']);
  });

  it('T21: the host’s end of file becomes a FIN behind its data; the guest’s data still reaches the host', () => {
    const guest = open();
    guest.stream.push(stream(100_000));
    guest.stream.ended();
    guest.talk();
    expect(difference(guest.readFor(2 * SECOND), stream(100_000))).toBe(-1);
    expect(guest.conn.peerFinished).toBe(true);
    guest.write(stream(4000));
    guest.talk();
    expect(guest.stream.received).toHaveLength(4000);
    guest.conn.shutdown();
    guest.talk();
    expect(guest.stream.calls).toEqual(['shutdownSend', 'close']);
  });

  it('T22: a reset of the host is a reset to the guest, in QEMU 1.4 a FIN', () => {
    const guest = open();
    guest.stream.reset();
    expect(flagsOf(guest.talk())).toEqual([RST]);
    expect(guest.events & EV_RESET).not.toBe(0);
    expect(guest.bench.slirp.table()).toEqual([]);
    const old = open(withProfile({ resetFromHost: 'fin' }));
    old.stream.reset();
    expect(flagsOf(old.talk())).toContain(FIN);
  });

  it('T23: a reset of the guest is a reset to the host, in libslirp an orderly close', () => {
    for (const [resetToHost, call] of [
      ['reset', 'abort'],
      ['close', 'close'],
    ] as const) {
      const guest = open(withProfile({ resetToHost }));
      guest.conn.abort();
      guest.talk();
      expect(guest.stream.calls).toEqual([call]);
      expect(guest.bench.slirp.table()).toEqual([]);
      expect(guest.bench.clock.leftover).toBe(0);
    }
  });

  it('T25: TIME-WAIT ends after 10 s, and a new SYN may use the same tuple before that', () => {
    const guest = open();
    guest.stream.ended();
    guest.talk();
    guest.conn.shutdown();
    guest.talk();
    expect(guest.bench.row!.state).toBe('TIME-WAIT');
    const again = new GuestTcp(guest.bench, { iss: 5_000_000 }).connect();
    expect(again.conn.state).toBe('ESTABLISHED');
    expect(guest.bench.slirp.table().map((r) => r.state)).toEqual(['ESTABLISHED']);
    again.stream.ended();
    again.talk();
    again.conn.shutdown();
    again.talk();
    again.bench.advance(10 * SECOND);
    expect(again.bench.slirp.table()).toEqual([]);
    expect(again.bench.clock.leftover).toBe(0);
  });

  it('T26: a guest that vanished frees its entry within 75 s of the FIN, acknowledged or not', () => {
    const silent = open();
    silent.stream.ended();
    silent.bench.take();
    silent.bench.advance(75 * SECOND);
    expect(silent.bench.slirp.table()).toEqual([]);
    expect(silent.stream.calls).toContain('abort');
    const half = open();
    half.stream.ended();
    half.talk();
    expect(half.bench.row!.state).toBe('FIN-WAIT-2');
    half.bench.advance(75 * SECOND);
    expect(half.bench.slirp.table()).toEqual([]);
  });

  it('ends a connection whose host never takes the last bytes', () => {
    const guest = open();
    guest.stream.room = 0;
    guest.write(stream(100));
    guest.conn.shutdown();
    guest.talk();
    guest.stream.ended();
    guest.talk();
    guest.bench.advance(75 * SECOND);
    expect(guest.bench.slirp.table()).toEqual([]);
    expect(guest.stream.calls).toEqual(['abort']);
  });

  it('without half close the stream stays open for the answer, at most 60 s idle', () => {
    const guest = open({ host: (h) => (h.caps = { ...FULL_CAPS, halfClose: false }) });
    guest.conn.shutdown();
    guest.talk();
    guest.stream.push(stream(10));
    guest.pass(SECOND);
    expect(guest.read()).toEqual(stream(10));
    expect(guest.stream.calls).toEqual(['shutdownSend']);
    guest.bench.advance(61 * SECOND);
    expect(guest.stream.calls).toContain('abort');
    expect(guest.bench.slirp.table()).toEqual([]);
  });

  it('keeps a late reset of a stream it has done with from the guest', () => {
    const guest = open();
    guest.stream.ended();
    guest.talk();
    guest.conn.shutdown();
    guest.talk();
    expect(guest.stream.calls).toEqual(['shutdownSend', 'close']);
    guest.stream.reset();
    expect(guest.talk()).toEqual([]);
    expect(guest.bench.row!.state).toBe('TIME-WAIT');
  });

  it('answers a stale segment of a forgotten connection with a reset', () => {
    const guest = open();
    guest.stream.reset();
    guest.talk();
    const late = { srcPort: 40_000, dstPort: 2049, seq: 1001, ack: 1, flags: ACK_FLAG };
    expect(flagsOf(guest.bench.exchange(tcpFrame(FILER, late)))).toEqual([RST]);
  });

  it('dispose closes every socket and leaves no timer behind', () => {
    const guest = open();
    guest.bench.slirp.dispose();
    guest.bench.slirp.dispose();
    expect(guest.stream.calls).toEqual(['dispose']);
    expect(guest.bench.clock.leftover).toBe(0);
    expect(
      guest.bench.exchange(tcpFrame(FILER, { srcPort: 1, dstPort: 2, seq: 1, flags: ACK_FLAG })),
    ).toEqual([]);
  });
});
