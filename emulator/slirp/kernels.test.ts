/** SLIRP between two real ends: a guest's kernel on its link, the host's kernel under its sockets, a server behind that on the LAN. */
import { describe, expect, it } from 'vitest';
import { ipv4 } from '../base/address.ts';
import { PacketIds } from '../base/frame.ts';
import { endpoint4, type Endpoint, type HostStream } from '../base/host-sockets.ts';
import { NULL_LEDGER } from '../base/ledger.ts';
import { Xoshiro128 } from '../base/random.ts';
import { SimulatedKernel } from '../net/kernel.ts';
import { FILER, echo, twoHosts, types, watch, type TwoHosts } from '../net/testing/two-hosts.ts';
import { FreeContext } from '../time/context.ts';
import { DEFAULT_CONFIG, type SlirpConfig } from './config.ts';
import { Slirp } from './slirp.ts';
import { GUEST, GUEST_MAC, HOST } from './testing/frames.ts';
import { difference, stream as pattern } from './testing/guest-tcp.ts';

interface World extends TwoHosts {
  readonly slirp: Slirp;
  readonly guest: SimulatedKernel;
}

function world(config: Partial<SlirpConfig> = {}): World {
  const lan = twoHosts({ delay: 50_000 });
  const random = new Xoshiro128(9);
  const ids = new PacketIds(1_000_000);
  const slirp = new Slirp({
    config: { ...DEFAULT_CONFIG, ...config },
    clock: lan.clock,
    random,
    ids,
    ledger: NULL_LEDGER,
    sockets: lan.a.sockets,
    mainLoop: new FreeContext('main', lan.clock),
  });
  const guest = new SimulatedKernel({
    name: 'vm1',
    clock: lan.clock,
    random: random.fork('vm1'),
    ids,
    ledger: NULL_LEDGER,
  });
  guest.addInterface({ name: 'eth0', mac: GUEST_MAC, address: GUEST, prefix: 24, link: slirp.link });
  guest.setDefaultGateway(HOST);
  return { ...lan, slirp, guest };
}

const connect = (w: World, to: Endpoint): HostStream => {
  const made = w.guest.sockets.connect(to);
  if (!made.ok) throw new Error(made.error);
  return made.value;
};
const serve = (kernel: SimulatedKernel, port: number, onAccept: (s: HostStream) => void): void => {
  const made = kernel.sockets.listen(endpoint4(ipv4('0.0.0.0'), port), 8);
  if (!made.ok) throw new Error(made.error);
  made.value.onAccept = onAccept;
};

/** Sends `bytes` and collects what comes back until the far side ends. */
function exchange(
  w: World,
  stream: HostStream,
  bytes: Uint8Array,
): { readonly got: number[]; readonly events: string[] } {
  const got: number[] = [];
  const events: string[] = [];
  const buffer = new Uint8Array(65_536);
  let sent = 0;
  stream.onEvent = (e) => {
    events.push(e.type);
    while (sent < bytes.length) {
      const n = stream.send(bytes, sent, bytes.length - sent);
      if (n === 0) break;
      sent += n;
      if (sent === bytes.length) stream.shutdownSend();
    }
    for (let n = stream.recv(buffer, 0, buffer.length); n > 0; n = stream.recv(buffer, 0, buffer.length))
      for (let i = 0; i < n; i++) got.push(buffer[i]!);
  };
  w.clock.run(() => events.includes('ended') || events.includes('reset') || events.includes('failed'));
  return { got, events };
}

