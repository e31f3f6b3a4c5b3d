/** The services against clients that others wrote: Node's HTTP client, its DNS resolver (c-ares) and its plain sockets. */
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Disposable } from '../../emulator/base/disposable.ts';
import { DiscardServer } from '../../emulator/services/discard/server.ts';
import { DnsServer } from '../../emulator/services/dns/server.ts';
import { EchoServer } from '../../emulator/services/echo/server.ts';
import { generatedBytes } from '../../emulator/services/http/generated.ts';
import { HttpServer } from '../../emulator/services/http/server.ts';
import { startServices } from '../../emulator/services/lab-services.ts';
import { nodeHost } from './node-sockets.ts';

const host = nodeHost();
const discard = new DiscardServer();
let running: Disposable;
let site = '';
const resolver = new Resolver({ timeout: 2000, tries: 1 });

beforeAll(async () => {
  running = startServices([new HttpServer(), new DnsServer(), new EchoServer(), discard], host);
  site = `http://127.0.0.1:${await host.sockets.portOf('tcp', 80)}`;
  resolver.setServers([`127.0.0.1:${await host.sockets.portOf('udp', 53)}`]);
});

afterAll(() => {
  running.dispose();
});

function generated(name: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  generatedBytes(name, 0, bytes, 0, length);
  return bytes;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('a Node HTTP client', () => {
  it('downloads five binary megabytes whole', async () => {
    const answer = await fetch(`${site}/5M.bin`);
    expect(sha256(new Uint8Array(await answer.arrayBuffer()))).toBe(sha256(generated('5M.bin', 5 * 2 ** 20)));
  });

  it('gets a range', async () => {
    const answer = await fetch(`${site}/1G.bin`, { headers: { range: 'bytes=10-19' } });
    expect(answer.status).toBe(206);
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(generated('1G.bin', 20).slice(10));
  });

  it('uploads with a length and in chunks, and gets the hash back', async () => {
    const bytes = generated('3M.bin', 3 * 2 ** 20);
    const line = `a.bin bytes=${bytes.length} sha256=${sha256(bytes)}\n`;
    const sized = await fetch(`${site}/upload/a.bin`, {
      method: 'POST',
      body: new Blob([bytes as BlobPart]),
    });
    expect(await sized.text()).toBe(line);
    const parts = new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += 100_000) controller.enqueue(bytes.slice(at, at + 100_000));
        controller.close();
      },
    });
    const chunked = await fetch(`${site}/upload/b.bin`, {
      method: 'PUT',
      body: parts,
      duplex: 'half',
    } as RequestInit);
    expect(await chunked.text()).toBe(line.replace('a.bin', 'b.bin'));
    expect(await (await fetch(`${site}/upload/a.bin.sha256`)).text()).toBe(line);
  });
});

describe('a resolver', () => {
  it('finds names, addresses, and that there are none', async () => {
    expect(await resolver.resolve4('Filer.LAB')).toEqual(['192.168.76.2']);
    expect(await resolver.reverse('192.168.76.10')).toEqual(['alpha.lab']);
    expect(await resolver.resolveNs('lab')).toEqual(['filer.lab']);
    expect(await resolver.resolveSoa('lab')).toMatchObject({
      nsname: 'filer.lab',
      hostmaster: 'hostmaster.lab',
    });
    await expect(resolver.resolve6('filer.lab')).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(resolver.resolve4('gone.lab')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(resolver.resolve4('example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});

describe('a plain socket', () => {
  it('gets its datagrams and its stream back', async () => {
    const udp = createSocket('udp4');
    udp.send('ping', await host.sockets.portOf('udp', 7), '127.0.0.1');
    const [data] = (await once(udp, 'message')) as [Buffer];
    expect(data.toString()).toBe('ping');
    udp.close();
    const bytes = generated('2M.bin', 2 * 2 ** 20);
    const tcp = connect(await host.sockets.portOf('tcp', 7), '127.0.0.1');
    tcp.end(bytes);
    const parts: Buffer[] = [];
    for await (const part of tcp) parts.push(part as Buffer);
    expect(sha256(Buffer.concat(parts))).toBe(sha256(bytes));
  });

  it('is hashed by discard', async () => {
    const bytes = generated('1M.bin', 2 ** 20);
    const tcp = connect(await host.sockets.portOf('tcp', 9), '127.0.0.1');
    tcp.end(bytes);
    tcp.resume();
    await once(tcp, 'close');
    expect(discard.report().connections).toMatchObject([
      { bytes: bytes.length, sha256: sha256(bytes), state: 'closed' },
    ]);
  });
});
