import { describe, expect, it } from 'vitest';
import { latin1, latin1Bytes } from '../base/bytes.ts';
import { Xoshiro128 } from '../base/random.ts';
import { ByteQueue } from './byte-queue.ts';

const text = (q: ByteQueue): string => latin1(q.bytes, q.from, q.to);

describe('a byte queue', () => {
  it('keeps order while it grows, moves its content forward and never passes its limit', () => {
    const random = new Xoshiro128(3);
    const queue = new ByteQueue(5000);
    let twin = '';
    for (let i = 0; i < 2000; i++) {
      const add = Math.min(random.below(900), queue.room);
      const part = String.fromCharCode(...Array.from({ length: add }, () => random.below(256)));
      queue.push(latin1Bytes(part));
      twin += part;
      const drop = Math.min(random.below(900), queue.length);
      queue.take(drop);
      twin = twin.slice(drop);
      expect(queue.bytes.length).toBeLessThanOrEqual(5000);
      expect(queue.length).toBe(twin.length);
    }
    expect(text(queue)).toBe(twin);
  });

  it('can be filled to its last byte wherever its content stands', () => {
    const queue = new ByteQueue(100);
    queue.push(new Uint8Array(60));
    queue.take(59);
    expect(queue.room).toBe(99);
    queue.push(new Uint8Array(99));
    expect(queue.room).toBe(0);
    expect(queue.length).toBe(100);
  });
});
