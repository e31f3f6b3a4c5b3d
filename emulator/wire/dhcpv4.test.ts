import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IPV4_ANY, ipv4, mac } from '../base/address.ts';
import { hex, latin1 } from '../base/bytes.ts';
import { DHCP_ACK_FRAME } from '../../test/contracts/golden-frames.ts';
import type { Dhcp } from './dhcpv4.ts';
import {
  BOOTREPLY, DHCPACK, OPT_DNS, OPT_DOMAIN_NAME, OPT_LEASE_TIME, OPT_ROUTER, OPT_SERVER_ID, OPT_SUBNET_MASK,
  addressOption, dhcpAddress, dhcpLength, dhcpMessageType, dhcpOption, parseDhcp, putDhcp, u32Option,
} from './dhcpv4.ts'; // prettier-ignore

const AT = 42;
const LENGTH = DHCP_ACK_FRAME.length - AT;
const parsed = (b: Uint8Array, at = 0, end = b.length): Dhcp => {
  const message = parseDhcp(b, at, end);
  if (typeof message === 'string') throw new Error(message);
  return message;
};

describe('a DHCP message', () => {
  it('is read from a real ACK', () => {
    const m = parsed(DHCP_ACK_FRAME, AT);
    expect({ ...m, options: m.options.map((o) => o.code) }).toEqual({
      op: BOOTREPLY,
      xid: 0xca09651e,
      secs: 0,
      flags: 0,
      ciaddr: IPV4_ANY,
      yiaddr: ipv4('10.77.0.58'),
      siaddr: ipv4('10.77.0.1'),
      giaddr: IPV4_ANY,
      chaddr: mac('52:54:00:12:34:56'),
      file: '',
      options: [53, 54, 51, 58, 59, 1, 28, 6, 15, 3],
    });
    expect(dhcpMessageType(m)).toBe(DHCPACK);
    expect(dhcpAddress(m, OPT_SERVER_ID)).toBe(ipv4('10.77.0.1'));
    expect(dhcpAddress(m, OPT_DNS)).toBe(ipv4('10.77.0.1'));
    expect(hex(dhcpOption(m, OPT_SUBNET_MASK)!)).toBe('ffffff00');
    expect(latin1(dhcpOption(m, OPT_DOMAIN_NAME)!)).toBe('lab.test');
  });

  it('is written as that ACK', () => {
    const m = parsed(DHCP_ACK_FRAME, AT);
    expect(dhcpLength(m)).toBe(LENGTH);
    const bytes = new Uint8Array(LENGTH + 2).fill(0xa5);
    putDhcp(bytes, 1, m, LENGTH);
    expect(hex(bytes)).toBe(`a5${hex(DHCP_ACK_FRAME.subarray(AT))}a5`);
  });

  it('is padded with zeros behind the end option', () => {
    const m = { ...parsed(DHCP_ACK_FRAME, AT), file: 'pxelinux.0' };
    const bytes = new Uint8Array(548).fill(0xa5);
    putDhcp(bytes, 0, m, 548);
    expect(bytes.subarray(dhcpLength(m)).every((b) => b === 0)).toBe(true);
    expect(parsed(bytes).file).toBe('pxelinux.0');
  });

  it('makes options of addresses and numbers', () => {
    const a = ipv4('192.168.76.2');
    expect(hex(addressOption(OPT_DNS, a, a).data)).toBe('c0a84c02c0a84c02');
    expect(hex(u32Option(OPT_LEASE_TIME, 0xffff_ffff).data)).toBe('ffffffff');
  });

  it('without a message type is BOOTP, and has no address where there is none', () => {
    const m = { ...parsed(DHCP_ACK_FRAME, AT), options: [{ code: OPT_ROUTER, data: new Uint8Array(3) }] };
    expect(dhcpMessageType(m)).toBe(0);
    expect(dhcpAddress(m, OPT_ROUTER)).toBeNull();
    expect(dhcpAddress(m, OPT_DNS)).toBeNull();
  });

  it('keeps the options before one that is cut off', () => {
    const bytes = DHCP_ACK_FRAME.slice(AT, AT + 240 + 3 + 5);
    expect(parsed(bytes).options.map((o) => o.code)).toEqual([53]);
  });

  it('skips pad options and stops at the end option', () => {
    const bytes = new Uint8Array(260);
    bytes.set(DHCP_ACK_FRAME.subarray(AT, AT + 240));
    bytes.set([0, 0, 53, 1, 2, 0, 255, 12, 1, 65], 240);
    expect(parsed(bytes).options).toEqual([{ code: 53, data: Uint8Array.of(2) }]);
  });

  it.each([
    ['truncated', -1, 0],
    ['not-ethernet', 1, 6],
    ['not-ethernet', 2, 16],
    ['no-magic-cookie', 236, 0],
  ])('has the fault %s', (fault, at, value) => {
    const bytes = DHCP_ACK_FRAME.slice(AT, at < 0 ? AT + 239 : undefined);
    if (at >= 0) bytes[at] = value;
    expect(parseDhcp(bytes, 0, bytes.length)).toBe(fault);
  });

  it('gets back any options', () => {
    const option = fc.record({
      code: fc.integer({ min: 1, max: 254 }),
      data: fc.uint8Array({ maxLength: 60 }),
    });
    fc.assert(
      fc.property(fc.array(option, { maxLength: 12 }), (options) => {
        const m = { ...parsed(DHCP_ACK_FRAME, AT), options };
        const bytes = new Uint8Array(dhcpLength(m) + 5).fill(0xa5);
        putDhcp(bytes, 0, m, bytes.length);
        expect(parsed(bytes).options).toEqual(options);
      }),
    );
  });
});
