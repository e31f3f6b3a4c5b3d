import { describe, expect, it } from 'vitest';
import { ipv4, IPV4_BROADCAST, IPV4_LOOPBACK, mac } from '../base/address.ts';
import { endpoint4, type Endpoint, type HostStream } from '../base/host-sockets.ts';
import { ETHERTYPE_ARP, etherType } from '../wire/ethernet.ts';
import { IcmpView } from '../wire/icmpv4.ts';
import { Ipv4View } from '../wire/ipv4.ts';
import { pattern } from './tcp/testing/pair.ts';
import { ALPHA, echo, FILER, twoHosts, types, watch, type TwoHosts } from './testing/two-hosts.ts';

const v4 = (addr: typeof ALPHA): { family: 4; v4: typeof ALPHA } => ({ family: 4, v4: addr });
const must = <T>(made: { ok: true; value: T } | { ok: false; error: string }): T => {
  if (!made.ok) throw new Error(made.error);
  return made.value;
};

function serveEcho(w: TwoHosts, at: Endpoint = endpoint4(FILER, 7)): void {
  must(w.b.sockets.listen(at, 128)).onAccept = echo;
}

/** Sends `data` to an echo server and reads it back. */
function echoClient(stream: HostStream, data: Uint8Array): { got: Uint8Array; done: () => boolean } {
  const got = new Uint8Array(data.length);
  let sent = 0;
  let received = 0;
  const pump = (): void => {
    if (sent < data.length) sent += stream.send(data, sent, data.length - sent);
    for (let n = 1; n > 0; received += n) n = stream.recv(got, received, got.length - received);
    if (received === data.length && stream.phase === 'open') stream.shutdownSend();
  };
  stream.onEvent = pump;
  return { got, done: () => received === data.length };
}