describe('SLIRP between kernels', () => {
  it('carries 400 kB to an echo server on the LAN and back, ends both sides, and leaves nothing', () => {
    const w = world();
    serve(w.b, 7, echo);
    const stream = connect(w, endpoint4(FILER, 7));
    const { got, events } = exchange(w, stream, pattern(400_000));
    expect(difference(got, pattern(400_000))).toBe(-1);
    expect(events).not.toContain('reset');
    expect(w.slirp.counters.save()).toMatchObject({ 'tcp-connects': 1, 'tcp-connected': 1 });
    stream.close();
    w.clock.advance(200e9);
    expect(w.slirp.table()).toEqual([]);
    expect(w.a.connections()).toEqual([]);
    expect(w.guest.connections()).toEqual([]);
  });

  it('shows the filer alpha’s address and the guest the filer’s', () => {
    const w = world();
    const clients: (Endpoint | null)[] = [];
    serve(w.b, 7, (s) => void clients.push(s.remote));
    const stream = connect(w, endpoint4(FILER, 7));
    watch(stream);
    w.clock.run(() => clients.length > 0);
    expect(clients[0]!.ip).toEqual({ family: 4, v4: ipv4('192.168.76.10') });
    expect(stream.remote).toEqual(endpoint4(FILER, 7));
    expect(w.slirp.table()[0]).toMatchObject({ guest: { ip: { v4: GUEST } }, remote: endpoint4(FILER, 7) });
  });

  it('leads 10.0.2.2 to alpha’s own loopback services', () => {
    const w = world();
    serve(w.a, 8080, echo);
    const { got } = exchange(w, connect(w, endpoint4(HOST, 8080)), pattern(50_000));
    expect(difference(got, pattern(50_000))).toBe(-1);
  });

  it('tells the guest the truth: refused where nobody listens, unreachable where nobody is', () => {
    const w = world();
    const refused = watch(connect(w, endpoint4(FILER, 9)));
    const nobody = watch(connect(w, endpoint4(ipv4('192.168.76.77'), 9)));
    const unused = watch(connect(w, endpoint4(ipv4('10.0.2.4'), 9)));
    w.clock.run(() => [refused, nobody, unused].every((e) => e.length > 0));
    const errors = [refused, nobody, unused].map(([e]) => (e?.type === 'failed' ? e.error : e?.type));
    // 3/1 and the guest's own failed ARP for an address on its link are the same error to a program.
    expect(errors).toEqual(['ECONNREFUSED', 'EHOSTUNREACH', 'EHOSTUNREACH']);
    expect(w.slirp.table()).toEqual([]);
  });

  it('passes a reset through in both directions', () => {
    const w = world();
    const accepted: HostStream[] = [];
    serve(w.b, 7, (s) => void accepted.push(s));
    const one = connect(w, endpoint4(FILER, 7));
    const oneEvents = watch(one);
    w.clock.run(() => accepted.length === 1);
    accepted[0]!.abort();
    w.clock.run(() => types(oneEvents).includes('reset'));
    expect(types(oneEvents)).toContain('reset');
    const two = connect(w, endpoint4(FILER, 7));
    watch(two);
    w.clock.run(() => accepted.length === 2);
    const farEvents = watch(accepted[1]!);
    two.abort();
    w.clock.run(() => types(farEvents).includes('reset'));
    expect(types(farEvents)).toContain('reset');
    w.clock.advance(1e9);
    expect(w.slirp.table()).toEqual([]);
  });

  it('holds a fast sender back when the guest does not read, and loses nothing', () => {
    const w = world();
    const bytes = pattern(2_000_000);
    let pushed = 0;
    serve(w.b, 7, (s) => {
      const push = (): void => {
        for (
          let n = s.send(bytes, pushed, bytes.length - pushed);
          n > 0;
          n = s.send(bytes, pushed, bytes.length - pushed)
        )
          pushed += n;
        if (pushed === bytes.length) s.shutdownSend();
      };
      s.onEvent = push;
      push();
    });
    const stream = connect(w, endpoint4(FILER, 7));
    const events = watch(stream);
    w.clock.advance(30e9);
    const { bytesIn } = w.slirp.table()[0]!;
    expect(bytesIn).toBeLessThan(700_000);
    const got: number[] = [];
    const buffer = new Uint8Array(65_536);
    const read = (): void => {
      for (let n = stream.recv(buffer, 0, buffer.length); n > 0; n = stream.recv(buffer, 0, buffer.length))
        for (let i = 0; i < n; i++) got.push(buffer[i]!);
    };
    stream.onEvent = (e) => {
      events.push(e);
      read();
    };
    read();
    w.clock.run(() => got.length === bytes.length);
    expect(difference(got, bytes)).toBe(-1);
  });

  it('exchanges datagrams, and brings the port unreachable of the filer back from the filer', () => {
    const w = world();
    const server = w.b.sockets.datagram(4, endpoint4(FILER, 5303));
    const client = w.guest.sockets.datagram(4);
    if (!server.ok || !client.ok) throw new Error('no socket');
    server.value.onReadable = () => {
      for (let d = server.value.recv(); d !== null; d = server.value.recv())
        server.value.send(d.from, d.data, 0, 0);
    };
    const errors: string[] = [];
    client.value.onError = (error, _to, icmp) =>
      errors.push(`${error} ${icmp?.icmpType}/${icmp?.code} ${JSON.stringify(icmp?.from)}`);
    client.value.send(endpoint4(FILER, 5303), pattern(3000), 0, 0);
    w.clock.advance(1e9);
    const answer = client.value.recv();
    expect(answer?.from).toEqual(endpoint4(FILER, 5303));
    expect(difference(answer!.data, pattern(3000))).toBe(-1);
    client.value.send(endpoint4(FILER, 5304), Uint8Array.of(1), 0, 0);
    w.clock.advance(1e9);
    expect(errors).toEqual([`ECONNREFUSED 3/3 ${JSON.stringify({ family: 4, v4: FILER })}`]);
  });

  it('pings the gateway, the DNS address and the filer', () => {
    const w = world();
    const made = w.guest.sockets.ping(4);
    if (!made.ok) throw new Error(made.error);
    const replies: [number, number][] = [];
    made.value.onReply = (_from, sequence, _data, ttl) => replies.push([sequence, ttl]);
    [HOST, ipv4('10.0.2.3'), FILER].forEach((to, i) =>
      made.value.send({ family: 4, v4: to }, i, pattern(56), 0),
    );
    w.clock.advance(1e9);
    expect(replies.sort((x, y) => x[0] - y[0])).toEqual([
      [0, 255],
      [1, 255],
      [2, 255],
    ]);
  });

  it('leads a port of alpha into the guest', () => {
    const forward = {
      protocol: 'tcp',
      hostAddr: ipv4('0.0.0.0'),
      hostPort: 2222,
      guestAddr: GUEST,
      guestPort: 22,
    } as const;
    const w = world({ forwards: [forward] });
    expect(w.slirp.failedForwards).toEqual([]);
    const clients: Endpoint[] = [];
    serve(w.guest, 22, (s) => {
      clients.push(s.remote);
      echo(s);
    });
    const made = w.b.sockets.connect(endpoint4(ipv4('192.168.76.10'), 2222));
    if (!made.ok) throw new Error(made.error);
    const { got } = exchange(w, made.value, pattern(20_000));
    expect(difference(got, pattern(20_000))).toBe(-1);
    expect(clients[0]!.ip).toEqual({ family: 4, v4: FILER });
  });

  it('dispose leaves no timer, port or connection on the host', () => {
    const w = world();
    serve(w.b, 7, echo);
    watch(connect(w, endpoint4(FILER, 7)));
    w.clock.advance(1e9);
    w.slirp.dispose();
    w.guest.dispose();
    w.clock.advance(200e9);
    expect(w.a.connections()).toEqual([]);
    expect(w.a.ports()).toEqual({ tcp: [], udp: [] });
  });
});
