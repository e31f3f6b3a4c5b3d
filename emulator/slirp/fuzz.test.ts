import { describe, expect, it } from 'vitest';
import { IPV4_ANY, IPV4_BROADCAST, ipv4 } from '../base/address.ts';
import { MILLISECOND, SECOND } from '../base/clock.ts';
import { endpoint4 } from '../base/host-sockets.ts';
import { Xoshiro128 } from '../base/random.ts';
import { checksum } from '../wire/checksum.ts';
import { ETHERTYPE_IPV4, etherType } from '../wire/ethernet.ts';
import { ACK_FLAG, FIN, RST, SYN } from '../wire/tcp.ts';
import { Bench } from './testing/bench.ts';
import { DNS, FILER, HOST, arpFrame, pingFrame, tcpFrame, udpFrame } from './testing/frames.ts';

const ROUNDS = 6000;

/** Valid frames to start from, for every service. */
function seeds(random: Xoshiro128): Uint8Array[] {
  const data = new Uint8Array(random.below(64));
  random.fill(data);
  const port = 1 + random.below(400);
  const tcp = (flags: number): Uint8Array =>
    tcpFrame(FILER, { srcPort: port, dstPort: 80, seq: random.u32(), ack: random.u32(), flags, data });
  const dhcp = new Uint8Array(300);
  dhcp.set([1, 1, 6]);
  dhcp.set([0x52, 0x54, 0, 0, 0, random.below(40)], 28);
  dhcp.set([0x63, 0x82, 0x53, 0x63, 53, 1, 1 + random.below(8), 50, 4, 10, 0, 2, random.below(60), 255], 236);
  return [
    arpFrame({ tpa: HOST }),
    pingFrame(HOST, 1, 1, data),
    pingFrame(FILER, port, 1, data),
    udpFrame(FILER, port, 7, data),
    udpFrame(FILER, port, 7, data, { flagsOffset: 0x2000 | random.below(64), id: random.below(64) }),
    udpFrame(DNS, port, 53, data),
    udpFrame(IPV4_BROADCAST, 68, 67, dhcp, { src: IPV4_ANY }),
    tcp(SYN),
    tcp(ACK_FLAG),
    tcp(FIN | ACK_FLAG),
    tcp(RST),
  ];
}

/** Some bytes changed, perhaps cut or lengthened; half of the IPv4 headers get a right checksum again, so that what is inside is reached. */
function mutate(frame: Uint8Array, random: Xoshiro128): Uint8Array {
  const length = random.below(4) === 0 ? random.below(frame.length + 40) : frame.length;
  const out = new Uint8Array(length);
  out.set(frame.subarray(0, length));
  if (length === 0) return out;
  for (let i = random.below(6); i > 0; i--) out[random.below(length)] = random.u32();
  if (length >= 34 && etherType(out) === ETHERTYPE_IPV4 && random.below(2) === 0) {
    out[24] = out[25] = 0;
    const sum = checksum(out, 14, Math.min(length, 14 + (out[14]! & 15) * 4));
    out[24] = sum >> 8;
    out[25] = sum & 0xff;
  }
  return out;
}

describe('hostile frames', () => {
  it('M5: thousands of mutated frames never throw, never answer badly, and leave everything within its bounds', () => {
    const random = new Xoshiro128(2013);
    const bench = new Bench({ seed: 3 });
    let answers = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const pool = seeds(random);
      bench.transmit(mutate(pool[random.below(pool.length)]!, random));
      if (round % 7 === 0) stir(bench, random);
      // `take` checks lengths and checksums of every frame to the guest.
      if (round % 5 === 0) answers += bench.take().length;
      if (round % 50 === 0) bench.advance(random.below(200) * MILLISECOND);
    }
    answers += bench.take().length;
    expect(answers).toBeGreaterThan(500);
    expect(bench.nested).toBe(0);
    const state = bench.slirp.save();
    expect(bench.slirp.table().length).toBeLessThanOrEqual(512 + 256 + 32);
    expect(state.arp.waiting.length).toBeLessThanOrEqual(16);
    expect(state.arp.table.length).toBeLessThanOrEqual(16);
    expect(state.reassembly.datagrams.length).toBeLessThanOrEqual(16);
    expect(Object.keys(state.counters).length).toBeLessThan(150);
    bench.advance(900 * SECOND);
    bench.take();
    expect(bench.slirp.table().filter((r) => r.protocol !== 'tcp')).toEqual([]);
    bench.slirp.dispose();
    expect(bench.clock.leftover).toBe(0);
  });

  it('M7: never sends what it was not given: a short answer after long ones is padded with zeros', () => {
    const bench = new Bench();
    bench.exchange(pingFrame(HOST, 1, 1, new Uint8Array(1400).fill(0xa5)));
    const [short] = bench.exchange(
      tcpFrame(FILER, { srcPort: 1, dstPort: 2, seq: 1, ack: 1, flags: ACK_FLAG }),
    );
    expect([...short!.bytes.slice(54)]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

/** The host does something too. */
function stir(bench: Bench, random: Xoshiro128): void {
  const { streams, datagrams, pings } = bench.host;
  const stream = streams[random.below(Math.max(1, streams.length))];
  const data = new Uint8Array(random.below(3000));
  if (stream !== undefined) {
    const act = random.below(8);
    if (act === 0 && stream.phase === 'connecting') stream.failed('ECONNREFUSED');
    else if (stream.phase === 'connecting') stream.connected();
    else if (act < 4 && stream.phase === 'open') stream.push(data);
    else if (act === 5 && stream.phase === 'open') stream.ended();
    else if (act === 6) stream.reset();
  }
  const socket = datagrams[random.below(Math.max(1, datagrams.length))];
  if (socket !== undefined && !socket.disposed) {
    const to = endpoint4(FILER, 7);
    if (random.below(4) === 0)
      socket.onError('ECONNREFUSED', to, {
        icmpType: 3,
        code: 3,
        from: { family: 4, v4: ipv4('127.0.0.1') },
      });
    else socket.arrive(to, data);
  }
  const ping = pings.at(-1);
  if (ping !== undefined && !ping.disposed) ping.onReply({ family: 4, v4: FILER }, random.below(3), data, 64);
}
