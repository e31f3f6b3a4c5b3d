import { describe, expect, it } from 'vitest';
import { ipv4 } from '../base/address.ts';

import { SECOND } from '../base/clock.ts';
import { endpoint4 } from '../base/host-sockets.ts';
import { LAB_PROFILE } from './config.ts';
import { Bench } from './testing/bench.ts';
import { FULL_CAPS } from './testing/fake-host.ts';
import { DNS, FILER, GUEST, HOST, udpFrame, type Seen } from './testing/frames.ts';

const LOOPBACK = ipv4('127.0.0.1');
const MINUTE_NS = 60 * SECOND;
const bytes = (...b: number[]): Uint8Array => Uint8Array.of(...b);
const icmpOf = (frames: Seen[]): string[] =>
  frames.map((f) => `${f.icmp?.type}/${f.icmp?.code} from ${f.src}`);
const from = (f: Seen): string => `${f.src}:${f.udp?.srcPort}`;

describe('UDP', () => {
  it('U1: two destinations from one guest port share one host socket, and each answers under its own name', () => {
    const bench = new Bench();
    bench.transmit(udpFrame(FILER, 1000, 7, bytes(1)));
    bench.transmit(udpFrame(HOST, 1000, 9, bytes(2)));
    const [socket, ...others] = bench.host.datagrams;
    expect(others).toEqual([]);
    expect(socket!.sent.map((s) => s.to)).toEqual([endpoint4(FILER, 7), endpoint4(LOOPBACK, 9)]);
    socket!.arrive(endpoint4(FILER, 7), bytes(3));
    socket!.arrive(endpoint4(LOOPBACK, 9), bytes(4));
    const frames = bench.take();
    expect(frames.map(from)).toEqual(['192.168.76.2:7', '10.0.2.2:9']);
    expect(frames.map((f) => [f.dst, f.udp!.dstPort, ...f.data])).toEqual([
      ['10.0.2.15', 1000, 3],
      ['10.0.2.15', 1000, 4],
    ]);
    expect(frames[0]!.ip).toMatchObject({ ttl: 64, tos: 0, dontFragment: false });
  });

  it('U2: a stranger is turned away; libslirp lets anyone in; another port of a known host is no stranger', () => {
    const stranger = endpoint4(ipv4('192.168.76.99'), 7);
    const lab = new Bench();
    lab.transmit(udpFrame(FILER, 1000, 7, bytes(1)));
    lab.host.datagrams[0]!.arrive(stranger, bytes(6));
    expect(lab.take()).toEqual([]);
    expect(lab.count('udp-stranger')).toBe(1);
    lab.host.datagrams[0]!.arrive(endpoint4(FILER, 4242), bytes(6));
    expect(lab.take().map(from)).toEqual(['192.168.76.2:4242']);
    const old = new Bench({ config: { profile: { ...LAB_PROFILE, udpFilter: 'none' } } });
    old.transmit(udpFrame(FILER, 1000, 7, bytes(1)));
    old.host.datagrams[0]!.arrive(stranger, bytes(6));
    expect(old.take().map(from)).toEqual(['192.168.76.99:7']);
  });

  it('U3: closes the socket after 240 s without traffic; each packet starts the time anew', () => {
    const bench = new Bench();
    bench.transmit(udpFrame(FILER, 1000, 7, bytes(1)));
    bench.advance(3 * MINUTE_NS);
    bench.host.datagrams[0]!.arrive(endpoint4(FILER, 7), bytes(2));
    bench.advance(3 * MINUTE_NS);
    expect(bench.host.datagrams[0]!.disposed).toBe(false);
    expect(bench.row).toMatchObject({
      protocol: 'udp',
      bytesOut: 1,
      bytesIn: 1,
      idleNs: 3 * MINUTE_NS,
      ageNs: 6 * MINUTE_NS,
    });
    bench.advance(MINUTE_NS);
    expect(bench.host.datagrams[0]!.disposed).toBe(true);
    expect(bench.slirp.table()).toEqual([]);
    expect(bench.clock.leftover).toBe(0);
  });

  it('U4: answers TTL 1 with time exceeded and sends nothing', () => {
    const bench = new Bench();
    expect(icmpOf(bench.exchange(udpFrame(FILER, 1000, 7, bytes(1), { ttl: 1 })))).toEqual([
      '11/0 from 10.0.2.2',
    ]);
    expect(bench.host.datagrams).toEqual([]);
  });

  it('U5: passes the guest’s TTL less one and its TOS on, where the host can set them', () => {
    const bench = new Bench();
    bench.transmit(udpFrame(FILER, 1000, 7, bytes(1), { ttl: 9, tos: 16 }));
    expect(bench.host.datagrams[0]!.sent[0]).toMatchObject({ ttl: 8, tos: 16 });
    const coarse = new Bench({ host: (h) => (h.caps = { ...FULL_CAPS, ttl: false }) });
    coarse.transmit(udpFrame(FILER, 1000, 7, bytes(1), { ttl: 9 }));
    expect(coarse.host.datagrams[0]!.sent[0]!.ttl).toBe(0);
  });

  it('U6: drops a wrong checksum and accepts none', () => {
    const bench = new Bench();
    const frame = udpFrame(FILER, 1000, 7, bytes(1, 2));
    frame[43]! ^= 1;
    bench.transmit(frame);
    expect(bench.count('udp-bad-checksum')).toBe(1);
    frame[40] = frame[41] = 0;
    bench.transmit(frame);
    expect(bench.host.datagrams[0]!.sent[0]!.data).toEqual(bytes(1, 3));
  });

  it('U7: drops broadcasts; libslirp gives them to the host’s loopback', () => {
    const frame = udpFrame(ipv4('255.255.255.255'), 1000, 7, bytes(1));
    const lab = new Bench();
    expect(lab.exchange(frame)).toEqual([]);
    expect(lab.host.datagrams).toEqual([]);
    const old = new Bench({ config: { profile: { ...LAB_PROFILE, broadcast: 'loopback' } } });
    old.transmit(frame);
    expect(old.host.datagrams[0]!.sent[0]!.to).toEqual(endpoint4(LOOPBACK, 7));
  });

  it('U8: lets nothing but DHCP through when restricted', () => {
    const bench = new Bench({ config: { restricted: true } });
    expect(bench.exchange(udpFrame(FILER, 1000, 7, bytes(1)))).toEqual([]);
    expect(bench.exchange(udpFrame(DNS, 1000, 53, bytes(1)))).toEqual([]);
    expect(bench.host.datagrams).toEqual([]);
  });

  it('U9: reads no more than five datagrams while the guest takes nothing, and the rest when it does', () => {
    const bench = new Bench();
    bench.transmit(udpFrame(FILER, 1000, 7, bytes(1)));
    bench.guestTakes = false;
    const socket = bench.host.datagrams[0]!;
    for (let i = 0; i < 20; i++) socket.arrive(endpoint4(FILER, 7), bytes(i));
    expect(bench.take()).toEqual([]);
    expect(socket.inbox).toHaveLength(15);
    bench.resume();
    expect(bench.take().map((f) => f.data[0])).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('U10: survives port 0 and address 0.0.0.0', () => {
    const bench = new Bench();
    bench.transmit(udpFrame(FILER, 0, 0, bytes(1)));
    bench.transmit(udpFrame(ipv4('0.0.0.0'), 0, 0, bytes(1)));
    bench.transmit(udpFrame(FILER, 0, 0, bytes(1), { src: ipv4('0.0.0.0') }));
    expect(bench.take().length).toBeLessThanOrEqual(1);
  });

  it('U11: drops a UDP length past the packet, ignores bytes behind it', () => {
    const bench = new Bench();
    const frame = udpFrame(FILER, 1000, 7, bytes(1, 2));
    frame[39] = 11;
    frame[40] = frame[41] = 0;
    bench.transmit(frame);
    expect(bench.count('udp-length-past-end')).toBe(1);
    frame[39] = 9;
    bench.transmit(frame);
    expect(bench.host.datagrams[0]!.sent[0]!.data).toEqual(bytes(1));
  });

  it('U12: an asker through a forward gets its answer, and shows as .2 when it is the host itself', () => {
    const forward = {
      protocol: 'udp',
      hostAddr: LOOPBACK,
      hostPort: 5353,
      guestAddr: GUEST,
      guestPort: 69,
    } as const;
    const bench = new Bench({ config: { forwards: [forward], restricted: true } });
    const socket = bench.host.datagrams[0]!;
    expect(socket.local).toEqual(endpoint4(LOOPBACK, 5353));
    for (const [addr, name] of [
      ['127.0.0.1', HOST],
      ['192.168.76.9', ipv4('192.168.76.9')],
    ] as const) {
      socket.arrive(endpoint4(ipv4(addr), 3333), bytes(1));
      const [asked] = bench.take();
      expect([asked!.ip!.src, asked!.udp!.srcPort, asked!.udp!.dstPort]).toEqual([name, 3333, 69]);
      bench.transmit(udpFrame(name, 69, 3333, bytes(2)));
      expect(socket.sent.at(-1)!.to).toEqual(endpoint4(ipv4(addr), 3333));
    }
    bench.advance(600 * SECOND);
    expect(bench.row).toMatchObject({ state: 'FORWARD' });
  });

  it('says what a failed send means: 3/0, 3/1, 3/13', () => {
    const bench = new Bench();
    bench.transmit(udpFrame(FILER, 1000, 7, bytes(1)));
    const answers = (['ENETUNREACH', 'EHOSTUNREACH', 'EACCES', 'EMSGSIZE'] as const).flatMap((error) => {
      bench.host.datagrams[0]!.sendError = error;
      return icmpOf(bench.exchange(udpFrame(FILER, 1000, 7, bytes(1))));
    });
    expect(answers).toEqual(['3/0 from 10.0.2.2', '3/1 from 10.0.2.2', '3/13 from 10.0.2.2']);
  });

  it('tells that other addresses of the virtual network, loopback addresses and TFTP are not there', () => {
    const bench = new Bench();
    const to = (addr: string, port = 7): string[] =>
      icmpOf(bench.exchange(udpFrame(ipv4(addr), 1000, port, bytes(1))));
    expect([to('10.0.2.77'), to('127.0.0.1'), to('10.0.2.2', 69)]).toEqual([
      ['3/1 from 10.0.2.2'],
      ['3/1 from 10.0.2.2'],
      ['3/3 from 10.0.2.2'],
    ]);
    expect(bench.host.datagrams).toEqual([]);
  });

  it('keeps at most 256 flows, the latest used, and opens no more than 50 sockets a second after a burst of 100', () => {
    const bench = new Bench();
    for (let i = 0; i < 150; i++) bench.transmit(udpFrame(FILER, 1000 + i, 7, bytes(1)));
    expect(bench.slirp.table()).toHaveLength(100);
    expect(bench.count('socket-rate-limit')).toBe(50);
    for (let i = 0; i < 400; i++) {
      bench.advance(SECOND / 50);
      bench.transmit(udpFrame(FILER, 2000 + i, 7, bytes(1)));
    }
    expect(bench.slirp.table()).toHaveLength(256);
    expect(bench.host.datagrams.filter((d) => !d.disposed)).toHaveLength(256);
    expect(bench.row!.guest.port).toBe(2144);
  });

  it('remembers at most 32 remotes of one flow', () => {
    const bench = new Bench();
    for (let i = 0; i < 40; i++) bench.transmit(udpFrame(ipv4(`192.168.76.${100 + i}`), 1000, 7, bytes(1)));
    const socket = bench.host.datagrams[0]!;
    socket.arrive(endpoint4(ipv4('192.168.76.100'), 7), bytes(1));
    socket.arrive(endpoint4(ipv4('192.168.76.139'), 7), bytes(1));
    expect(bench.take().map(from)).toEqual(['192.168.76.139:7']);
  });

  it('answers 3/13 where the host has no UDP', () => {
    const bench = new Bench({ host: (h) => (h.caps = { ...FULL_CAPS, udp: 'none' }) });
    expect(icmpOf(bench.exchange(udpFrame(FILER, 1000, 7, bytes(1))))).toEqual(['3/13 from 10.0.2.2']);
  });
});

describe('DNS address', () => {
  it('N1: .3:53 goes to the first name server and answers come from .3:53', () => {
    const bench = new Bench();
    bench.transmit(udpFrame(DNS, 1000, 53, bytes(1)));
    const socket = bench.host.datagrams[0]!;
    expect(socket.sent[0]!.to).toEqual(endpoint4(FILER, 53));
    socket.arrive(endpoint4(FILER, 53), bytes(2));
    expect(bench.take().map(from)).toEqual(['10.0.2.3:53']);
  });

  it('N1: a name server that changed counts at once', () => {
    const bench = new Bench();
    bench.transmit(udpFrame(DNS, 1000, 53, bytes(1)));
    bench.host.servers = [endpoint4(ipv4('192.168.76.3'), 5300)];
    bench.transmit(udpFrame(DNS, 1000, 53, bytes(1)));
    const socket = bench.host.datagrams[0]!;
    expect(socket.sent[1]!.to).toEqual(endpoint4(ipv4('192.168.76.3'), 5300));
    socket.arrive(endpoint4(ipv4('192.168.76.3'), 5300), bytes(2));
    expect(bench.take().map(from)).toEqual(['10.0.2.3:53']);
  });

  it('N3: other ports of .3 are unreachable with 3/0; before libslirp 4.3 they led there too', () => {
    const frame = udpFrame(DNS, 1000, 123, bytes(1));
    expect(icmpOf(new Bench().exchange(frame))).toEqual(['3/0 from 10.0.2.2']);
    const old = new Bench({ config: { profile: { ...LAB_PROFILE, dnsAnyPort: true } } });
    old.transmit(frame);
    expect(old.host.datagrams[0]!.sent[0]!.to).toEqual(endpoint4(FILER, 123));
  });

  it('N4: the flow ends 10 s after the answer, 240 s after a question without one', () => {
    const bench = new Bench();
    bench.transmit(udpFrame(DNS, 1000, 53, bytes(1)));
    bench.advance(20 * SECOND);
    bench.host.datagrams[0]!.arrive(endpoint4(FILER, 53), bytes(2));
    bench.advance(9 * SECOND);
    expect(bench.slirp.table()).toHaveLength(1);
    bench.advance(SECOND);
    expect(bench.slirp.table()).toEqual([]);
  });

  it('N5, N6: without a name server 3/0; switched off, .3 is an address nobody has: 3/1', () => {
    const frame = udpFrame(DNS, 1000, 53, bytes(1));
    const none = new Bench({ host: (h) => (h.servers = []) });
    expect(icmpOf(none.exchange(frame))).toEqual(['3/0 from 10.0.2.2']);
    const off = new Bench({ config: { disableDns: true } });
    expect(icmpOf(off.exchange(frame))).toEqual(['3/1 from 10.0.2.2']);
  });
});

describe('isolation', () => {
  it('R7: disableHostLoopback makes .2 unreachable with 3/0, and link-local prohibited', () => {
    const bench = new Bench({ config: { disableHostLoopback: true } });
    expect(icmpOf(bench.exchange(udpFrame(HOST, 1000, 7, bytes(1))))).toEqual(['3/0 from 10.0.2.2']);
    expect(icmpOf(bench.exchange(udpFrame(ipv4('169.254.169.254'), 1000, 80, bytes(1))))).toEqual([
      '3/13 from 10.0.2.2',
    ]);
  });

  it('R8: a policy sees the translated address and its refusal is 3/13', () => {
    const asked: string[] = [];
    const policy = {
      stream: () => null,
      datagram: (to: { port: number }) => {
        asked.push(JSON.stringify(to));
        return 'EACCES' as const;
      },
    };
    const bench = new Bench({ config: { policy } });
    expect(icmpOf(bench.exchange(udpFrame(HOST, 1000, 7, bytes(1))))).toEqual(['3/13 from 10.0.2.2']);
    expect(asked).toEqual([JSON.stringify(endpoint4(LOOPBACK, 7))]);
  });

  it('refuses to start on a real network without a policy', () => {
    expect(() => new Bench({ host: (h) => (h.caps = { ...FULL_CAPS, realNetwork: true }) })).toThrow(
      /policy/,
    );
  });
});
