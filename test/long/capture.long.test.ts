/** A million frames that go wrong somewhere, through everything that reads frames: packet list, field tree, evidence, wire parsers. */
import { describe, expect, it } from 'vitest';
import { frameOf } from '../../emulator/base/frame.ts';
import { Xoshiro128 } from '../../emulator/base/random.ts';
import { Capture } from '../../emulator/capture/capture.ts';
import { dissect } from '../../emulator/capture/dissect.ts';
import { evidenceOf } from '../../emulator/capture/evidence.ts';
import type { Field } from '../../emulator/capture/field.ts';
import { writePcapng } from '../../emulator/capture/pcapng.ts';
import { PacketList } from '../../emulator/capture/summary.ts';
import { leaseIn } from '../../emulator/topology/lease-watch.ts';
import { parseArp } from '../../emulator/wire/arp.ts';
import { parseDhcp } from '../../emulator/wire/dhcpv4.ts';
import { parseDns } from '../../emulator/wire/dns.ts';
import { IcmpView } from '../../emulator/wire/icmpv4.ts';
import { Ipv4View } from '../../emulator/wire/ipv4.ts';
import { parseTcpOptions, TcpView } from '../../emulator/wire/tcp.ts';
import { UdpView } from '../../emulator/wire/udp.ts';
import { liveBytes } from './heap.ts';
import { hostileFrame, realFrames } from './hostile-frames.ts';
import { shares } from './scale.ts';

const HELD = 4096;
/** Lines of a tree, and letters of all its lines. */
const MAX_LINES = 400;
const MAX_LETTERS = 40_000;
const MAX_INFO = 5_000;

/** Counts the lines of a tree; throws when one lies outside its parent. */
function measure(fields: readonly Field[], from: number, to: number): { lines: number; letters: number } {
  let lines = 0;
  let letters = 0;
  for (const f of fields) {
    if (f.label === '' || f.from > f.to || f.from < from || f.to > to)
      throw new Error(`${f.label} is at ${f.from}-${f.to}, its parent at ${from}-${to}`);
    const below = measure(f.children, f.from, f.to);
    lines += 1 + below.lines;
    letters += f.label.length + below.letters;
  }
  return { lines, letters };
}

/** Every parser at every place where its header could be; the results do not matter, only that there are some. */
function parseAll(b: Uint8Array): number {
  let understood = 0;
  const at = Math.min(14, b.length);
  const inner = Math.min(34, b.length);
  const ip = new Ipv4View(b, at, b.length);
  if (ip.fault() === undefined) {
    understood++;
    const { src, dst, payload, packetEnd } = ip;
    const tcp = new TcpView(b, payload, packetEnd);
    if (tcp.fault(src, dst) === undefined && parseTcpOptions(tcp) !== null) understood++;
    if (new UdpView(b, payload, packetEnd).fault(src, dst) === undefined) understood++;
    if (new IcmpView(b, payload, packetEnd).fault() === undefined) understood++;
  }
  if (typeof parseArp(b, at, b.length) !== 'string') understood++;
  if (leaseIn(b) !== null) understood++;
  for (const start of [inner, Math.min(42, b.length)]) {
    if (typeof parseDhcp(b, start, b.length) !== 'string') understood++;
    if (typeof parseDns(b, start, b.length) !== 'string') understood++;
  }
  return understood;
}

describe('what reads frames', () => {
  it.each(shares(1_000_000, 4))('takes $count hostile frames (seed $seed)', ({ seed, count }) => {
    const random = new Xoshiro128(4000 + seed);
    const pool = realFrames();
    const capture = new Capture({ maxFrames: HELD, snapLength: seed % 2 ? 65_535 : 128, maxBytes: 1 << 20 });
    const points = ['vm1.eth0', 'filer.eth0'].map((name) => capture.addInterface(name, ''));
    const list = new PacketList(capture);
    const most = { lines: 0, letters: 0, info: 0 };
    let understood = 0;
    let before = Infinity;
    for (let i = 0; i < count; i++) {
      const bytes = hostileFrame(pool, random);
      understood += parseAll(bytes);
      points[random.below(2)]!.capture(frameOf(bytes, i + 1), i % 2 ? 'in' : 'out', i * 1000);
      const kept = capture.frame(i)!.bytes;
      const size = measure(dissect(kept, list.note(i)!), 0, kept.length);
      most.lines = Math.max(most.lines, size.lines);
      most.letters = Math.max(most.letters, size.letters);
      const evidence = evidenceOf(capture, list, i);
      const info = (evidence ?? list.summary(i)!).info;
      most.info = Math.max(most.info, info.length);
      if (i % 100_000 === 0) expect(writePcapng(capture).length % 4).toBe(0);
      if (i === count >> 1) before = liveBytes();
    }
    expect((liveBytes() - before) / 2 ** 20).toBeLessThan(8);
    expect(understood).toBeGreaterThan(count / 4);
    expect(most.lines).toBeLessThanOrEqual(MAX_LINES);
    expect(most.letters).toBeLessThanOrEqual(MAX_LETTERS);
    expect(most.info).toBeLessThanOrEqual(MAX_INFO);
  });
});
