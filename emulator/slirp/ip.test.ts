import { describe, expect, it } from 'vitest';
import { ipv4 } from '../base/address.ts';
import { SECOND } from '../base/clock.ts';
import { endpoint4 } from '../base/host-sockets.ts';
import { checksum } from '../wire/checksum.ts';
import { IPV4_MF, PROTO_UDP } from '../wire/ipv4.ts';
import { Bench } from './testing/bench.ts';
import { FILER, GUEST, ipFrame, udpFrame, udpPayload } from './testing/frames.ts';

const pattern = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (i * 7) & 0xff);
const sentOf = (bench: Bench): Uint8Array[] => bench.host.datagrams.flatMap((d) => d.sent.map((s) => s.data));

/** A datagram of 3000 bytes in three fragments. */
function fragments(id = 5): Uint8Array[] {
  const payload = udpPayload(GUEST, FILER, 1000, 7, pattern(3000));
  return [0, 1480, 2960].map((from) => {
    const part = payload.slice(from, from + 1480);
    const more = from + 1480 < payload.length ? IPV4_MF : 0;
    return ipFrame(PROTO_UDP, FILER, part, { id, flagsOffset: more | (from >> 3) });
  });
}

describe('IPv4', () => {
  it('I1: drops a bad header checksum', () => {
    const bench = new Bench();
    const frame = udpFrame(FILER, 1000, 7, Uint8Array.of(1));
    frame[24]! ^= 0xff;
    bench.transmit(frame);
    expect(bench.count('ip-bad-checksum')).toBe(1);
    expect(sentOf(bench)).toEqual([]);
  });

  it('I2: drops a packet longer than its frame and cuts trailing bytes off', () => {
    const bench = new Bench();
    const frame = udpFrame(FILER, 1000, 7, pattern(20));
    bench.transmit(frame.slice(0, frame.length - 1));
    expect(bench.count('ip-length-past-end')).toBe(1);
    const padded = new Uint8Array(frame.length + 30).fill(0xa5);
    padded.set(frame);
    bench.transmit(padded);
    expect(sentOf(bench)).toEqual([pattern(20)]);
  });

  it('I3: joins three fragments in every order', () => {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [2, 0, 1],
      [1, 0, 2],
      [0, 2, 1],
    ]) {
      const bench = new Bench();
      const parts = fragments();
      for (const i of order) bench.transmit(parts[i]!);
      expect(sentOf(bench)).toEqual([pattern(3000)]);
    }
  });

  it('I4: trims overlaps, keeps what came first, stays within bounds', () => {
    const bench = new Bench();
    const payload = udpPayload(GUEST, FILER, 1000, 7, pattern(400));
    const piece = (from: number, to: number, fill?: number): Uint8Array => {
      const part = payload.slice(from, to);
      if (fill !== undefined) part.fill(fill);
      return ipFrame(PROTO_UDP, FILER, part, {
        id: 9,
        flagsOffset: (to < payload.length ? IPV4_MF : 0) | (from >> 3),
      });
    };
    bench.transmit(piece(0, 80));
    bench.transmit(piece(160, 240));
    bench.transmit(piece(40, 80, 0xff));
    bench.transmit(piece(80, 160));
    bench.transmit(piece(0, 240, 0xee));
    bench.transmit(piece(200, 408));
    expect(sentOf(bench)).toEqual([pattern(400)]);
  });

  it('I4: one fragment may fill several gaps', () => {
    const bench = new Bench();
    const payload = udpPayload(GUEST, FILER, 1000, 7, pattern(400));
    const at = (from: number, to: number): Uint8Array =>
      ipFrame(PROTO_UDP, FILER, payload.slice(from, to), {
        id: 9,
        flagsOffset: (to < payload.length ? IPV4_MF : 0) | (from >> 3),
      });
    for (const [from, to] of [
      [80, 120],
      [200, 240],
      [320, 408],
      [0, 400],
    ] as const)
      bench.transmit(at(from, to));
    expect(sentOf(bench)).toEqual([pattern(400)]);
  });

  it('I4: drops fragments that contradict the length or pass 65,535 bytes', () => {
    const bench = new Bench();
    const part = new Uint8Array(80);
    bench.transmit(ipFrame(PROTO_UDP, FILER, part, { id: 1, flagsOffset: 10 }));
    bench.transmit(ipFrame(PROTO_UDP, FILER, part, { id: 1, flagsOffset: IPV4_MF | 20 }));
    bench.transmit(ipFrame(PROTO_UDP, FILER, part, { id: 2, flagsOffset: 0x1fff }));
    bench.transmit(ipFrame(PROTO_UDP, FILER, part.slice(0, 79), { id: 3, flagsOffset: IPV4_MF }));
    expect([bench.count('fragment-past-end'), bench.count('fragment-bad-length')]).toEqual([1, 2]);
  });

  it('I5: forgets an incomplete datagram after 30 s, silently', () => {
    const bench = new Bench();
    const [first, second, third] = fragments();
    bench.transmit(first!);
    bench.transmit(third!);
    bench.advance(30 * SECOND);
    expect(bench.count('reassembly-timeout')).toBe(1);
    bench.transmit(second!);
    expect(bench.take()).toEqual([]);
    expect(sentOf(bench)).toEqual([]);
  });

  it('I6: a flood of fragments stays under the caps and ends', () => {
    const bench = new Bench();
    for (let id = 0; id < 2000; id++)
      bench.transmit(ipFrame(PROTO_UDP, FILER, new Uint8Array(1480), { id, flagsOffset: IPV4_MF }));
    for (let i = 0; i < 200; i++)
      bench.transmit(
        ipFrame(PROTO_UDP, FILER, new Uint8Array(8), { id: 7777, flagsOffset: IPV4_MF | (2 * i) }),
      );
    const held = bench.slirp.save().reassembly.datagrams;
    expect(held.length).toBeLessThanOrEqual(16);
    expect(Math.max(...held.map((d) => d.pieces.length))).toBeLessThanOrEqual(64);
    expect(bench.count('fragment-limit')).toBeGreaterThan(0);
    bench.advance(31 * SECOND);
    expect(bench.slirp.save().reassembly.datagrams).toEqual([]);
  });

  it('I6: the bytes of all datagrams together stay under 256 KiB', () => {
    const bench = new Bench();
    for (let id = 0; id < 16; id++)
      for (let i = 0; i < 40; i++)
        bench.transmit(
          ipFrame(PROTO_UDP, FILER, new Uint8Array(1480), { id, flagsOffset: IPV4_MF | (i * 185) }),
        );
    const held = bench.slirp.save().reassembly.datagrams.flatMap((d) => d.pieces.map((p) => p.bytes.length));
    expect(held.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(256 * 1024);
    expect(held.length).toBeGreaterThan(100);
  });

  it('I7: cuts a UDP answer of 4000 bytes into packets of 1500, 1500 and 1068', () => {
    const bench = new Bench();
    bench.transmit(udpFrame(FILER, 1000, 7, Uint8Array.of(1)));
    bench.host.datagrams[0]!.arrive(endpoint4(FILER, 7), pattern(4000));
    const frames = bench.take();
    expect(frames.map((f) => f.ip!.length)).toEqual([1500, 1500, 1068]);
    expect(frames.map((f) => f.ip!.fragmentOffset)).toEqual([0, 1480, 2960]);
    expect(frames.map((f) => f.ip!.moreFragments)).toEqual([true, true, false]);
    expect(new Set(frames.map((f) => f.ip!.id)).size).toBe(1);
    const whole = new Uint8Array(4008);
    for (const f of frames) whole.set(f.data, f.ip!.fragmentOffset);
    expect(whole.slice(8)).toEqual(pattern(4000));
  });

  it('I8: ignores IP options and delivers what follows them', () => {
    const bench = new Bench();
    const payload = udpPayload(GUEST, FILER, 1000, 7, pattern(5));
    const frame = ipFrame(PROTO_UDP, FILER, new Uint8Array(4 + payload.length));
    frame.set([1, 1, 1, 0], 34);
    frame.set(payload, 38);
    frame[14] = 0x46;
    frame[24] = frame[25] = 0;
    const sum = checksum(frame, 14, 38);
    frame[24] = sum >> 8;
    frame[25] = sum & 0xff;
    bench.transmit(frame);
    expect(sentOf(bench)).toEqual([pattern(5)]);
  });

  it('I9: drops protocol 47 without a word', () => {
    const bench = new Bench();
    expect(bench.exchange(ipFrame(47, FILER, new Uint8Array(20)))).toEqual([]);
    expect(bench.count('ip-protocol')).toBe(1);
  });

  it('drops sources that can be nobody’s', () => {
    const bench = new Bench();
    for (const src of ['127.0.0.1', '255.255.255.255', '10.0.2.255', '224.0.0.1', '10.0.2.2', '0.0.0.0'])
      bench.transmit(udpFrame(FILER, 1000, 7, Uint8Array.of(1), { src: ipv4(src) }));
    expect(bench.count('martian-source')).toBe(6);
    expect(bench.take()).toEqual([]);
  });
});
