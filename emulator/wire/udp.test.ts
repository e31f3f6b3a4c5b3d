import { describe, expect, it } from 'vitest';
import { ipv4 } from '../base/address.ts';
import { hex, latin1, put16be, u16be } from '../base/bytes.ts';
import { UDP_FRAME } from '../../test/contracts/golden-frames.ts';
import { UDP_HEADER, UdpView, putUdp } from './udp.ts';

const AT = 34;
const SRC = ipv4('10.0.2.15');
const DST = ipv4('10.77.0.1');
const view = (bytes: Uint8Array, end = bytes.length): UdpView => new UdpView(bytes, AT, end);

function changed(at: number, value: number): Uint8Array {
  const bytes = UDP_FRAME.slice();
  put16be(bytes, AT + at, value);
  return bytes;
}

describe('a UDP datagram', () => {
  it('is read from a real frame', () => {
    const udp = view(UDP_FRAME);
    expect(udp.fault(SRC, DST)).toBeUndefined();
    expect([udp.srcPort, udp.dstPort, udp.length]).toEqual([52421, 5303, 24]);
    expect(latin1(UDP_FRAME, udp.payload, udp.payloadEnd)).toBe('hello-from-guest');
  });

  it('is written as the real one around its data', () => {
    const bytes = new Uint8Array(26).fill(0xa5);
    bytes.set(UDP_FRAME.subarray(AT + UDP_HEADER), 1 + UDP_HEADER);
    putUdp(bytes, 1, 25, SRC, DST, 52421, 5303);
    expect(hex(bytes)).toBe(`a5${hex(UDP_FRAME.subarray(AT))}a5`);
  });

  it('ends where its length says, before padding', () => {
    const padded = new Uint8Array(80);
    padded.set(UDP_FRAME);
    expect(view(padded).fault(SRC, DST)).toBeUndefined();
    expect(view(padded).payloadEnd).toBe(UDP_FRAME.length);
  });

  it('without a checksum is taken as it is', () => {
    expect(view(changed(6, 0)).fault(SRC, DST)).toBeUndefined();
  });

  it('whose checksum comes out as 0 is sent with 0xffff', () => {
    const bytes = new Uint8Array(UDP_HEADER + 2);
    putUdp(bytes, 0, 10, SRC, DST, 1, 2);
    // What brings the sum to 0xffff is the data that equals the checksum.
    put16be(bytes, 8, u16be(bytes, 6));
    putUdp(bytes, 0, 10, SRC, DST, 1, 2);
    expect(u16be(bytes, 6)).toBe(0xffff);
    expect(new UdpView(bytes, 0, 10).fault(SRC, DST)).toBeUndefined();
  });

  it.each([
    ['truncated', UDP_FRAME.subarray(0, AT + 7)],
    ['length-below-header', changed(4, 7)],
    ['length-past-end', changed(4, 25)],
    ['bad-checksum', changed(0, 1)],
  ])('has the fault %s', (fault, bytes) => {
    expect(view(bytes).fault(SRC, DST)).toBe(fault);
  });

  it('for another address has a bad checksum', () => {
    expect(view(UDP_FRAME).fault(SRC, ipv4('10.77.0.2'))).toBe('bad-checksum');
  });
});
