import { describe, expect, it } from 'vitest';
import {
  formatIpv4,
  formatMac,
  isMulticastMac,
  mac,
  parseIpv4,
  parseMac,
  prefixMask,
  sameNetwork,
  ipv4,
} from './address.ts';
import { hex, hexBytes, joined, latin1, latin1Bytes, put16be, put16le, put32be, put32le, put48be, u16be, u16le, u32be, u32le, u48be } from './bytes.ts'; // prettier-ignore
import { DisposableStore } from './disposable.ts';
import { copyFrame, frameOf, PacketIds } from './frame.ts';
import { Xoshiro128 } from './random.ts';

describe('bytes', () => {
  it('are joined into one array of their own', () => {
    const parts = [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)];
    expect([...joined(parts)]).toEqual([1, 2, 3]);
    expect(joined([])).toEqual(new Uint8Array(0));
    const only = Uint8Array.of(9);
    expect(joined([only])).not.toBe(only);
  });

  it('reads back what it wrote, in both byte orders, up to the largest value', () => {
    const b = new Uint8Array(8).fill(0xa5);
    put16be(b, 1, 0xfedc);
    expect([u16be(b, 1), u16le(b, 1)]).toEqual([0xfedc, 0xdcfe]);
    put16le(b, 1, 0xfedc);
    expect(u16le(b, 1)).toBe(0xfedc);
    put32be(b, 1, 0xfedcba98);
    expect([u32be(b, 1), u32le(b, 1)]).toEqual([0xfedcba98, 0x98badcfe]);
    put32le(b, 1, 0xfedcba98);
    expect(u32le(b, 1)).toBe(0xfedcba98);
    put48be(b, 1, 0xfedcba987654);
    expect(u48be(b, 1)).toBe(0xfedcba987654);
    expect([b[0], b[7]]).toEqual([0xa5, 0xa5]);
  });

  it('turns text and hexadecimal into bytes and back', () => {
    expect(hex(hexBytes('0a:1b 2c'), ':')).toBe('0a:1b:2c');
    expect(() => hexBytes('0a1')).toThrow();
    expect(latin1(latin1Bytes('caf\u00e9'))).toBe('caf\u00e9');
    expect(latin1(latin1Bytes('\u20ac'))).toBe('?');
  });
});

describe('addresses', () => {
  it('parse and format', () => {
    expect(formatMac(mac('52-54-00-12-34-56'))).toBe('52:54:00:12:34:56');
    expect(formatIpv4(ipv4('192.168.76.2'))).toBe('192.168.76.2');
    expect(parseMac('52:54:00:12:34')).toBeNull();
    expect(parseIpv4('10.0.2.256')).toBeNull();
    expect(parseIpv4('10.0.2')).toBeNull();
  });

  it('know group addresses and networks', () => {
    expect(isMulticastMac(mac('01:00:5e:00:00:01'))).toBe(true);
    expect(isMulticastMac(mac('fe:00:00:00:00:01'))).toBe(false);
    expect(prefixMask(24)).toBe(0xffffff00);
    expect(prefixMask(0)).toBe(0);
    expect(sameNetwork(ipv4('192.168.76.2'), ipv4('192.168.76.200'), 24)).toBe(true);
    expect(sameNetwork(ipv4('192.168.76.2'), ipv4('10.0.2.2'), 24)).toBe(false);
  });
});

describe('Xoshiro128', () => {
  it('repeats from a seed, differs between seeds, and continues from its saved state', () => {
    const a = new Xoshiro128(7);
    const first = [a.u32(), a.u32(), a.u32()];
    const b = new Xoshiro128(7);
    expect([b.u32(), b.u32(), b.u32()]).toEqual(first);
    expect(new Xoshiro128(8).u32()).not.toBe(first[0]);
    const state = a.save();
    const next = a.u32();
    b.restore(state);
    expect(b.u32()).toBe(next);
  });

  it('forks into sequences of their own without moving', () => {
    const a = new Xoshiro128(7);
    const state = a.save();
    expect(a.fork('slirp').u32()).not.toBe(a.fork('alpha').u32());
    expect(a.save()).toEqual(state);
  });

  it('stays below the bound and reaches every value of a small one', () => {
    const a = new Xoshiro128(1);
    const seen = new Set(Array.from({ length: 200 }, () => a.below(6)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    const bytes = new Uint8Array(7);
    a.fill(bytes);
    expect(bytes.some((x) => x !== 0)).toBe(true);
  });
});

describe('frames and disposables', () => {
  it('copies a borrowed frame', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const copy = copyFrame(frameOf(bytes, new PacketIds().next()));
    bytes[0] = 9;
    expect(copy.bytes[0]).toBe(1);
    expect(copy.id).toBe(1);
  });

  it('disposes in reverse order, once, and at once when already disposed', () => {
    const order: number[] = [];
    const store = new DisposableStore();
    store.defer(() => order.push(1));
    store.defer(() => order.push(2));
    store.dispose();
    store.dispose();
    store.defer(() => order.push(3));
    expect(order).toEqual([2, 1, 3]);
  });
});
