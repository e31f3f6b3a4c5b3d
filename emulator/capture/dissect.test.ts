import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameOf } from '../base/frame.ts';
import { VARIETY } from '../../test/peers/frames.ts';
import { TROUBLED, segments } from '../../test/peers/segments.ts';
import { Capture } from './capture.ts';
import { dissect } from './dissect.ts';
import { collectEvidence, evidenceOf } from './evidence.ts';
import type { Field } from './field.ts';
import { bits } from './field.ts';
import { writePcapng } from './pcapng.ts';
import { PacketList } from './summary.ts';

const frameNamed = (name: string): Uint8Array => VARIETY.find((f) => f.name === name)!.bytes;

/** All labels, children behind their parents, indented. */
const lines = (fields: readonly Field[], depth = 0): string[] =>
  fields.flatMap((f) => [`${'  '.repeat(depth)}${f.label}`, ...lines(f.children, depth + 1)]);

function find(fields: readonly Field[], start: string): Field {
  const all = (list: readonly Field[]): Field[] => list.flatMap((f) => [f, ...all(f.children)]);
  const found = all(fields).find((f) => f.label.startsWith(start));
  expect(found, `${start} in\n${lines(fields).join('\n')}`).toBeDefined();
  return found!;
}

/** Every field lies within its parent (lines in brackets may point at no bytes), and in the frame. */
function expectNested(fields: readonly Field[], from: number, to: number): void {
  for (const f of fields) {
    if (f.label === '' || f.from > f.to || f.from < from || f.to > to)
      throw new Error(`${f.label} is at ${f.from}-${f.to}, its parent at ${from}-${to}`);
    expectNested(f.children, f.from, f.to);
  }
}

describe('the field tree', () => {
  it('shows an ARP request from the frame down to its addresses', () => {
    expect(lines(dissect(frameNamed('ARP request')))).toEqual([
      'Ethernet II, Src: 52:54:00:12:34:56, Dst: ff:ff:ff:ff:ff:ff',
      '  Destination: ff:ff:ff:ff:ff:ff',
      '    .... ..1. = LG bit: Locally administered address',
      '    .... ...1 = IG bit: Group address (multicast/broadcast)',
      '  Source: 52:54:00:12:34:56',
      '    .... ..1. = LG bit: Locally administered address',
      '    .... ...0 = IG bit: Individual address (unicast)',
      '  Type: ARP (0x0806)',
      'Address Resolution Protocol (request)',
      '  Hardware type: Ethernet (1)',
      '  Protocol type: IPv4 (0x0800)',
      '  Hardware size: 6',
      '  Protocol size: 4',
      '  Opcode: request (1)',
      '  Sender MAC address: 52:54:00:12:34:56',
      '  Sender IP address: 10.0.2.15',
      '  Target MAC address: 00:00:00:00:00:00',
      '  Target IP address: 10.0.2.2',
    ]);
  });

  it('links each line to its bytes', () => {
    const syn = dissect(frameNamed('SYN'));
    expect(find(syn, 'Source Address')).toMatchObject({ from: 26, to: 30 });
    expect(find(syn, 'Time to Live: 64')).toMatchObject({ from: 22, to: 23 });
    expect(find(syn, 'Maximum segment size: 1460 bytes')).toMatchObject({ from: 54, to: 58 });
    expect(find(syn, 'Window scale: 7 (multiply by 128)')).toMatchObject({ from: 71, to: 74 });
    expect(find(syn, '.... .... ..1. = Syn: Set').to).toBe(48);
  });

  it('tells a right checksum from a wrong one, and says what it should be', () => {
    const bytes = frameNamed('SYN').slice();
    expect(find(dissect(bytes), 'Checksum').label).toMatch(/\[correct\]$/);
    expect(find(dissect(bytes), 'Header Checksum').label).toMatch(/\[correct\]$/);
    const right = find(dissect(bytes), 'Checksum').label.slice(10, 16);
    bytes[50]! ^= 0xff;
    expect(find(dissect(bytes), 'Checksum').label).toContain(`[incorrect, should be ${right}]`);
    expect(find(dissect(frameNamed('HTTP request').subarray(0, 80)), 'Checksum').label).toMatch(
      /\[unverified\]$/,
    );
  });

  it('shows the numbers of the stream when they are known', () => {
    const capture = new Capture();
    const point = capture.addInterface('a', '');
    segments(TROUBLED).forEach(({ at, bytes }, i) => point.capture(frameOf(bytes, i + 1), 'in', at));
    const tree = dissect(capture.frame(8)!.bytes, new PacketList(capture).note(8)!);
    const text = lines(tree).join('\n');
    expect(text).toContain('Seq: 1, Ack: 1001, Len: 0');
    expect(text).toContain('Sequence Number (raw): 77001');
    expect(text).toContain('[Calculated window size: 64000]');
    expect(text).toContain('[TCP Dup ACK 7#2]');
    expect(lines(dissect(capture.frame(8)!.bytes)).join('\n')).toContain('Sequence Number: 77001');
  });

  it('shows the header lines of HTTP and where the body starts', () => {
    const tree = dissect(frameNamed('HTTP response'));
    const http = find(tree, 'Hypertext Transfer Protocol');
    expect(http.children.map((f) => f.label)).toEqual([
      'HTTP/1.1 200 OK',
      'Content-Type: text/plain',
      'Content-Length: 5',
      '\\r\\n',
    ]);
    expect(find(tree, 'File data (5 bytes)').from).toBe(http.to);
  });

  it('shows the packet that an ICMP error quotes', () => {
    const tree = dissect(frameNamed('port unreachable'));
    expect(find(tree, 'Quoted packet: 192.168.76.20 → 192.168.76.2, UDP 1 → 2').from).toBe(42);
    expect(find(tree, 'Code: 3 (Port unreachable)').to).toBe(36);
  });

  it('shows tags, padding and what it does not know as bytes', () => {
    expect(find(dissect(frameNamed('UDP with a VLAN tag')), '802.1Q').from).toBe(14);
    expect(find(dissect(frameNamed('unknown EtherType')), 'Data (46 bytes)').from).toBe(14);
    const padded = new Uint8Array(60);
    padded.set(frameNamed('UDP'));
    expect(find(dissect(padded), 'Ethernet padding (13 bytes)')).toMatchObject({ from: 47, to: 60 });
  });

  it('draws bits as Wireshark does', () => {
    expect(bits(16, 0x1fff, 0x20b9, 'x', 0, 2).label).toBe('...0 0000 1011 1001 = x');
    expect(bits(8, 0xf0, 0x45, 'x', 0, 1).label).toBe('0100 .... = x');
  });

  it('keeps fields within their parents for every known frame, also cut short anywhere', () => {
    for (const { bytes } of VARIETY)
      for (let length = 0; length <= bytes.length; length++)
        expectNested(dissect(bytes.subarray(0, length)), 0, length);
  });
});

