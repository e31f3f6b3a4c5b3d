import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipv4 } from '../base/address.ts';
import { hex } from '../base/bytes.ts';
import { ACK_FRAME, SYN_FRAME } from '../../test/contracts/golden-frames.ts';
import type { TcpOptions } from './tcp.ts';
import {
  ACK_FLAG,
  NO_TCP_OPTIONS,
  SYN,
  TCP_HEADER,
  TcpView,
  flagNames,
  parseTcpOptions,
  putTcp,
  putTcpOptions,
} from './tcp.ts';

const AT = 34;
const SERVER = ipv4('10.77.0.1');
const GUEST = ipv4('10.77.0.58');

/** A segment with these option bytes, padded with zeros to a multiple of 4. */
function withOptions(...options: number[]): TcpView {
  const header = TCP_HEADER + ((options.length + 3) & ~3);
  const bytes = new Uint8Array(header);
  bytes.set(options, TCP_HEADER);
  putTcp(bytes, 0, header, header, SERVER, GUEST, {
    srcPort: 1, dstPort: 2, seq: 3, ack: 4, flags: ACK_FLAG, window: 5, urgent: 0,
  }); // prettier-ignore
  return new TcpView(bytes, 0, header);
}

describe('a TCP segment', () => {
  it('is read from the SYN of a real stack, with its options', () => {
    const tcp = new TcpView(SYN_FRAME, AT, SYN_FRAME.length);
    expect(tcp.fault(SERVER, GUEST)).toBeUndefined();
    expect([tcp.srcPort, tcp.dstPort, tcp.seq, tcp.ack, tcp.flags, tcp.window, tcp.urgent]).toEqual([
      40382, 7777, 0x6278582a, 0, SYN, 64240, 0,
    ]); // prettier-ignore
    expect([tcp.headerLength, tcp.payload, tcp.payloadLength]).toEqual([40, SYN_FRAME.length, 0]);
    expect(parseTcpOptions(tcp)).toEqual({
      mss: 1460,
      windowScale: 10,
      sackPermitted: true,
      timestamps: { value: 0x47008110, echo: 0 },
      sack: [],
    });
  });

  it.each([
    ['SYN', SYN_FRAME, SERVER, GUEST],
    ['acknowledgement', ACK_FRAME, GUEST, SERVER],
  ])('is written as the real %s', (_, frame, src, dst) => {
    const real = new TcpView(frame, AT, frame.length);
    const bytes = new Uint8Array(frame.length - AT + 2).fill(0xa5);
    const end = bytes.length - 1;
    expect(TCP_HEADER + putTcpOptions(bytes, 1 + TCP_HEADER, parseTcpOptions(real))).toBe(real.headerLength);
    putTcp(bytes, 1, end, real.headerLength, src, dst, {
      srcPort: real.srcPort,
      dstPort: real.dstPort,
      seq: real.seq,
      ack: real.ack,
      flags: real.flags,
      window: real.window,
      urgent: real.urgent,
    });
    expect(hex(bytes)).toBe(`a5${hex(frame.subarray(AT))}a5`);
  });

  it.each([
    ['truncated', SYN_FRAME.subarray(0, AT + 19), -1, 0],
    ['data-offset-below-header', SYN_FRAME, 12, 0x40],
    ['data-offset-past-end', SYN_FRAME, 12, 0xb0],
    ['bad-checksum', SYN_FRAME, 4, 0x63],
  ])('has the fault %s', (fault, frame, at, value) => {
    const bytes = frame.slice();
    if (at >= 0) bytes[AT + at] = value;
    expect(new TcpView(bytes, AT, bytes.length).fault(SERVER, GUEST)).toBe(fault);
  });

  it('without options has none', () => {
    expect(parseTcpOptions(withOptions())).toBe(NO_TCP_OPTIONS);
  });

  it('is read up to a malformed option (RFC 9293 §3.2)', () => {
    expect(parseTcpOptions(withOptions(2, 4, 5, 180, 8, 0, 1, 1)).mss).toBe(1460);
    expect(parseTcpOptions(withOptions(2, 4, 5, 180, 8, 1)).timestamps).toBeNull();
    expect(parseTcpOptions(withOptions(8, 10, 0, 0)).timestamps).toBeNull();
    expect(parseTcpOptions(withOptions(1, 1, 1, 2))).toEqual(NO_TCP_OPTIONS);
    expect(parseTcpOptions(withOptions(0, 2, 4, 1, 2)).mss).toBeNull();
  });

  it('skips options that it does not know', () => {
    expect(parseTcpOptions(withOptions(254, 4, 9, 9, 2, 4, 5, 180)).mss).toBe(1460);
  });

  it('takes a window scale above 14 as 14 (RFC 7323 §2.3)', () => {
    expect(parseTcpOptions(withOptions(3, 3, 200)).windowScale).toBe(14);
  });

  it('gets back the options that were written, as many SACK blocks as fit', () => {
    const u32 = fc.nat(0xffff_ffff);
    const options = fc.record({
      mss: fc.option(fc.nat(0xffff)),
      windowScale: fc.option(fc.nat(14)),
      sackPermitted: fc.boolean(),
      timestamps: fc.option(fc.record({ value: u32, echo: u32 })),
      sack: fc.array(u32, { maxLength: 12 }),
    });
    fc.assert(
      fc.property(options, (o: TcpOptions) => {
        const bytes = new Uint8Array(64).fill(0xa5);
        const length = putTcpOptions(bytes, TCP_HEADER, o);
        expect(length % 4).toBe(0);
        expect(length).toBeLessThanOrEqual(40);
        expect(bytes[TCP_HEADER + length]).toBe(0xa5);
        bytes[12] = ((TCP_HEADER + length) >> 2) << 4;
        const back = parseTcpOptions(new TcpView(bytes, 0, TCP_HEADER + length));
        expect({ ...back, sack: [] }).toEqual({ ...o, sack: [] });
        expect(back.sack).toEqual(o.sack.slice(0, back.sack.length));
        const room = 40 - (length - (back.sack.length > 0 ? 4 + 4 * back.sack.length : 0));
        expect(back.sack.length / 2).toBe(Math.max(0, Math.min(o.sack.length >> 1, (room - 4) >> 3)));
      }),
    );
  });

  it('names its flags', () => {
    expect(flagNames(SYN | ACK_FLAG)).toBe('SYN,ACK');
    expect(flagNames(0xff)).toBe('FIN,SYN,RST,PSH,ACK,URG,ECE,CWR');
    expect(flagNames(0)).toBe('');
  });
});
