import { describe, expect, it } from 'vitest';
import { ipv4 } from '../base/address.ts';
import { IPV4_HEADER, IPV4_MF, Ipv4View, putIpv4 } from '../wire/ipv4.ts';
import { netCounters } from './counters.ts';
import { Reassembly } from './reassembly.ts';
import { pattern } from './tcp/testing/pair.ts';

const DATA = pattern(3000, 1);

/** Bytes [from, to) of a datagram of `DATA`; the last fragment unless `more`. */
function fragment(from: number, to: number, more: boolean, id = 1, data = DATA): Ipv4View {
  const b = new Uint8Array(IPV4_HEADER + to - from);
  b.set(data.subarray(from, to), IPV4_HEADER);
  const [src, dst] = [ipv4('10.0.0.1'), ipv4('10.0.0.2')];
  const flagsOffset = (more ? IPV4_MF : 0) | (from >> 3);
  putIpv4(b, 0, { tos: 0, length: b.length, id, flagsOffset, ttl: 64, protocol: 17, src, dst });
  return new Ipv4View(b, 0, b.length);
}

const three = (): Ipv4View[] => [
  fragment(0, 1480, true),
  fragment(1480, 2960, true),
  fragment(2960, 3000, false),
];

describe('reassembly', () => {
  it('puts three fragments together in any order', () => {
    const orders = ['012', '021', '102', '120', '201', '210'];
    for (const order of orders) {
      const r = new Reassembly(netCounters());
      const parts = three();
      const results = [...order].map((i) => r.add(parts[Number(i)]!, 0));
      expect(results.slice(0, 2)).toEqual([null, null]);
      expect(results[2]?.subarray(IPV4_HEADER)).toEqual(DATA);
      expect(r.deadline()).toBe(Infinity);
    }
  });

  it('ignores an exact duplicate and throws away a datagram whose fragments overlap', () => {
    const counters = netCounters();
    const r = new Reassembly(counters);
    const [first, second, last] = three();
    r.add(first!, 0);
    expect(r.add(first!, 0)).toBeNull();
    expect(counters.IpReasmFails).toBe(0);
    expect(r.add(fragment(1472, 2960, true), 0)).toBeNull();
    expect(counters.IpReasmFails).toBe(1);
    expect(r.add(second!, 0)).toBeNull();
    expect(r.add(last!, 0)).toBeNull();
  });

  it('gives up after 30 seconds', () => {
    const counters = netCounters();
    const r = new Reassembly(counters);
    r.add(three()[0]!, 5e9);
    expect(r.deadline()).toBe(35e9);
    r.timeout(34e9);
    expect(counters.IpReasmTimeout).toBe(0);
    r.timeout(35e9);
    expect(counters.IpReasmTimeout).toBe(1);
    expect(r.deadline()).toBe(Infinity);
  });

  it('stays bounded under a flood of first fragments', () => {
    const r = new Reassembly(netCounters());
    for (let id = 0; id < 5000; id++) r.add(fragment(0, 1480, true, id), 0);
    expect(r.save().datagrams.length).toBe(64);
    for (let i = 0; i < 5000; i++) r.add(fragment(16 * i, 16 * i + 8, true, 7, new Uint8Array(80_008)), 0);
    expect(Math.max(...r.save().datagrams.map((d) => d.parts.length))).toBeLessThanOrEqual(64);
  });

  it('refuses what would be larger than a datagram can be, or ends twice', () => {
    const counters = netCounters();
    const r = new Reassembly(counters);
    expect(r.add(fragment(65_528, 65_600, false, 1, new Uint8Array(65_600)), 0)).toBeNull();
    expect(counters.IpReasmFails).toBe(1);
    r.add(fragment(2960, 3000, false), 0);
    expect(r.add(fragment(1480, 1600, false), 0)).toBeNull();
    expect(counters.IpReasmFails).toBe(2);
    expect(r.add(fragment(8, 13, true), 0)).toBeNull();
    expect(counters.IpReasmFails).toBe(3);
  });

  it('is the same after save and restore', () => {
    const r = new Reassembly(netCounters());
    const [first, second, last] = three();
    r.add(second!, 0);
    const twin = new Reassembly(netCounters());
    twin.restore(r.save());
    twin.add(last!, 0);
    expect(twin.add(first!, 0)?.subarray(IPV4_HEADER)).toEqual(DATA);
    expect(r.save().datagrams[0]!.parts.length).toBe(1);
  });
});
