import { describe, expect, it } from 'vitest';
import { ipv4, type Ipv4Addr } from '../base/address.ts';
import { SECOND } from '../base/clock.ts';
import { endpoint4, type IcmpCause } from '../base/host-sockets.ts';
import { IPV4_DF, PROTO_ICMP, PROTO_UDP } from '../wire/ipv4.ts';
import { LAB_PROFILE } from './config.ts';
import { Bench } from './testing/bench.ts';
import { FULL_CAPS } from './testing/fake-host.ts';
import { DNS, FILER, HOST, ipFrame, pingFrame, udpFrame, type Seen } from './testing/frames.ts';

const data = Uint8Array.from({ length: 56 }, (_, i) => i);
const cause = (icmpType: number, code: number, from: Ipv4Addr): IcmpCause => ({
  icmpType,
  code,
  from: { family: 4, v4: from },
});
const kind = (frame: Seen | undefined): string =>
  `${frame?.icmp?.type}/${frame?.icmp?.code} from ${frame?.src}`;

describe('ICMP', () => {
  it('C1: answers pings of .2 and .3 with TTL 255 and everything else kept, DF included', () => {
    for (const dst of [HOST, DNS]) {
      const [reply] = new Bench().exchange(pingFrame(dst, 44, 3, data, { flagsOffset: IPV4_DF, tos: 8 }));
      expect(reply!.icmp).toMatchObject({ type: 0, code: 0, id: 44, sequence: 3 });
      expect(reply!.data).toEqual(data);
      expect(reply!.ip).toMatchObject({ ttl: 255, tos: 8, src: dst, dontFragment: true });
      expect(reply!.length).toBe(98);
    }
  });

  it('C1: answers a ping in fragments with one in fragments', () => {
    const bench = new Bench();
    const whole = pingFrame(HOST, 1, 1, new Uint8Array(2000).fill(7)).slice(34);
    bench.transmit(ipFrame(PROTO_ICMP, HOST, whole.slice(0, 1480), { id: 4, flagsOffset: 0x2000 }));
    bench.transmit(ipFrame(PROTO_ICMP, HOST, whole.slice(1480), { id: 4, flagsOffset: 185 }));
    expect(bench.take().map((f) => f.ip!.length)).toEqual([1500, 548]);
  });

  it('C2: answers TTL 1, and TTL 0 with time exceeded', () => {
    const bench = new Bench();
    expect(kind(bench.exchange(pingFrame(HOST, 1, 1, data, { ttl: 1 }))[0])).toBe('0/0 from 10.0.2.2');
    expect(kind(bench.exchange(pingFrame(HOST, 1, 1, data, { ttl: 0 }))[0])).toBe('11/0 from 10.0.2.2');
  });

  it('C3: tells that .4 is unreachable; libslirp hands it to the host', () => {
    const dst = ipv4('10.0.2.4');
    expect(kind(new Bench().exchange(pingFrame(dst, 1, 1, data))[0])).toBe('3/1 from 10.0.2.2');
    const old = new Bench({ config: { profile: { ...LAB_PROFILE, unusedAddresses: 'hand-on' } } });
    old.transmit(pingFrame(dst, 1, 1, data));
    expect(old.host.pings).toHaveLength(1);
  });

  it('C4: sends a ping out of a host socket and gives the answer the guest’s identifier', () => {
    const bench = new Bench();
    expect(bench.exchange(pingFrame(FILER, 46, 2, data, { flagsOffset: IPV4_DF }))).toEqual([]);
    const socket = bench.host.pings[0]!;
    expect(socket.sent).toEqual([{ to: { family: 4, v4: FILER }, sequence: 2, data, ttl: 63 }]);
    socket.onReply({ family: 4, v4: FILER }, 2, data, 60);
    const [reply, ...rest] = bench.take();
    expect(rest).toEqual([]);
    expect(reply!.icmp).toMatchObject({ type: 0, id: 46, sequence: 2 });
    expect(reply!.ip).toMatchObject({ src: FILER, ttl: 255, dontFragment: true });
    expect(reply!.data).toEqual(data);
    socket.onReply({ family: 4, v4: FILER }, 2, data, 60);
    expect(bench.take()).toEqual([]);
    expect(bench.slirp.table()).toMatchObject([
      { protocol: 'icmp', remote: endpoint4(FILER, 0), bytesIn: 56 },
    ]);
  });

  it('C4: one host socket serves an identifier, and ends after 240 s', () => {
    const bench = new Bench();
    for (let i = 0; i < 3; i++) bench.transmit(pingFrame(FILER, 46, i, data));
    expect(bench.host.pings).toHaveLength(1);
    bench.advance(240 * SECOND);
    expect(bench.host.pings[0]!.disposed).toBe(true);
    expect(bench.slirp.table()).toEqual([]);
  });

  it('C5: is silent about the outside when restricted, and still answers itself', () => {
    const bench = new Bench({ config: { restricted: true } });
    expect(bench.exchange(pingFrame(FILER, 1, 1, data))).toEqual([]);
    expect(bench.host.pings).toEqual([]);
    expect(bench.exchange(pingFrame(HOST, 1, 1, data))).toHaveLength(1);
  });

  it('C6: drops a bad ICMP checksum', () => {
    const bench = new Bench();
    const frame = pingFrame(HOST, 1, 1, data);
    frame[50]! ^= 1;
    expect(bench.exchange(frame)).toEqual([]);
    expect(bench.count('icmp-bad-checksum')).toBe(1);
  });

  it('C7: quotes at most 548 bytes, never later fragments or ICMP errors, and nothing sent to all', () => {
    const bench = new Bench();
    const [error] = bench.exchange(
      udpFrame(ipv4('10.0.2.4'), 1, 7, new Uint8Array(1000), { flagsOffset: IPV4_DF, tos: 0x11 }),
    );
    expect(error!.data).toHaveLength(548);
    expect(error!.ip).toMatchObject({ ttl: 255, tos: 0xd0, dontFragment: true });
    const unreachable = new Uint8Array(36);
    unreachable[0] = 3;
    expect(bench.exchange(ipFrame(PROTO_ICMP, HOST, unreachable, { ttl: 0 }))).toEqual([]);
    expect(bench.exchange(ipFrame(PROTO_UDP, HOST, new Uint8Array(8), { ttl: 0, flagsOffset: 10 }))).toEqual(
      [],
    );
    expect(bench.exchange(udpFrame(ipv4('224.0.0.1'), 1, 7, data, { ttl: 0 }))).toEqual([]);
    expect(bench.count('icmp-error-withheld')).toBe(3);
  });

  it('C8: a closed port of .2 answers as .2, in libslirp as 127.0.0.1', () => {
    for (const [errorSource, from] of [
      ['translated', '10.0.2.2'],
      ['host', '127.0.0.1'],
    ] as const) {
      const bench = new Bench({ config: { profile: { ...LAB_PROFILE, errorSource } } });
      bench.transmit(udpFrame(HOST, 1000, 9, data));
      const to = endpoint4(ipv4('127.0.0.1'), 9);
      bench.host.datagrams[0]!.onError('ECONNREFUSED', to, cause(3, 3, ipv4('127.0.0.1')));
      const [error] = bench.take();
      expect(kind(error)).toBe(`3/3 from ${from}`);
      expect(error!.data).toHaveLength(28 + data.length);
    }
  });

  it('C8: an error of a router comes from the router', () => {
    const bench = new Bench();
    bench.transmit(udpFrame(FILER, 1000, 9, data));
    bench.host.datagrams[0]!.onError('EHOSTUNREACH', endpoint4(FILER, 9), cause(11, 0, ipv4('192.168.76.1')));
    expect(kind(bench.take()[0])).toBe('11/0 from 192.168.76.1');
  });

  it('C8b: TTL 1 ends here; an error about a ping comes back with the ping quoted', () => {
    const bench = new Bench();
    expect(kind(bench.exchange(pingFrame(FILER, 1, 1, data, { ttl: 1 }))[0])).toBe('11/0 from 10.0.2.2');
    expect(bench.host.pings).toEqual([]);
    bench.transmit(pingFrame(FILER, 1, 2, data, { ttl: 2 }));
    expect(bench.host.pings[0]!.sent[0]!.ttl).toBe(1);
    bench.host.pings[0]!.onError(2, cause(11, 0, ipv4('192.168.76.1')));
    const [error] = bench.take();
    expect(kind(error)).toBe('11/0 from 192.168.76.1');
    expect([...error!.data.slice(26, 28)]).toEqual([0, 2]);
    const old = new Bench({ config: { profile: { ...LAB_PROFILE, pingTtl: false } } });
    old.transmit(pingFrame(FILER, 1, 1, data, { ttl: 1 }));
    expect(old.host.pings[0]!.sent[0]!.ttl).toBe(0);
  });

  it('C9: drops an echo that claims more than its frame', () => {
    const bench = new Bench();
    const frame = pingFrame(HOST, 1, 1, data);
    expect(bench.exchange(frame.slice(0, frame.length - 10))).toEqual([]);
    expect(bench.count('ip-length-past-end')).toBe(1);
  });

  it('answers 3/13 where the host has no ping sockets', () => {
    const bench = new Bench({ host: (h) => (h.caps = { ...FULL_CAPS, ping: false }) });
    expect(kind(bench.exchange(pingFrame(FILER, 1, 1, data))[0])).toBe('3/13 from 10.0.2.2');
  });

  it('keeps at most 32 pings without an answer, the latest, and at most 32 sockets', () => {
    const bench = new Bench();
    for (let i = 0; i < 100; i++) bench.transmit(pingFrame(FILER, 7, i, data));
    for (let i = 0; i < 100; i++) bench.host.pings[0]!.onReply({ family: 4, v4: FILER }, i, data, 64);
    const replies = [...bench.take(), ...bench.take()].map((f) => f.icmp!.sequence);
    expect(replies).toEqual(Array.from({ length: 32 }, (_, i) => 68 + i));
    expect(bench.count('ping-outstanding-limit')).toBe(68);
    for (let id = 0; id < 40; id++) bench.transmit(pingFrame(FILER, 100 + id, 1, data));
    expect(bench.slirp.table()).toHaveLength(32);
    expect(bench.host.pings.filter((p) => p.disposed)).toHaveLength(9);
  });
});