/** Frames that begin as real ones and go wrong somewhere. */
const hostile = fc
  .tuple(
    fc.nat(VARIETY.length - 1),
    fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 12 }),
    fc.nat(200),
  )
  .map(([which, changes, cut]) => {
    const bytes = VARIETY[which]!.bytes.slice();
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
    return bytes.subarray(0, cut < 100 ? bytes.length : Math.min(bytes.length, cut));
  });

describe('hostile frames', () => {
  it('are listed, dissected, judged and written without harm', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(hostile, fc.uint8Array({ maxLength: 200 })), { maxLength: 20 }),
        (frames) => {
          const capture = new Capture({ maxFrames: 15, snapLength: 150, maxBytes: 1 << 16 });
          const point = capture.addInterface('a', '');
          frames.forEach((bytes, i) => point.capture(frameOf(bytes, i + 1), i % 2 ? 'in' : 'out', i));
          const list = new PacketList(capture);
          for (let i = capture.first; i < capture.next; i++) {
            const { bytes } = capture.frame(i)!;
            const row = list.summary(i)!;
            expect(row.info.length).toBeLessThan(5000);
            expectNested(dissect(bytes, list.note(i)!), 0, bytes.length);
            evidenceOf(capture, list, i);
          }
          expect(writePcapng(capture).length % 4).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('of every type of IPv4 and IPv6 payload do no harm', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.nat(255), fc.uint8Array({ maxLength: 120 }), (v6, protocol, payload) => {
        const header = v6 ? 40 : 20;
        const bytes = new Uint8Array(14 + header + payload.length);
        bytes.set(v6 ? [0x86, 0xdd, 0x60] : [0x08, 0x00, 0x45], 12);
        const length = v6 ? payload.length : header + payload.length;
        bytes.set([length >> 8, length & 255], v6 ? 18 : 16);
        bytes[v6 ? 20 : 23] = protocol;
        bytes.set(payload, 14 + header);
        expectNested(dissect(bytes), 0, bytes.length);
      }),
      { numRuns: 500 },
    );
  });
});

describe('evidence', () => {
  const capture = new Capture();
  const point = capture.addInterface('filer.eth0', '');
  for (const [i, { bytes }] of VARIETY.entries()) point.capture(frameOf(bytes, i + 100), 'in', i);
  const list = new PacketList(capture);
  const of = (name: string): unknown =>
    evidenceOf(
      capture,
      list,
      VARIETY.findIndex((f) => f.name === name),
    );

  it('tells what a check may want to know of a frame', () => {
    expect(of('SYN, ACK')).toMatchObject({
      iface: 'filer.eth0',
      direction: 'in',
      ethSrc: '00:25:90:0a:00:02',
      ethDst: '52:54:00:12:34:56',
      kind: 'tcp',
      ipSrc: '192.168.76.2',
      ipDst: '192.168.76.20',
      srcPort: 80,
      dstPort: 40000,
      icmpType: -1,
      dhcpType: -1,
      dhcpYiaddr: null,
      tcpFlags: 0x12,
    });
    expect(of('echo request')).toMatchObject({ kind: 'icmp', icmpType: 8, srcPort: null, tcpFlags: 0 });
    expect(of('ARP request')).toMatchObject({ kind: 'arp', ipSrc: '10.0.2.15', ipDst: '10.0.2.2' });
    expect(of('MLDv2 report')).toMatchObject({ kind: 'ipv6', ipDst: 'ff02::2' });
    expect(of('UDP')).toMatchObject({ kind: 'udp', dstPort: 4444 });
    expect(of('unknown EtherType')).toMatchObject({ kind: 'other', ipSrc: null });
    expect(of('last fragment')).toMatchObject({ kind: 'udp', srcPort: null });
  });

  it('leaves bulk TCP out', () => {
    const tcp = collectEvidence(capture, list).filter((p) => p.kind === 'tcp');
    expect(tcp.length).toBeGreaterThan(2);
    expect(tcp.every((p) => (p.tcpFlags & 0x07) !== 0)).toBe(true);
  });

  it('is null for a frame that is not held', () => {
    expect(evidenceOf(capture, list, 10_000)).toBeNull();
  });
});
