import { describe, expect, it } from 'vitest';
import { ipv4, type Ipv4Addr } from '../base/address.ts';
import { endpoint4 } from '../base/host-sockets.ts';
import { LINUX_TCP } from '../net/tcp/config.ts';
import { TcpConnection } from '../net/tcp/connection.ts';
import { PROTO_TCP } from '../wire/ipv4.ts';
import { ACK_FLAG, RST, SYN, TcpView } from '../wire/tcp.ts';
import type { HostForward } from './config.ts';
import { Bench } from './testing/bench.ts';
import { FULL_CAPS, FakeStream } from './testing/fake-host.ts';
import { GUEST, HOST, ipFrame, tcpFrame, type Seen } from './testing/frames.ts';

const LOOPBACK = ipv4('127.0.0.1');
const SSH: HostForward = {
  protocol: 'tcp',
  hostAddr: LOOPBACK,
  hostPort: 2222,
  guestAddr: GUEST,
  guestPort: 22,
};

function knock(bench: Bench, client: Ipv4Addr, port = 5555): { stream: FakeStream; frames: Seen[] } {
  const stream = new FakeStream(endpoint4(client, port), 'open');
  bench.host.listeners[0]!.onAccept(stream);
  return { stream, frames: bench.take() };
}

describe('forwards into the guest', () => {
  it('R1: opens toward the guest from .2 for a client on the host, else from the client', () => {
    const bench = new Bench({ config: { forwards: [SSH], restricted: true } });
    for (const [client, source] of [
      [LOOPBACK, '10.0.2.2'],
      [ipv4('192.168.76.9'), '192.168.76.9'],
    ] as const) {
      const [syn] = knock(bench, client).frames;
      expect([syn!.src, syn!.dst, syn!.tcp!.srcPort, syn!.tcp!.dstPort]).toEqual([
        source,
        '10.0.2.15',
        5555,
        22,
      ]);
      expect(syn!.tcp!.flags).toBe(SYN);
      expect(syn!.options!.mss).toBe(1460);
    }
  });

  it('carries bytes both ways', () => {
    const bench = new Bench({ config: { forwards: [SSH] } });
    const { stream, frames } = knock(bench, LOOPBACK);
    const tuple = { localAddr: GUEST, localPort: 22, remoteAddr: HOST, remotePort: 5555 };
    const first = new TcpView(frames[0]!.bytes, frames[0]!.tcp!.at, frames[0]!.tcp!.end);
    const guest = TcpConnection.accept(LINUX_TCP, tuple, 77, first, 0);
    const segment = new Uint8Array(1600);
    const talk = (): void => {
      for (let round = 0; round < 20; round++) {
        for (let n = guest.nextSegment(segment, 0, 0); n > 0; n = guest.nextSegment(segment, 0, 0))
          bench.transmit(ipFrame(PROTO_TCP, HOST, segment.slice(0, n)));
        for (const f of bench.take()) guest.segmentArrives(new TcpView(f.bytes, f.tcp!.at, f.tcp!.end), 0);
      }
    };
    stream.push(Uint8Array.of(1, 2, 3));
    talk();
    const got = new Uint8Array(3);
    expect([guest.read(got, 0, 3), ...got]).toEqual([3, 1, 2, 3]);
    guest.write(Uint8Array.of(4, 5), 0, 2);
    talk();
    expect(stream.received).toEqual([4, 5]);
    expect(bench.row).toMatchObject({ state: 'ESTABLISHED', bytesIn: 3, bytesOut: 2 });
  });

  it('R2: a guest that refuses resets the client', () => {
    const bench = new Bench({ config: { forwards: [SSH] } });
    const { stream, frames } = knock(bench, LOOPBACK);
    const ack = (frames[0]!.tcp!.seq + 1) >>> 0;
    bench.transmit(tcpFrame(HOST, { srcPort: 22, dstPort: 5555, seq: 0, ack, flags: RST | ACK_FLAG }));
    expect(stream.calls).toEqual(['abort']);
    expect(bench.slirp.table()).toEqual([]);
  });

  it('R3: a taken port is an error the caller sees, also at the start', () => {
    const bench = new Bench({ config: { forwards: [SSH, SSH] } });
    expect(bench.slirp.failedForwards).toEqual([{ forward: SSH, error: 'EADDRINUSE' }]);
    expect(bench.slirp.addForward({ ...SSH, hostAddr: HOST })).toBe('EADDRINUSE');
    expect(bench.slirp.addForward({ ...SSH, hostPort: 2223 })).toBe(null);
    expect(bench.slirp.forwards()).toHaveLength(2);
    const deaf = new Bench({ host: (h) => (h.caps = { ...FULL_CAPS, listen: false }) });
    expect(deaf.slirp.addForward(SSH)).toBe('EOPNOTSUPP');
    const udp: HostForward = { ...SSH, protocol: 'udp' };
    expect(bench.slirp.addForward(udp)).toBe(null);
    expect(bench.slirp.addForward({ ...udp, hostPort: 9 })).toBe('EADDRINUSE');
    expect(bench.slirp.removeForward(udp)).toBe(true);
    expect(bench.host.datagrams.every((d) => d.disposed)).toBe(true);
  });

  it('R4: removing a forward closes the port and keeps its connections', () => {
    const bench = new Bench({ config: { forwards: [SSH] } });
    const { stream } = knock(bench, LOOPBACK);
    expect(bench.slirp.removeForward(SSH)).toBe(true);
    expect(bench.slirp.removeForward(SSH)).toBe(false);
    expect(bench.host.listeners[0]!.disposed).toBe(true);
    expect(stream.calls).toEqual([]);
    expect(bench.slirp.table()).toHaveLength(1);
  });

  it('tells two clients with one port apart, and bounds how many wait', () => {
    const bench = new Bench({ config: { forwards: [SSH] }, limits: { acceptQueue: 2 } });
    const streams = Array.from({ length: 4 }, () => new FakeStream(endpoint4(LOOPBACK, 5555), 'open'));
    for (const stream of streams) bench.host.listeners[0]!.onAccept(stream);
    const ports = bench.take().map((f) => f.tcp!.srcPort);
    expect(new Set(ports).size).toBe(2);
    expect(streams.map((s) => s.calls)).toEqual([[], [], ['abort'], ['abort']]);
  });

  it('gives up on a guest that does not answer at all', () => {
    const bench = new Bench({ config: { forwards: [SSH] } });
    const { stream } = knock(bench, LOOPBACK);
    bench.advance(200_000_000_000);
    expect(stream.calls).toEqual(['abort']);
    expect(bench.slirp.table()).toEqual([]);
  });
});
