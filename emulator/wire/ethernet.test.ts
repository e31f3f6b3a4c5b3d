import { describe, expect, it } from 'vitest';
import { MAC_BROADCAST, mac } from '../base/address.ts';
import { hex } from '../base/bytes.ts';
import { ARP_REQUEST_FRAME } from '../../test/contracts/golden-frames.ts';
import { ETHERTYPE_ARP, etherDst, etherSrc, etherType, putEthernet } from './ethernet.ts';

describe('an Ethernet header', () => {
  it('is read from a real frame', () => {
    expect(etherDst(ARP_REQUEST_FRAME)).toBe(MAC_BROADCAST);
    expect(etherSrc(ARP_REQUEST_FRAME)).toBe(mac('52:54:00:12:34:56'));
    expect(etherType(ARP_REQUEST_FRAME)).toBe(ETHERTYPE_ARP);
  });

  it('is written as that frame has it, and not a byte further', () => {
    const bytes = new Uint8Array(16).fill(0xa5);
    putEthernet(bytes, MAC_BROADCAST, mac('52:54:00:12:34:56'), ETHERTYPE_ARP);
    expect(hex(bytes)).toBe(`${hex(ARP_REQUEST_FRAME.subarray(0, 14))}a5a5`);
  });

  it('keeps addresses with the highest bit set', () => {
    const bytes = new Uint8Array(14);
    putEthernet(bytes, mac('fe:ff:ff:ff:ff:fe'), mac('80:00:00:00:00:01'), 0xffff);
    expect(etherDst(bytes)).toBe(0xfeff_ffff_fffe);
    expect(etherSrc(bytes)).toBe(0x8000_0000_0001);
    expect(etherType(bytes)).toBe(0xffff);
  });
});
