import { describe, expect, it } from 'vitest';
import { PacketIndex } from './packet-index.ts';

function fake(count: number): {
  first: number;
  next: number;
  epoch: number;
  interfaceOf: (i: number) => number;
} {
  return { first: 0, next: count, epoch: 0, interfaceOf: (i) => i % 3 };
}
const still = (): number => 0;
const text = (i: number): string => (i % 10 === 0 ? `icmp ${i}` : `tcp ${i}`);

describe('PacketIndex', () => {
  it('without a filter answers places directly', () => {
    const index = new PacketIndex({ ...fake(5), first: 2 }, text);
    expect(index.update({ iface: null, text: '' }, still, 5)).toBe(true);
    expect([index.total, index.at(0), index.at(2), index.at(3), index.at(-1)]).toEqual([3, 2, 4, -1, -1]);
  });

  it('filters by interface and by text, and takes in new frames', () => {
    const capture = fake(100);
    const index = new PacketIndex(capture, text);
    index.update({ iface: 0, text: 'ICMP' }, still, 5);
    expect([index.total, index.at(0), index.at(1)]).toEqual([4, 0, 30]);
    capture.next = 121;
    index.update({ iface: 0, text: 'ICMP' }, still, 5);
    expect([index.total, index.at(4)]).toEqual([5, 120]);
  });

  it('lets go of frames that are no longer held and starts over when the capture was cleared', () => {
    const capture = fake(100);
    const index = new PacketIndex(capture, text);
    index.update({ iface: null, text: 'icmp' }, still, 5);
    capture.first = 25;
    index.update({ iface: null, text: 'icmp' }, still, 5);
    expect(index.at(0)).toBe(30);
    Object.assign(capture, { first: 0, next: 11, epoch: 1 });
    index.update({ iface: null, text: 'icmp' }, still, 5);
    expect([index.total, index.at(1)]).toEqual([2, 10]);
  });

  it('stops when its time is up and goes on with the next call', () => {
    let now = 0;
    const index = new PacketIndex(fake(1000), text);
    expect(index.update({ iface: null, text: 'icmp' }, () => (now += 10), 5)).toBe(false);
    const partly = index.total;
    expect(partly).toBeLessThan(100);
    while (!index.update({ iface: null, text: 'icmp' }, () => (now += 10), 5));
    expect(index.total).toBe(100);
  });
});
