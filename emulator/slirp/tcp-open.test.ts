import { describe, expect, it } from 'vitest';
import { ipv4 } from '../base/address.ts';
import { SECOND } from '../base/clock.ts';
import { endpoint4, type SocketError } from '../base/host-sockets.ts';
import { EV_CONNECTED, EV_REFUSED } from '../net/tcp/connection.ts';
import { ACK_FLAG, FIN, RST, SYN, URG } from '../wire/tcp.ts';
import { LAB_PROFILE } from './config.ts';
import { Bench } from './testing/bench.ts';
import { FULL_CAPS } from './testing/fake-host.ts';
import { DNS, FILER, HOST, tcpFrame, type Seen } from './testing/frames.ts';
import { GuestTcp } from './testing/guest-tcp.ts';

const OFFER = Uint8Array.of(2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7);
const syn = (
  over: { dst?: typeof FILER; port?: number; seq?: number; from?: number; ttl?: number } = {},
): Uint8Array =>
  tcpFrame(
    over.dst ?? FILER,
    {
      srcPort: over.from ?? 40_000,
      dstPort: over.port ?? 2049,
      seq: over.seq ?? 1000,
      flags: SYN,
      options: OFFER,
    },
    { ttl: over.ttl ?? 64 },
  );
const what = (f: Seen | undefined): string => {
  if (f?.icmp) return `icmp ${f.icmp.type}/${f.icmp.code} from ${f.src}`;
  return f?.tcp
    ? `flags ${f.tcp.flags} seq ${f.tcp.seq} ack ${f.tcp.ack} window ${f.tcp.window} ttl ${f.ip!.ttl}`
    : 'nothing';
};
const only = (frames: Seen[]): string => (frames.length === 1 ? what(frames[0]) : `${frames.length} frames`);
const REFUSAL = `flags ${RST | ACK_FLAG} seq 0 ack 1001 window 65535 ttl 64`;

