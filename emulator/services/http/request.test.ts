import { describe, expect, it } from 'vitest';
import { latin1Bytes } from '../../base/bytes.ts';
import { Xoshiro128 } from '../../base/random.ts';
import { headEnd, headTooLong, parseHead, type Request } from './request.ts';

function parse(text: string) {
  const b = latin1Bytes(text);
  const end = headEnd(b, 0, b.length);
  if (end < 0) throw new Error('the head does not end');
  return parseHead(b, 0, end);
}

const request = (line: string, ...headers: string[]) => parse([line, ...headers, '', ''].join('\r\n'));
const good = (line: string, ...headers: string[]): Request =>
  request(line, 'Host: filer', ...headers) as Request;
const status = (r: ReturnType<typeof parse>): number => ('status' in r ? r.status : 200);

describe('the head of a request', () => {
  it('of busybox wget --post-file is understood', () => {
    expect(
      parse(
        'POST /upload/a.bin HTTP/1.1\r\nHost: filer.lab\r\nUser-Agent: Wget\r\nConnection: close\r\n' +
          'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1048576\r\n\r\n',
      ),
    ).toMatchObject({
      method: 'POST',
      path: '/upload/a.bin',
      framing: { kind: 'length', length: 1_048_576 },
      expectsContinue: false,
      keepAlive: false,
    });
  });

  it('ends with a blank line, with or without carriage returns', () => {
    const b = latin1Bytes('GET / HTTP/1.1\nHost: a\r\n\nrest');
    expect(headEnd(b, 0, b.length)).toBe(b.length - 4);
    expect(headEnd(b, 0, b.length - 5)).toBe(-1);
    expect(parse('GET / HTTP/1.1\nHost: a\r\n\n')).toMatchObject({ path: '/' });
  });

  it('has a path without query, percent signs decoded, in origin or absolute form', () => {
    const paths = ['/a%2Db?c=d', '/', '/?x', 'http://filer.lab/5M.bin?x', 'HTTP://filer.lab', 'http://filer?x', '/%zz'];
    expect(paths.map((p) => good(`GET ${p} HTTP/1.1`).path)).toEqual(['/a-b', '/', '/', '/5M.bin', '/', '/', '/%zz']);
    for (const p of ['*', 'filer.lab:80', 'a/b', '?x', 'https://filer/'])
      expect(status(request(`GET ${p} HTTP/1.1`, 'Host: a'))).toBe(400);
  }); // prettier-ignore

  it('joins repeated headers and trims their values', () => {
    const { headers } = good('GET / HTTP/1.1', 'X-A: \t1 \t', 'x-a:2', 'Empty:', 'Utf: \xc3\xa9');
    expect(Object.fromEntries(headers)).toEqual({ host: 'filer', 'x-a': '1, 2', empty: '', utf: '\xc3\xa9' });
  });

  it('says whether the connection goes on', () => {
    const goesOn = (line: string, connection: string) => good(line, `Connection: ${connection}`).keepAlive;
    expect(good('GET / HTTP/1.1').keepAlive).toBe(true);
    expect(goesOn('GET / HTTP/1.1', 'Upgrade, CLOSE')).toBe(false);
    expect(good('GET / HTTP/1.0').keepAlive).toBe(false);
    expect(goesOn('GET / HTTP/1.0', 'Keep-Alive')).toBe(true);
  });

  it('says how the body ends', () => {
    const framing = (...h: string[]) => good('POST / HTTP/1.1', ...h).framing;
    expect(framing()).toEqual({ kind: 'none' });
    expect(framing('Content-Length: 0')).toEqual({ kind: 'none' });
    expect(framing('Content-Length: 7', 'Content-Length: 7')).toEqual({ kind: 'length', length: 7 });
    expect(framing('Transfer-Encoding: Chunked')).toEqual({ kind: 'chunked' });
  });

  it.each([
    [400, 'GET /'],
    [400, 'GET  / HTTP/1.1', 'Host: a'],
    [400, 'GET / HTTP/1.1 ', 'Host: a'],
    [400, 'G(T / HTTP/1.1', 'Host: a'],
    [400, 'GET /\xe9 HTTP/1.1', 'Host: a'],
    [505, 'GET / HTTP/2.0', 'Host: a'],
    [400, 'GET / HTTP/1.1'],
    [400, 'GET / HTTP/1.1', 'Host: a', 'Host: a'],
    [400, 'GET / HTTP/1.1', 'Host: a', ' folded'],
    [400, 'GET / HTTP/1.1', 'Host : a'],
    [400, 'GET / HTTP/1.1', 'Host: a', 'X: a\0b'],
    [400, 'GET / HTTP/1.1', 'Host: a', 'X: a\rb'],
    [400, 'POST / HTTP/1.1', 'Host: a', 'Content-Length: 5, 6'],
    [400, 'POST / HTTP/1.1', 'Host: a', 'Content-Length: -5'],
    [400, 'POST / HTTP/1.1', 'Host: a', 'Content-Length: 5', 'Transfer-Encoding: chunked'],
    [400, 'POST / HTTP/1.0', 'Transfer-Encoding: chunked'],
    [501, 'POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: gzip, chunked'],
    [413, 'POST / HTTP/1.1', 'Host: a', 'Content-Length: 99999999999999999999'],
    [417, 'POST / HTTP/1.1', 'Host: a', 'Expect: money'],
    [431, 'GET / HTTP/1.1', 'Host: a', ...Array.from({ length: 100 }, () => 'X: y')],
    [414, `GET /${'x'.repeat(8192)} HTTP/1.1`, 'Host: a'],
    [431, 'GET / HTTP/1.1', 'Host: a', `X: ${'x'.repeat(16_384)}`],
  ] as [number, string, ...string[]][])('is refused with %i: %j', (expected, line, ...headers) => {
    expect(status(request(line, ...headers))).toBe(expected);
  });

  it('is too long before it ends', () => {
    const long = (text: string) => headTooLong(latin1Bytes(text), 0, text.length)?.status ?? null;
    expect(long('x'.repeat(8192))).toBeNull();
    expect(long('x'.repeat(8193))).toBe(414);
    expect(long(`GET / HTTP/1.1${'\nX: y'.repeat(3276)}`)).toBeNull();
    expect(long(`GET / HTTP/1.1${'\nX: y'.repeat(3277)}`)).toBe(431);
  });

  it('survives any bytes', () => {
    const random = new Xoshiro128(19);
    const seed = 'POST /upload/a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n';
    for (let i = 0; i < 3000; i++) {
      const b = latin1Bytes(seed);
      for (let k = 1 + random.below(5); k > 0; k--) b[random.below(b.length)] = random.below(256);
      const end = headEnd(b, 0, b.length);
      if (end < 0) continue;
      const r = parseHead(b, 0, end);
      if ('status' in r) expect(r.status).toBeGreaterThanOrEqual(400);
      else expect(r.path.startsWith('/')).toBe(true);
    }
  });
});