describe('a simulated kernel', () => {
  it('answers ping with TTL 64, id, sequence and data kept, after one ARP exchange', () => {
    const w = twoHosts();
    const ping = must(w.a.sockets.ping(4));
    const replies: unknown[] = [];
    ping.onReply = (from, sequence, data, ttl) => replies.push([from, sequence, [...data], ttl]);
    expect(ping.send(v4(FILER), 7, Uint8Array.of(1, 2, 3), 0)).toBeNull();
    w.clock.advance(1e9);
    expect(replies).toEqual([[v4(FILER), 7, [1, 2, 3], 64]]);
    expect(w.frames.map((f) => [f.from, etherType(f.bytes) === ETHERTYPE_ARP, f.bytes.length])).toEqual([
      [0, true, 60],
      [1, true, 60],
      [0, false, 60],
      [1, false, 60],
    ]);
    expect(w.b.counters).toMatchObject({ IcmpInEchos: 1, IcmpOutEchoReps: 1, ArpRepliesSent: 1 });
  });

  it('echoes a UDP datagram and reports a closed port with its cause', () => {
    const w = twoHosts();
    const server = must(w.b.sockets.datagram(4, endpoint4(FILER, 7)));
    server.onReadable = () => {
      for (let d = server.recv(); d !== null; d = server.recv()) server.send(d.from, d.data, 0, 0);
    };
    const client = must(w.a.sockets.datagram(4));
    const got: number[][] = [];
    const errors: unknown[] = [];
    client.onReadable = () => got.push([...client.recv()!.data]);
    client.onError = (error, to, icmp) => errors.push([error, to, icmp]);
    client.send(endpoint4(FILER, 7), Uint8Array.of(9, 8), 0, 0);
    client.send(endpoint4(FILER, 99), Uint8Array.of(1), 0, 0);
    expect(got).toEqual([]);
    w.clock.advance(1e9);
    expect(got).toEqual([[9, 8]]);
    expect(errors).toEqual([
      ['ECONNREFUSED', endpoint4(FILER, 99), { icmpType: 3, code: 3, from: v4(FILER) }],
    ]);
  });

  it('fragments a datagram of 4000 bytes as 1500, 1500, 1068 and puts it together again', () => {
    const w = twoHosts();
    const server = must(w.b.sockets.datagram(4, endpoint4(FILER, 7)));
    const client = must(w.a.sockets.datagram(4));
    client.send(endpoint4(FILER, 7), Uint8Array.of(0), 0, 0);
    w.clock.advance(1e9);
    w.frames.length = 0;
    const data = pattern(4000, 1);
    client.send(endpoint4(FILER, 7), data, 0, 0);
    w.clock.advance(1e9);
    const views = w.frames.map((f) => new Ipv4View(f.bytes, 14, f.bytes.length));
    expect(views.map((v) => [v.length, v.fragmentOffset, v.moreFragments, v.dontFragment])).toEqual([
      [1500, 0, true, false],
      [1500, 1480, true, false],
      [1068, 2960, false, false],
    ]);
    expect(new Set(views.map((v) => v.id)).size).toBe(1);
    server.recv();
    expect(server.recv()?.data).toEqual(data);
    expect(w.b.counters.IpReasmOKs).toBe(1);
  });

  it('queues three packets for an unknown neighbour and sends them when it answers', () => {
    const w = twoHosts();
    const server = must(w.b.sockets.datagram(4, endpoint4(FILER, 7)));
    const client = must(w.a.sockets.datagram(4));
    for (let i = 0; i < 5; i++) client.send(endpoint4(FILER, 7), Uint8Array.of(i), 0, 0);
    w.clock.advance(1e9);
    const got: number[] = [];
    for (let d = server.recv(); d !== null; d = server.recv()) got.push(d.data[0]!);
    expect(got).toEqual([2, 3, 4]);
    expect(w.a.drops.neighbourQueueFull).toBe(2);
    expect(w.a.counters.ArpRequestsSent).toBe(1);
  });

  it('asks three times, a second apart, and then tells that the host is unreachable', () => {
    const w = twoHosts();
    const stream = must(w.a.sockets.connect(endpoint4(ipv4('192.168.76.77'), 80)));
    const events = watch(stream);
    const client = must(w.a.sockets.datagram(4));
    const errors: unknown[] = [];
    client.onError = (error) => errors.push([error, w.clock.now()]);
    client.send(endpoint4(ipv4('192.168.76.77'), 53), Uint8Array.of(1), 0, 0);
    w.clock.advance(60e9);
    expect(w.frames.map((f) => f.at)).toEqual([0, 1e9, 2e9]);
    expect(events).toEqual([
      { type: 'failed', error: 'EHOSTUNREACH', icmp: { icmpType: 3, code: 1, from: v4(ALPHA) } },
      { type: 'closed' },
    ]);
    expect(errors).toEqual([['EHOSTUNREACH', 3e9]]);
    expect(w.a.connections()).toEqual([]);
  });

  it('has no way to a network without a route, and one through the gateway with it', () => {
    const w = twoHosts();
    const far = endpoint4(ipv4('10.9.9.9'), 80);
    expect(w.a.sockets.connect(far)).toEqual({ ok: false, error: 'ENETUNREACH' });
    expect(w.a.setDefaultGateway(ipv4('10.0.0.1'))).toBe(false);
    expect(w.a.setDefaultGateway(FILER)).toBe(true);
    const events = watch(must(w.a.sockets.connect(far)));
    w.clock.advance(1e9);
    expect(events).toEqual([]);
    expect(w.b.counters.IpInAddrErrors).toBe(1);
  });

  it('is refused where nobody listens', () => {
    const w = twoHosts();
    const events = watch(must(w.a.sockets.connect(endpoint4(FILER, 81))));
    w.clock.advance(1e9);
    expect(events).toEqual([{ type: 'failed', error: 'ECONNREFUSED', icmp: null }, { type: 'closed' }]);
  });

  it('echoes 1 MB over TCP both ways, and both sides close in order', () => {
    const w = twoHosts();
    serveEcho(w);
    const stream = must(w.a.sockets.connect(endpoint4(FILER, 7)));
    const data = pattern(1_000_000, 2);
    const client = echoClient(stream, data);
    expect(w.clock.run(client.done)).toBe(true);
    expect(Buffer.compare(client.got, data)).toBe(0);
    w.clock.advance(1e9);
    expect(stream.phase).toBe('closed');
    expect(w.a.counters.TcpRetransSegs + w.b.counters.TcpRetransSegs).toBe(0);
    w.clock.advance(61e9);
    expect(w.a.connections()).toEqual([]);
    expect(w.b.connections()).toEqual([]);
  });

  it('numbers packets as Linux does: per connection, SYN-ACK 0, DF set', () => {
    const w = twoHosts();
    serveEcho(w);
    const client = echoClient(must(w.a.sockets.connect(endpoint4(FILER, 7))), pattern(20_000, 2));
    w.clock.run(client.done);
    const packets = w.frames.filter((f) => etherType(f.bytes) !== ETHERTYPE_ARP);
    const views = packets.map((f) => ({ from: f.from, v: new Ipv4View(f.bytes, 14, f.bytes.length) }));
    expect(views.every(({ v }) => v.dontFragment && v.ttl === 64)).toBe(true);
    const ids = views.filter(({ from }) => from === 0).map(({ v }) => v.id);
    expect(ids.every((id, i) => i === 0 || id === ((ids[i - 1]! + 1) & 0xffff))).toBe(true);
    expect(views.find(({ from }) => from === 1)!.v.id).toBe(0);
  });

  it('survives loss', () => {
    let n = 0;
    const w = twoHosts({ lose: () => n++ % 23 === 7 });
    serveEcho(w);
    const data = pattern(300_000, 3);
    const client = echoClient(must(w.a.sockets.connect(endpoint4(FILER, 7))), data);
    expect(w.clock.run(client.done)).toBe(true);
    expect(Buffer.compare(client.got, data)).toBe(0);
    expect(w.a.counters.TcpRetransSegs).toBeGreaterThan(0);
  });

  it('waits for a link that is not ready and drops nothing', () => {
    const w = twoHosts({ room: 4 });
    serveEcho(w);
    const data = pattern(500_000, 4);
    const client = echoClient(must(w.a.sockets.connect(endpoint4(FILER, 7))), data);
    expect(w.clock.run(client.done)).toBe(true);
    expect(Buffer.compare(client.got, data)).toBe(0);
    expect(w.a.counters.TcpRetransSegs).toBe(0);
    expect(w.a.drops.txQueueFull).toBe(0);
  });

  it('bounds the queue of an interface and counts what it drops', () => {
    const w = twoHosts({ room: 1, delay: 1e6 });
    const client = must(w.a.sockets.datagram(4));
    client.send(endpoint4(FILER, 9), Uint8Array.of(1), 0, 0);
    w.clock.advance(1e9);
    for (let i = 0; i < 1200; i++) client.send(endpoint4(FILER, 9), Uint8Array.of(1), 0, 0);
    expect(w.a.drops.txQueueFull).toBe(199);
  });

  it('works over a link without any delay', () => {
    const w = twoHosts({ delay: 0 });
    serveEcho(w);
    const data = pattern(200_000, 5);
    const client = echoClient(must(w.a.sockets.connect(endpoint4(FILER, 7))), data);
    expect(w.clock.run(client.done)).toBe(true);
    expect(Buffer.compare(client.got, data)).toBe(0);
  });

  it('serves 200 connections at once', () => {
    const w = twoHosts();
    serveEcho(w);
    const clients = Array.from({ length: 200 }, (_, i) => {
      const data = pattern(5000, i);
      return { data, ...echoClient(must(w.a.sockets.connect(endpoint4(FILER, 7))), data) };
    });
    // The listener's backlog is 128: some SYNs come again after a second.
    expect(w.clock.run(() => clients.every((c) => c.done()))).toBe(true);
    expect(clients.every((c) => Buffer.compare(c.got, c.data) === 0)).toBe(true);
    const ports = w.a.connections().map((c) => c.tuple.localPort);
    expect(new Set(ports).size).toBe(ports.length);
    expect(ports.every((p) => p >= 32768 && p <= 60999 && p % 2 === 0)).toBe(true);
  });

  it('reaches itself by 127.0.0.1 and by its own address without a frame on the wire', () => {
    const w = twoHosts();
    must(w.a.sockets.listen(endpoint4(ipv4('0.0.0.0'), 80), 5)).onAccept = echo;
    for (const target of [IPV4_LOOPBACK, ALPHA]) {
      const data = pattern(300_000, 6);
      const client = echoClient(must(w.a.sockets.connect(endpoint4(target, 80))), data);
      expect(w.clock.run(client.done)).toBe(true);
      expect(Buffer.compare(client.got, data)).toBe(0);
    }
    const refused = watch(must(w.a.sockets.connect(endpoint4(IPV4_LOOPBACK, 81))));
    w.clock.advance(1e9);
    expect(types(refused)).toEqual(['failed', 'closed']);
    expect(w.frames).toEqual([]);
  });

  it('receives broadcasts, sends them out of the interface it is bound to', () => {
    const w = twoHosts();
    const server = must(w.b.sockets.datagram(4, endpoint4(ipv4('0.0.0.0'), 67)));
    const client = must(w.a.sockets.datagram(4, endpoint4(ALPHA, 68)));
    client.send(endpoint4(IPV4_BROADCAST, 67), Uint8Array.of(1), 0, 0);
    client.send(endpoint4(ipv4('192.168.76.255'), 67), Uint8Array.of(2), 0, 0);
    client.send(endpoint4(IPV4_BROADCAST, 69), Uint8Array.of(3), 0, 0);
    w.clock.advance(1e9);
    expect([server.recv()?.data[0], server.recv()?.data[0], server.recv()]).toEqual([1, 2, null]);
    expect(w.frames.length).toBe(3);
    expect([...w.frames[0]!.bytes.subarray(0, 6)]).toEqual([255, 255, 255, 255, 255, 255]);
  });

  it('sends to an address it was told the MAC of without asking', () => {
    const w = twoHosts();
    const server = must(w.b.sockets.datagram(4, endpoint4(FILER, 67)));
    expect(w.b.addNeighbour(ipv4('192.168.76.100'), mac('52:54:00:12:34:56'))).toBe(true);
    server.send(endpoint4(ipv4('192.168.76.100'), 68), Uint8Array.of(1), 0, 0);
    expect(w.frames.map((f) => [...f.bytes.subarray(0, 6)])).toEqual([[0x52, 0x54, 0, 0x12, 0x34, 0x56]]);
  });

  it('tells that it does not know a protocol, quoting the packet, but not to broadcasts', () => {
    const w = twoHosts();
    const ping = must(w.a.sockets.ping(4));
    ping.send(v4(FILER), 1, new Uint8Array(0), 0);
    w.clock.advance(1e9);
    const raw = w.frames.find((f) => f.from === 0 && etherType(f.bytes) !== ETHERTYPE_ARP)!.bytes.slice();
    raw[23] = 47;
    // The header checksum goes down by what the protocol went up.
    const sum = ((raw[24]! << 8) | raw[25]!) - 46;
    raw[24] = sum >> 8;
    raw[25] = sum;
    const bounce = twoHosts();
    bounce.b.addNeighbour(ALPHA, mac('00:14:22:0a:00:10'));
    bounce.a.interfaces[0]!.transmit(raw, raw.length, 1);
    bounce.clock.advance(1e6);
    const reply = bounce.frames[1]!;
    const ip = new Ipv4View(reply.bytes, 14, reply.bytes.length);
    const icmp = new IcmpView(reply.bytes, ip.payload, ip.packetEnd);
    expect([icmp.fault(), icmp.type, icmp.code, ip.tos]).toEqual([undefined, 3, 2, 0xc0]);
  });

  it('checks a neighbour again by unicast when it is used after half a minute', () => {
    const w = twoHosts();
    const ping = must(w.a.sockets.ping(4));
    ping.send(v4(FILER), 1, new Uint8Array(0), 0);
    w.clock.advance(40e9);
    ping.send(v4(FILER), 2, new Uint8Array(0), 0);
    w.frames.length = 0;
    w.clock.advance(10e9);
    const arps = w.frames.filter((f) => etherType(f.bytes) === ETHERTYPE_ARP);
    expect(arps[0]!.at).toBe(45e9);
    expect([...arps[0]!.bytes.subarray(0, 6)]).toEqual([0, 0x25, 0x90, 0x0a, 0, 2]);
    expect(w.a.neighbours()[0]!.state).toBe('REACHABLE');
  });

  it('throws nothing and answers nothing to frames that are cut or mangled', () => {
    const w = twoHosts();
    serveEcho(w);
    const client = echoClient(must(w.a.sockets.connect(endpoint4(FILER, 7))), pattern(3000, 2));
    w.clock.run(client.done);
    const samples = w.frames.filter((f) => f.from === 0).map((f) => f.bytes);
    let seed = 1;
    const next = (n: number): number => (seed = (seed * 48271) % 2147483647) % n;
    for (let i = 0; i < 3000; i++) {
      const frame = samples[next(samples.length)]!.slice();
      for (let k = next(4); k >= 0; k--) frame[next(frame.length)] = next(256);
      const cut = frame.slice(0, 1 + next(frame.length));
      const buffer = new Uint8Array(2000);
      buffer.set(cut);
      w.a.interfaces[0]!.transmit(buffer, cut.length, 1);
    }
    expect(() => w.clock.advance(1e9)).not.toThrow();
    expect(w.b.neighbours().length).toBeLessThan(1025);
  });

  it('leaves no timer and no port behind', () => {
    const w = twoHosts();
    serveEcho(w);
    watch(must(w.a.sockets.connect(endpoint4(FILER, 7))));
    must(w.a.sockets.datagram(4));
    w.clock.advance(1e6);
    w.a.dispose();
    w.b.dispose();
    expect(w.a.ports()).toEqual({ tcp: [], udp: [] });
    expect(w.b.ports()).toEqual({ tcp: [], udp: [] });
    w.clock.advance(1e6);
    expect(w.clock.leftover).toBe(0);
  });

  it('saves and restores its tables', () => {
    const w = twoHosts();
    const ping = must(w.a.sockets.ping(4));
    ping.send(v4(FILER), 1, new Uint8Array(0), 0);
    w.clock.advance(1e9);
    const state = w.a.save();
    const twin = twoHosts({ seed: 99 });
    twin.a.restore(state);
    expect(twin.a.neighbours()).toEqual(w.a.neighbours());
    expect(twin.a.counters).toEqual(w.a.counters);
    must(twin.a.sockets.ping(4)).send(v4(FILER), 2, new Uint8Array(0), 0);
    expect(twin.frames.every((f) => etherType(f.bytes) !== ETHERTYPE_ARP)).toBe(true);
  });
});
