import { describe, expect, it } from 'vitest';
import { MAC_NONE, ipv4, mac } from '../base/address.ts';
import { hex } from '../base/bytes.ts';
import { ARP_REQUEST_FRAME } from '../../test/contracts/golden-frames.ts';
import { ARP_FRAME, ARP_LENGTH, ARP_REQUEST, parseArp, putArp } from './arp.ts';
import { ETHERNET_HEADER } from './ethernet.ts';

const REQUEST = {
  oper: ARP_REQUEST,
  sha: mac('52:54:00:12:34:56'),
  spa: ipv4('10.0.2.15'),
  tha: MAC_NONE,
  tpa: ipv4('10.0.2.2'),
};

describe('an ARP packet', () => {
  it('is read from a real frame', () => {
    expect(ARP_REQUEST_FRAME.length).toBe(ARP_FRAME);
    expect(parseArp(ARP_REQUEST_FRAME, ETHERNET_HEADER, ARP_FRAME)).toEqual(REQUEST);
  });

  it('is written as that frame has it', () => {
    const bytes = new Uint8Array(ARP_LENGTH + 2).fill(0xa5);
    putArp(bytes, 1, REQUEST);
    expect(hex(bytes)).toBe(`a5${hex(ARP_REQUEST_FRAME.subarray(ETHERNET_HEADER))}a5`);
  });

  it('may be followed by padding', () => {
    const padded = new Uint8Array(60);
    padded.set(ARP_REQUEST_FRAME);
    expect(parseArp(padded, ETHERNET_HEADER, 60)).toEqual(REQUEST);
  });

  it('is truncated when a byte is missing', () => {
    expect(parseArp(ARP_REQUEST_FRAME, ETHERNET_HEADER, ARP_FRAME - 1)).toBe('truncated');
  });

  it.each([
    ['hardware type', 1, 6],
    ['protocol type', 2, 0x86],
    ['hardware length', 4, 8],
    ['protocol length', 5, 16],
  ])('of another %s is refused', (_, at, value) => {
    const bytes = ARP_REQUEST_FRAME.slice();
    bytes[ETHERNET_HEADER + at] = value;
    expect(parseArp(bytes, ETHERNET_HEADER, ARP_FRAME)).toBe('not-ethernet-ipv4');
  });
});
