/** The HTTP server on TCP port 80. Follows RFC 9110, RFC 9112. Leaves out: TLS, HTTP/2, content and transfer codings of responses, validators. */
import { MILLISECOND, SECOND } from '../../base/clock.ts';
import { EPOCH_MS } from '../../base/epoch.ts';
import type { Disposable } from '../../base/disposable.ts';
import type { Service, ServiceHost } from '../service.ts';
import { tcpCounters, TcpServer, type TcpCounters } from '../tcp-server.ts';
import { httpDate } from './date.ts';
import { HttpSession, type HttpCounters } from './session.ts';
import { Uploads, type Upload } from './uploads.ts';

export const HTTP_PORT = 80;

export interface HttpConfig {
  readonly port: number;
  /** The date at virtual time 0, in milliseconds since 1970 UTC. */
  readonly epochMs: number;
}

export type HttpServerCounters = TcpCounters & HttpCounters;

export interface HttpState {
  readonly uploads: readonly Upload[];
  readonly counters: HttpServerCounters;
}

export class HttpServer implements Service {
  readonly name = 'http';
  readonly counters: HttpServerCounters = {
    ...tcpCounters(),
    requests: 0,
    badRequests: 0,
    bodyBytes: 0,
    uploads: 0,
    uploadedBytes: 0,
    cutUploads: 0,
  };
  readonly #config: HttpConfig;
  readonly #uploads = new Uploads();

  constructor(config: Partial<HttpConfig> = {}) {
    this.#config = { port: HTTP_PORT, epochMs: EPOCH_MS, ...config };
  }

  start(host: ServiceHost): Disposable {
    const { port, epochMs } = this.#config;
    const owner = {
      uploads: this.#uploads,
      counters: this.counters,
      date: () => httpDate(epochMs + host.clock.now() / MILLISECOND),
    };
    const config = { name: this.name, port, maxConnections: 64, idle: 60 * SECOND };
    return new TcpServer(host, config, this.counters, (stream) => new HttpSession(stream, owner));
  }

  /** Finished uploads, oldest first. */
  uploads(): readonly Upload[] {
    return this.#uploads.list();
  }

  save(): HttpState {
    return { uploads: [...this.#uploads.list()], counters: { ...this.counters } };
  }

  restore(state: HttpState): void {
    this.#uploads.restore(state.uploads);
    Object.assign(this.counters, state.counters);
  }
}
