import { describe, expect, it } from 'vitest';
import { ipv4 } from '../base/address.ts';
import { hex, hexBytes, put16be } from '../base/bytes.ts';
import { SYN_FRAME } from '../../test/contracts/golden-frames.ts';
import { checksum } from './checksum.ts';
import { ETHERNET_HEADER } from './ethernet.ts';
import { IPV4_DF, IPV4_HEADER, IPV4_MF, Ipv4View, PROTO_TCP, putIpv4 } from './ipv4.ts';

const AT = ETHERNET_HEADER;
const view = (bytes: Uint8Array, end = bytes.length): Ipv4View => new Ipv4View(bytes, AT, end);

/** The frame with bytes of the IP header changed, its checksum right again if asked. */
function changed(changes: Readonly<Record<number, number>>, mend = true): Uint8Array {
  const bytes = SYN_FRAME.slice();
  for (const [at, value] of Object.entries(changes)) bytes[AT + Number(at)] = value;
  if (mend) {
    put16be(bytes, AT + 10, 0);
    put16be(bytes, AT + 10, checksum(bytes, AT, AT + 20));
  }
  return bytes;
}

describe('an IPv4 header', () => {
  it('is read from a real frame', () => {
    const ip = view(SYN_FRAME);
    expect(ip.fault()).toBeUndefined();
    expect({
      header: ip.headerLength, tos: ip.tos, length: ip.length, id: ip.id, df: ip.dontFragment, mf: ip.moreFragments,
      offset: ip.fragmentOffset, fragment: ip.isFragment, ttl: ip.ttl, protocol: ip.protocol, src: ip.src, dst: ip.dst,
      payload: ip.payload, end: ip.packetEnd,
    }).toEqual({
      header: 20, tos: 0, length: 60, id: 0x706f, df: true, mf: false, offset: 0, fragment: false, ttl: 64, protocol: PROTO_TCP,
      src: ipv4('10.77.0.1'), dst: ipv4('10.77.0.58'), payload: AT + 20, end: AT + 60,
    }); // prettier-ignore
  });

  it('is written as that frame has it, and not a byte further', () => {
    const bytes = new Uint8Array(IPV4_HEADER + 2).fill(0xa5);
    putIpv4(bytes, 1, {
      tos: 0,
      length: 60,
      id: 0x706f,
      flagsOffset: IPV4_DF,
      ttl: 64,
      protocol: PROTO_TCP,
      src: ipv4('10.77.0.1'),
      dst: ipv4('10.77.0.58'),
    });
    expect(hex(bytes)).toBe(`a5${hex(SYN_FRAME.subarray(AT, AT + 20))}a5`);
  });

  it('ends before link padding', () => {
    const padded = new Uint8Array(100);
    padded.set(SYN_FRAME);
    expect(view(padded).fault()).toBeUndefined();
    expect(view(padded).packetEnd).toBe(SYN_FRAME.length);
  });

  it('has its fragment offset in bytes', () => {
    const bytes = changed({ 6: (IPV4_MF >> 8) | 0x1f, 7: 0xff });
    const ip = view(bytes);
    expect(ip.fault()).toBeUndefined();
    expect([ip.fragmentOffset, ip.moreFragments, ip.dontFragment, ip.isFragment]).toEqual([
      65_528,
      true,
      false,
      true,
    ]);
    expect(view(changed({ 6: 0, 7: 1 })).isFragment).toBe(true);
  });

  it('with options has its payload behind them', () => {
    const ip = view(changed({ 0: 0x46 }, false));
    expect(ip.payload).toBe(AT + 24);
  });

  it.each([
    ['truncated', SYN_FRAME.subarray(0, AT + 19)],
    ['truncated', SYN_FRAME.subarray(0, AT)],
    ['not-version-4', changed({ 0: 0x65 })],
    ['header-length-below-minimum', changed({ 0: 0x44 })],
    ['header-past-end', changed({ 0: 0x4f }).subarray(0, AT + 59)],
    ['length-below-header', changed({ 2: 0, 3: 19 })],
    ['length-past-end', changed({ 2: 0, 3: 61 })],
    ['bad-checksum', changed({ 8: 63 }, false)],
  ])('has the fault %s', (fault, bytes) => {
    expect(view(bytes).fault()).toBe(fault);
  });

  it('has the fault of the first thing wrong', () => {
    expect(new Ipv4View(hexBytes('ff'.repeat(20)), 0, 20).fault()).toBe('not-version-4');
  });
});
