import { describe, expect, it } from 'vitest';
import { latin1, latin1Bytes } from '../../base/bytes.ts';
import { SECOND } from '../../base/clock.ts';
import { Xoshiro128 } from '../../base/random.ts';
import { Sha256, sha256Hex } from '../../base/sha256.ts';
import { fakeHost, type FakePeer } from '../testing/fake-sockets.ts';
import { plainCopy } from '../../base/testing/plain-copy.ts';
import { generatedBytes } from './generated.ts';
import { HttpServer } from './server.ts';

function started() {
  const host = fakeHost();
  const http = new HttpServer();
  const running = http.start(host);
  const dial = (): FakePeer => host.sockets.dial(80);
  /** One request on a connection of its own; the whole answer. */
  const ask = (text: string): string => {
    const peer = dial();
    peer.say(text);
    host.sockets.settle();
    return peer.takeText();
  };
  const get = (path: string, ...headers: string[]) =>
    response(ask([`GET ${path} HTTP/1.1`, 'Host: filer', ...headers, '', ''].join('\r\n')));
  return { host, http, running, dial, ask, get };
}

function response(text: string) {
  const end = text.indexOf('\r\n\r\n');
  const [line, ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(lines.map((l) => l.split(': '))) as Record<string, string>;
  return { line, status: Number(line!.split(' ')[1]), headers, body: text.slice(end + 4) };
}

function file(name: string, from: number, to: number): string {
  const bytes = new Uint8Array(to - from);
  generatedBytes(name, from, bytes, 0, bytes.length);
  return latin1(bytes);
}

const post = (name: string, body: string, ...headers: string[]): string =>
  [
    `POST /upload/${name} HTTP/1.1`,
    'Host: filer',
    `Content-Length: ${body.length}`,
    ...headers,
    '',
    body,
  ].join('\r\n');

describe('an HTTP response', () => {
  it('is, to the byte, head, blank line and content, dated by the clock of the world', () => {
    const { ask, host } = started();
    host.sockets.pass(3661 * SECOND);
    expect(ask('GET /8.bin HTTP/1.1\r\nHost: filer\r\n\r\n')).toBe(
      'HTTP/1.1 200 OK\r\nDate: Mon, 13 May 2013 01:01:01 GMT\r\nServer: Tapline\r\nContent-Type: application/octet-stream\r\n' +
        'Accept-Ranges: bytes\r\nContent-Length: 8\r\nConnection: keep-alive\r\n\r\n' +
        file('8.bin', 0, 8),
    );
  });

  it('to HEAD has the same head and no content', () => {
    const { ask } = started();
    const get = ask('GET /64K.bin HTTP/1.1\r\nHost: filer\r\n\r\n');
    expect(ask('HEAD /64K.bin HTTP/1.1\r\nHost: filer\r\n\r\n')).toBe(
      get.slice(0, get.indexOf('\r\n\r\n') + 4),
    );
  });
});

describe('an HTTP server', () => {
  it('has an index that names what there is', () => {
    const { get } = started();
    const { status, headers, body } = get('/');
    expect([status, headers['Content-Type']]).toEqual([200, 'text/html']);
    for (const [, path] of body.matchAll(/href="([^"]+\.bin)"/g))
      expect(get(path!, 'Range: bytes=0-0').status).toBe(206);
    expect(get('/upload/').status).toBe(200);
    expect(get('/gone').line).toBe('HTTP/1.1 404 Not Found');
    expect(get('/17G.bin').status).toBe(404);
  });

  it('sends a file of five binary megabytes as fast as the client takes it and no faster', () => {
    const { host, dial, http } = started();
    const peer = dial();
    peer.window = 1000;
    peer.say('GET /5M.bin HTTP/1.1\r\nHost: filer\r\nConnection: close\r\n\r\n');
    host.sockets.settle();
    // It has made one buffer of content and waits.
    expect(http.counters.bodyBytes).toBeLessThan(17_000);
    const random = new Xoshiro128(23);
    const hash = new Sha256();
    let head = '';
    let size = 0;
    for (let i = 0; i < 5000 && !peer.closed; i++) {
      peer.open(1 + random.below(70_000));
      host.sockets.settle();
      let part = peer.takeBytes();
      if (size === 0) {
        head += latin1(part);
        const end = head.indexOf('\r\n\r\n') + 4;
        part = latin1Bytes(head.slice(end));
      }
      hash.update(part);
      size += part.length;
    }
    const expected = new Uint8Array(5 * 1024 * 1024);
    generatedBytes('5M.bin', 0, expected, 0, expected.length);
    expect([size, hash.hex()]).toEqual([expected.length, sha256Hex(expected)]);
    expect([peer.closed, peer.aborted]).toEqual([true, false]);
  });

  it('lets other connections have their turn while it sends into a stream that takes everything', () => {
    const { host, dial } = started();
    const large = dial();
    large.say('GET /20M.bin HTTP/1.1\r\nHost: filer\r\n\r\n');
    let after = 0;
    const timer = host.clock.timer(() => {
      after = large.receivedBytes;
    });
    timer.arm(0);
    host.sockets.settle();
    expect(after).toBeLessThan(600_000);
    expect(large.receivedBytes).toBeGreaterThan(20 * 1024 * 1024);
  });

  it('sends one range of a file', () => {
    const { get } = started();
    const part = get('/1G.bin', 'Range: bytes=1073741800-1073741803');
    expect(part).toMatchObject({ status: 206, body: file('1G.bin', 1_073_741_800, 1_073_741_804) });
    expect(part.headers['Content-Range']).toBe('bytes 1073741800-1073741803/1073741824');
    expect(get('/1K.bin', 'Range: bytes=-3').body).toBe(file('1K.bin', 1021, 1024));
    const beyond = get('/1K.bin', 'Range: bytes=1024-');
    expect([beyond.status, beyond.headers['Content-Range']]).toEqual([416, 'bytes */1024']);
    expect(get('/1K.bin', 'Range: bytes=0-1,4-5').status).toBe(200);
    expect(get('/1K.bin', 'Range: bytes=0-1', 'If-Range: "x"').status).toBe(200);
  });

  it('answers pipelined requests in order on one connection', () => {
    const { host, dial } = started();
    const peer = dial();
    peer.piece = 5;
    const one = (n: number) => `\r\nGET /${n}.bin HTTP/1.1\r\nHost: filer\r\n\r\n`;
    peer.say(one(1) + one(2) + one(3));
    peer.end();
    host.sockets.settle();
    const text = peer.takeText();
    expect([...text.matchAll(/Content-Length: (\d)/g)].map((m) => m[1])).toEqual(['1', '2', '3']);
    expect([peer.closed, peer.aborted]).toEqual([true, false]);
  });

  it('takes an upload and answers with its length and hash, now and later', () => {
    const { ask, get } = started();
    const line = `a.bin bytes=5 sha256=${sha256Hex(latin1Bytes('hello'))}\n`;
    const answer = response(ask(post('a.bin', 'hello', 'Connection: close')));
    expect(answer).toMatchObject({ line: 'HTTP/1.1 200 OK', body: line });
    expect(answer.headers['Connection']).toBe('close');
    expect(get('/upload/a.bin.sha256').body).toBe(line);
    expect(get('/upload/a.bin').body).toBe('hello');
    expect(get('/upload/').body).toBe(line);
    expect(response(ask(post('a.bin', 'other').replace('POST', 'PUT'))).body).toContain('bytes=5');
    expect(get('/upload/a.bin').body).toBe('other');
    expect(get('/upload/b.bin').status).toBe(404);
  });

  it('takes an upload of any size in chunks, keeping no more than its hash', () => {
    const { host, dial, get } = started();
    const peer = dial();
    peer.piece = 1460;
    peer.say('POST /upload/big HTTP/1.1\r\nHost: filer\r\nTransfer-Encoding: chunked\r\n\r\n');
    const hash = new Sha256();
    const part = new Uint8Array(100_000);
    for (let i = 0; i < 15; i++) {
      generatedBytes('big', i * 100_000, part, 0, 100_000);
      hash.update(part);
      peer.say(`186a0\r\n${latin1(part)}\r\n`);
      host.sockets.settle();
    }
    peer.say('0\r\n\r\nGET /1.bin HTTP/1.1\r\nHost: filer\r\n\r\n');
    host.sockets.settle();
    const text = peer.takeText();
    expect(text).toContain(`big bytes=1500000 sha256=${hash.hex()}\n`);
    expect(text).toContain('Content-Length: 1\r\n');
    expect(get('/upload/big')).toMatchObject({ status: 404 });
    expect(get('/upload/big.sha256').body).toContain(hash.hex());
  });

  it('says 100 Continue to a client that waits for it, and to no other', () => {
    const { host, dial } = started();
    const head = 'PUT /upload/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n';
    const waits = dial();
    waits.say(head);
    host.sockets.settle();
    expect(waits.takeText()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    waits.say('ok');
    host.sockets.settle();
    expect(response(waits.takeText()).status).toBe(200);
    const does = dial();
    does.say(`${head}ok`);
    host.sockets.settle();
    expect(does.takeText()).toMatch(/^HTTP\/1.1 200/);
    const refused = dial();
    refused.say(head.replace('/upload/x', '/gone'));
    host.sockets.settle();
    expect(refused.takeText()).toMatch(/^HTTP\/1.1 404/);
  });

  it('answers a request it will not read to the end, then throws away what still comes before it closes', () => {
    const { host, dial } = started();
    const peer = dial();
    peer.say(`POST /5M.bin HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(60_000)}`);
    host.sockets.settle();
    const { status, headers } = response(peer.takeText());
    expect([status, headers['Allow'], headers['Connection']]).toEqual([405, 'GET, HEAD', 'close']);
    expect([peer.finished, peer.closed, peer.available()]).toEqual([true, false, 0]);
    peer.end();
    host.sockets.settle();
    expect([peer.closed, peer.aborted]).toEqual([true, false]);
    const endless = dial();
    endless.say('BAD\r\n\r\n');
    for (let i = 0; i < 50 && !endless.closed; i++) {
      endless.say(new Uint8Array(100_000));
      host.sockets.settle();
    }
    expect(endless.aborted).toBe(true);
  });

  it('answers what it cannot read and closes', () => {
    const { ask, http } = started();
    const status = (text: string): number => response(ask(text)).status;
    expect(status('hello\r\n\r\n')).toBe(400);
    expect(status(`GET /${'x'.repeat(9000)}`)).toBe(414);
    expect(status(`GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(4000)}`)).toBe(431);
    expect(status('BREW / HTTP/1.1\r\nHost: a\r\n\r\n')).toBe(501);
    expect(status('DELETE / HTTP/1.1\r\nHost: a\r\n\r\n')).toBe(405);
    expect(status(post('x.sha256', 'a'))).toBe(400);
    expect(status(post('a/b', 'a'))).toBe(400);
    expect(status('POST /upload/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz')).toBe(400);
    expect(http.counters).toMatchObject({ badRequests: 4, cutUploads: 1 });
  });

  it('forgets an upload that is cut', () => {
    const { host, dial, http } = started();
    for (const cut of ['end', 'reset'] as const) {
      const peer = dial();
      peer.say(post('x', 'hello').slice(0, -1));
      host.sockets.settle();
      peer[cut]();
      host.sockets.settle();
      expect(peer.receivedBytes).toBe(0);
      expect(peer.closed).toBe(true);
    }
    expect(http.uploads()).toEqual([]);
    expect(http.counters).toMatchObject({ uploads: 0, cutUploads: 2 });
  });

  it('keeps the newest 64 uploads and the newest 16 MiB of content', () => {
    const { host, dial, http } = started();
    const body = 'x'.repeat(0x10_0000);
    for (let i = 0; i < 18; i++) {
      dial().say(post(`large${i}`, body, 'Connection: close'));
      host.sockets.settle();
    }
    expect(
      http
        .uploads()
        .map((u) => u.content !== null)
        .indexOf(true),
    ).toBe(2);
    for (let i = 0; i < 50; i++) {
      dial().say(post(`small${i}`, 'x', 'Connection: close'));
      host.sockets.settle();
    }
    expect(http.uploads()).toHaveLength(64);
    expect(http.uploads()[0]!.name).toBe('large4');
  });

  it('closes a connection on which nothing moves for a minute', () => {
    const { host, dial, http } = started();
    const silent = dial();
    const stalled = dial();
    stalled.window = 10;
    stalled.say('GET /1M.bin HTTP/1.1\r\nHost: a\r\n\r\n');
    host.sockets.pass(60 * SECOND);
    expect([silent.aborted, stalled.aborted, http.counters.timedOut]).toEqual([true, true, 2]);
  });

  it('goes on with its uploads after they went through plain data', () => {
    const { ask, http } = started();
    ask(post('x', 'hello'));
    const restored = started();
    restored.http.restore(plainCopy(http.save()));
    expect(restored.http.save()).toEqual(http.save());
    expect(restored.get('/upload/x').body).toBe('hello');
  });

  it('survives any bytes, with every connection over or waiting at the end', () => {
    const { host, dial } = started();
    const random = new Xoshiro128(29);
    const seeds = [
      'GET /1K.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=5-9\r\n\r\n',
      post('fuzz', 'hello', 'Expect: 100-continue'),
      'POST /upload/c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    ];
    for (let i = 0; i < 1500; i++) {
      const bytes = latin1Bytes(seeds[i % 3]! + seeds[random.below(3)]!);
      for (let k = random.below(6); k > 0; k--) bytes[random.below(bytes.length)] = random.below(256);
      const peer = dial();
      peer.piece = 1 + random.below(80);
      peer.say(bytes);
      host.sockets.settle();
      peer.end();
      host.sockets.settle();
      expect(peer.closed).toBe(true);
      const text = peer.takeText();
      if (text !== '') expect(text).toMatch(/^HTTP\/1\.1 \d{3} /);
    }
  });

  it('leaves no timer and no port behind when it is stopped', () => {
    const { host, running, dial } = started();
    dial().say('GET /1K.bin HTTP/1.1\r\nHost: a\r\n\r\n');
    host.sockets.settle();
    running.dispose();
    expect([host.clock.leftover, host.sockets.ports]).toEqual([0, 0]);
  });
});