describe('TCP, opening', () => {
  it('T1, T5, T16: sends no SYN-ACK before the host connected, then one with MSS 1460 as its only option', () => {
    const bench = new Bench();
    expect(bench.exchange(syn())).toEqual([]);
    expect(bench.host.streams[0]!.remote).toEqual(endpoint4(FILER, 2049));
    expect(bench.row).toMatchObject({ state: 'CONNECTING', protocol: 'tcp' });
    bench.host.streams[0]!.connected();
    const [answer, ...rest] = bench.take();
    expect(rest).toEqual([]);
    expect(answer!.tcp).toMatchObject({ flags: SYN | ACK_FLAG, ack: 1001, srcPort: 2049, window: 65_535 });
    expect(answer!.options).toEqual({
      mss: 1460,
      windowScale: null,
      sackPermitted: false,
      timestamps: null,
      sack: [],
    });
    expect(answer!.ip).toMatchObject({ ttl: 64, dontFragment: false, tos: 0, src: FILER });
    expect(bench.row!.state).toBe('SYN-RECEIVED');
  });

  it('T2, T3c: answers a refused connect with RST+ACK as in the reference capture: seq 0, ack ISN+1, window 65535, TTL 64', () => {
    const bench = new Bench();
    bench.transmit(syn());
    bench.host.streams[0]!.failed('ECONNREFUSED');
    expect(only(bench.take())).toBe(REFUSAL);
    expect(bench.slirp.table()).toEqual([]);
    const guest = new GuestTcp(new Bench());
    guest.talk();
    guest.stream.failed('ECONNREFUSED');
    guest.talk();
    expect(guest.events & EV_REFUSED).not.toBe(0);
  });

  it('T3, T3b: says unreachable the same way at once and later', () => {
    const cases: readonly [SocketError, string][] = [
      ['ENETUNREACH', 'icmp 3/0 from 10.0.2.2'],
      ['EHOSTUNREACH', 'icmp 3/1 from 10.0.2.2'],
      ['ETIMEDOUT', 'icmp 3/1 from 10.0.2.2'],
      ['EACCES', 'icmp 3/13 from 10.0.2.2'],
      ['ECONNREFUSED', REFUSAL],
      ['EMFILE', REFUSAL],
    ];
    for (const [error, answer] of cases) {
      const early = new Bench({ host: (h) => (h.connectError = error) });
      expect([error, only(early.exchange(syn()))]).toEqual([error, answer]);
      const late = new Bench();
      late.transmit(syn());
      late.host.streams[0]!.failed(error);
      const [frame] = late.take();
      expect([error, what(frame)]).toEqual([error, answer]);
      if (frame!.icmp) expect([...frame!.data]).toEqual([...syn().slice(14)]);
      expect(late.slirp.table()).toEqual([]);
    }
  });

  it('T3b: QEMU 1.4 answers every late failure with a reset', () => {
    const bench = new Bench({ config: { profile: { ...LAB_PROFILE, lateConnectError: 'reset' } } });
    bench.transmit(syn());
    bench.host.streams[0]!.failed('EHOSTUNREACH');
    expect(only(bench.take())).toBe(REFUSAL);
  });

  it('T4: opens one host socket for a SYN that is repeated, and sends one SYN-ACK', () => {
    const bench = new Bench();
    for (let i = 0; i < 3; i++) expect(bench.exchange(syn())).toEqual([]);
    expect(bench.host.streams).toHaveLength(1);
    expect(bench.count('tcp-while-connecting')).toBe(2);
    bench.host.streams[0]!.connected();
    expect(bench.take()).toHaveLength(1);
  });

  it('T6: answers a segment of no connection with a reset from nowhere: seq = its ack, TTL 255, window 0', () => {
    const bench = new Bench();
    const stray = { srcPort: 1, dstPort: 2, seq: 5, ack: 77, flags: ACK_FLAG };
    expect(only(bench.exchange(tcpFrame(FILER, stray)))).toBe(`flags ${RST} seq 77 ack 0 window 0 ttl 255`);
    expect(bench.exchange(tcpFrame(FILER, { ...stray, flags: RST }))).toEqual([]);
    expect(bench.exchange(tcpFrame(FILER, { ...stray, flags: SYN | FIN }))).toHaveLength(1);
    expect(bench.exchange(tcpFrame(FILER, { ...stray, flags: SYN | URG }))).toHaveLength(1);
    expect(bench.host.streams).toEqual([]);
  });

  it('T7: delivers data that comes with the handshake’s ACK', () => {
    const bench = new Bench();
    bench.transmit(syn());
    bench.host.streams[0]!.connected();
    const [answer] = bench.take();
    const data = Uint8Array.of(1, 2, 3);
    bench.transmit(
      tcpFrame(FILER, {
        srcPort: 40_000,
        dstPort: 2049,
        seq: 1001,
        ack: answer!.tcp!.seq + 1,
        flags: ACK_FLAG,
        data,
      }),
    );
    expect(bench.host.streams[0]!.received).toEqual([1, 2, 3]);
    expect(bench.take().map((f) => f.tcp!.ack)).toEqual([1004]);
  });

  it('T27: gives up a connect without a result after 75 s with a reset', () => {
    const bench = new Bench();
    bench.transmit(syn());
    bench.advance(74 * SECOND);
    expect(bench.take()).toEqual([]);
    bench.advance(SECOND);
    expect(only(bench.take())).toBe(REFUSAL);
    expect(bench.host.streams[0]!.calls).toEqual(['abort']);
    expect(bench.slirp.table()).toEqual([]);
    expect(bench.clock.leftover).toBe(0);
  });

  it('T31: drops a bad checksum and a bad data offset', () => {
    const bench = new Bench();
    const bad = syn();
    bad[40]! ^= 1;
    expect(bench.exchange(bad)).toEqual([]);
    const offset = syn();
    offset[46] = 0x10;
    expect(bench.exchange(offset)).toEqual([]);
    offset[46] = 0xf0;
    expect(bench.exchange(offset)).toEqual([]);
    expect(bench.count('tcp-bad-checksum')).toBe(1);
    expect(bench.count('tcp-data-offset-below-header') + bench.count('tcp-data-offset-past-end')).toBe(2);
  });

  it('T32: 10,000 SYNs stay under the caps, and a connection afterwards works', () => {
    const bench = new Bench();
    for (let i = 0; i < 10_000; i++) bench.transmit(syn({ from: 1 + i, port: 1 + (i % 1000) }));
    expect(bench.host.streams).toHaveLength(64);
    expect(bench.count('tcp-half-open-limit')).toBe(9936);
    for (const stream of bench.host.streams) stream.failed('ECONNREFUSED');
    bench.take();
    expect(bench.slirp.table()).toEqual([]);
    bench.advance(2 * SECOND);
    const guest = new GuestTcp(bench, { localPort: 60_000 }).connect();
    expect(guest.events & EV_CONNECTED).not.toBe(0);
  });

  it('T32: refuses with a reset beyond 512 connections', () => {
    const bench = new Bench({
      host: (h) => (h.autoConnect = true),
      limits: { tcpFlows: 3, socketsBurst: 1000 },
    });
    for (let i = 0; i < 4; i++) bench.transmit(syn({ from: 100 + i }));
    const flags = bench.take().map((f) => f.tcp!.flags);
    expect(flags.filter((f) => f & SYN)).toHaveLength(3);
    expect(flags.filter((f) => f & RST)).toHaveLength(1);
  });

  it('T34: the initial sequence number follows the seed and the tuple, libslirp’s is 64001', () => {
    const iss = (options: ConstructorParameters<typeof Bench>[0], from = 40_000): number => {
      const bench = new Bench(options);
      bench.transmit(syn({ from }));
      bench.host.streams[0]!.connected();
      return bench.take()[0]!.tcp!.seq;
    };
    expect(iss({ seed: 1 })).toBe(iss({ seed: 1 }));
    expect(new Set([iss({ seed: 1 }), iss({ seed: 2 }), iss({ seed: 1 }, 40_001)]).size).toBe(3);
    expect(iss({ config: { profile: { ...LAB_PROFILE, iss: 'counter' } } })).toBe(64_001);
  });

  it('N2: .3 port 53 leads to the name server', () => {
    const bench = new Bench();
    bench.transmit(syn({ dst: DNS, port: 53 }));
    expect(bench.host.streams[0]!.remote).toEqual(endpoint4(FILER, 53));
    expect(only(bench.exchange(syn({ dst: DNS, port: 80 })))).toBe('icmp 3/0 from 10.0.2.2');
  });

  it('leads .2 to the host’s loopback, nobody’s addresses nowhere, and resets at loopback addresses', () => {
    const bench = new Bench();
    bench.transmit(syn({ dst: HOST }));
    expect(bench.host.streams[0]!.remote).toEqual(endpoint4(ipv4('127.0.0.1'), 2049));
    expect(only(bench.exchange(syn({ dst: ipv4('10.0.2.4') })))).toBe('icmp 3/1 from 10.0.2.2');
    expect(bench.exchange(syn({ dst: ipv4('255.255.255.255') }))).toEqual([]);
    for (const addr of ['127.0.0.1', '0.0.0.0'])
      expect(only(bench.exchange(syn({ dst: ipv4(addr) })))).toBe(REFUSAL);
    expect(bench.host.streams).toHaveLength(1);
  });

  it('R6, R7, R8: restricted resets, disableHostLoopback says 3/0, a policy 3/13', () => {
    const restricted = new Bench({ config: { restricted: true } });
    expect(only(restricted.exchange(syn()))).toBe(REFUSAL);
    const isolated = new Bench({ config: { disableHostLoopback: true } });
    expect(only(isolated.exchange(syn({ dst: HOST })))).toBe('icmp 3/0 from 10.0.2.2');
    const policy = { stream: () => 'EACCES' as const, datagram: () => null };
    expect(only(new Bench({ config: { policy } }).exchange(syn()))).toBe('icmp 3/13 from 10.0.2.2');
  });

  it('answers a TTL of 1, which a router would not: TCP ends here', () => {
    const bench = new Bench();
    bench.transmit(syn({ ttl: 1 }));
    expect(bench.host.streams).toHaveLength(1);
    expect(only(bench.exchange(syn({ ttl: 0, from: 5 })))).toBe('icmp 11/0 from 10.0.2.2');
  });

  it('answers after 150 ms where the host never tells a connect’s result, and resets on a failure after that', () => {
    const bench = new Bench({ host: (h) => (h.caps = { ...FULL_CAPS, connectResult: 'none' }) });
    bench.transmit(syn());
    bench.advance(149_000_000);
    expect(bench.take()).toEqual([]);
    bench.advance(1_000_000);
    expect(bench.take().map((f) => f.tcp!.flags)).toEqual([SYN | ACK_FLAG]);
    bench.host.streams[0]!.failed('ETIMEDOUT');
    expect(bench.take().map((f) => f.tcp!.flags & RST)).toEqual([RST]);
  });
});
