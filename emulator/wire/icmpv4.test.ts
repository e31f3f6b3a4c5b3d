import { describe, expect, it } from 'vitest';
import { hex } from '../base/bytes.ts';
import { PING_FRAME, UNREACHABLE_FRAME } from '../../test/contracts/golden-frames.ts';
import {
  ICMP_ECHO_REQUEST,
  ICMP_HEADER,
  ICMP_UNREACHABLE,
  IcmpView,
  UNREACH_PORT,
  putIcmp,
} from './icmpv4.ts';

const AT = 34;

describe('an ICMP message', () => {
  it('is read from a real echo request', () => {
    const icmp = new IcmpView(PING_FRAME, AT, PING_FRAME.length);
    expect(icmp.fault()).toBeUndefined();
    expect([icmp.type, icmp.code, icmp.id, icmp.sequence, icmp.data]).toEqual([
      ICMP_ECHO_REQUEST, 0, 44, 0, AT + ICMP_HEADER,
    ]); // prettier-ignore
  });

  it('is read from a real error', () => {
    const icmp = new IcmpView(UNREACHABLE_FRAME, AT, UNREACHABLE_FRAME.length);
    expect(icmp.fault()).toBeUndefined();
    expect([icmp.type, icmp.code]).toEqual([ICMP_UNREACHABLE, UNREACH_PORT]);
    expect(UNREACHABLE_FRAME[icmp.data]).toBe(0x45);
  });

  it('is written as the real one around its data', () => {
    const bytes = new Uint8Array(PING_FRAME.length - AT + 2).fill(0xa5);
    const end = bytes.length - 1;
    bytes.set(PING_FRAME.subarray(AT + ICMP_HEADER), 1 + ICMP_HEADER);
    putIcmp(bytes, 1, end, ICMP_ECHO_REQUEST, 0, 44, 0);
    expect(hex(bytes)).toBe(`a5${hex(PING_FRAME.subarray(AT))}a5`);
  });

  it('of odd length has a right checksum too', () => {
    const bytes = new Uint8Array(ICMP_HEADER + 3).fill(0x5a);
    putIcmp(bytes, 0, bytes.length, 8, 0, 0xffff, 0xfffe);
    const icmp = new IcmpView(bytes, 0, bytes.length);
    expect(icmp.fault()).toBeUndefined();
    expect([icmp.id, icmp.sequence]).toEqual([0xffff, 0xfffe]);
  });

  it('is truncated below 8 bytes', () => {
    expect(new IcmpView(PING_FRAME, AT, AT + 7).fault()).toBe('truncated');
  });

  it('with a changed byte has a bad checksum', () => {
    const bytes = PING_FRAME.slice();
    bytes[60] = 1;
    expect(new IcmpView(bytes, AT, bytes.length).fault()).toBe('bad-checksum');
  });
});
