/** Builds the static site and serves it as the plainest of file servers would: under a path prefix, with no special headers. */
import {
  createReadStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const root = join(import.meta.dirname, '..', '..');
const PREFIX = '/courses/networks/tapline/';
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
};

export interface BuiltFile {
  readonly name: string;
  readonly bytes: number;
  readonly gzipped: number;
}

export class BuiltSite {
  readonly url: string;
  readonly #dir: string;
  readonly #server: Server;

  private constructor(dir: string, server: Server) {
    this.#dir = dir;
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${PREFIX}`;
  }

  static async start(): Promise<BuiltSite> {
    const dir = mkdtempSync(join(tmpdir(), 'tapline-site-'));
    await build({
      configFile: join(root, 'vite.config.ts'),
      root: join(root, 'web'),
      logLevel: 'error',
      build: { outDir: dir, emptyOutDir: true },
    });
    const server = createServer((request, response) => {
      const path = decodeURIComponent((request.url ?? '').split('?')[0]!);
      const file = join(
        dir,
        normalize(path.slice(PREFIX.length - 1)) === '/' ? 'index.html' : path.slice(PREFIX.length),
      );
      if (!path.startsWith(PREFIX) || !file.startsWith(dir) || !existsSync(file)) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' });
      createReadStream(file).pipe(response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new BuiltSite(dir, server);
  }

  /** Every file of the site, with its size as sent and gzipped. */
  files(): BuiltFile[] {
    return readdirSync(this.#dir, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(this.#dir, name)).isFile())
      .map((name) => {
        const bytes = readFileSync(join(this.#dir, name));
        return { name, bytes: bytes.length, gzipped: gzipSync(bytes).length };
      });
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
