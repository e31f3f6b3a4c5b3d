import { describe, expect, it } from 'vitest';
import { latin1, latin1Bytes } from '../../base/bytes.ts';
import { Xoshiro128 } from '../../base/random.ts';
import { BodyReader } from './body.ts';
import type { Framing } from './request.ts';

/** Feeds `text` in pieces of `piece` bytes until the reader takes no more. */
function read(framing: Framing, text: string, piece: number) {
  const reader = new BodyReader(framing);
  const b = latin1Bytes(text);
  let data = '';
  let at = 0;
  while (at < b.length && reader.state === 'more') {
    const end = Math.min(at + piece, b.length);
    const used = reader.feed(b, at, end, (bytes, from, length) => {
      data += latin1(bytes, from, from + length);
    });
    at += used;
    if (used === 0) break;
  }
  return { data, rest: text.slice(at), state: reader.state };
}

const chunked: Framing = { kind: 'chunked' };

describe('a request body', () => {
  it('of a known length ends there', () => {
    for (const piece of [1, 3, 100])
      expect(read({ kind: 'length', length: 5 }, 'helloGET', piece)).toEqual({ data: 'hello', rest: 'GET', state: 'done' });
    expect(read({ kind: 'none' }, 'GET', 9)).toEqual({ data: '', rest: 'GET', state: 'done' });
  }); // prettier-ignore

  it('in chunks is put together, whatever the pieces; extensions and trailers are read over', () => {
    const text = '5\r\nhello\r\n00C;a=b;c="d"\r\n, wide world\r\n1 \r\n!\r\n0\r\nDigest: x\r\nB: \r\n\r\nGET';
    for (const piece of [1, 2, 7, 1000])
      expect(read(chunked, text, piece)).toEqual({ data: 'hello, wide world!', rest: 'GET', state: 'done' });
    expect(read(chunked, '0\r\n\r\n', 9)).toEqual({ data: '', rest: '', state: 'done' });
  });

  it('in chunks that are wrong is found out at the first wrong byte', () => {
    for (const text of ['\r\n', 'g\r\n', '-5\r\n', '5\rX', '5;a\rb\n', '5\r\nhelloX', '5\r\nhello\r\r\n', '1000000000000\r\n', `1;${'x'.repeat(600)}`, `0\r\n${'T: x\r\n'.repeat(800)}`]) {
      const { state } = read(chunked, text, 1);
      expect([text, state]).toEqual([text, 'bad-chunk']);
    }
  }); // prettier-ignore

  it('survives any bytes and never takes more than it is given', () => {
    const random = new Xoshiro128(17);
    const alphabet = '0123aF\r\n; x';
    for (let i = 0; i < 3000; i++) {
      const text = Array.from(
        { length: random.below(60) },
        () => alphabet[random.below(alphabet.length)],
      ).join('');
      const whole = read(chunked, text, 1000);
      expect(read(chunked, text, 1)).toEqual(whole);
      expect(whole.data.length + whole.rest.length).toBeLessThanOrEqual(text.length);
    }
  });
});
