/** The echo service on TCP and UDP port 7: what comes in goes back. Follows RFC 862. */
import { DisposableStore, type Disposable } from '../../base/disposable.ts';
import type { HostStream } from '../../base/host-sockets.ts';
import { SECOND } from '../../base/clock.ts';
import { ByteQueue } from '../byte-queue.ts';
import type { Service, ServiceHost } from '../service.ts';
import { answersByItself } from '../small-services.ts';
import { tcpCounters, TcpServer, type Pumped, type Session, type TcpCounters } from '../tcp-server.ts';
import { UdpServer } from '../udp-server.ts';

export const ECHO_PORT = 7;

/** Bytes held for a client that sends faster than it reads; then its sending stops. */
const HELD = 16_384;
/** Bytes echoed before others get their turn. */
const PER_TURN = 262_144;

export interface EchoCounters extends TcpCounters {
  bytes: number;
  datagrams: number;
  /** Datagrams from a port that answers by itself: the two would never stop. */
  loops: number;
}

export class EchoServer implements Service {
  readonly name = 'echo';
  readonly counters: EchoCounters = { ...tcpCounters(), bytes: 0, datagrams: 0, loops: 0 };

  start(host: ServiceHost): Disposable {
    const store = new DisposableStore();
    const udp = store.add(
      new UdpServer(host, this.name, ECHO_PORT, (from, data) => {
        if (answersByItself(from.port)) {
          this.counters.loops++;
          return;
        }
        this.counters.datagrams++;
        udp.send(from, data);
      }),
    );
    const config = { name: this.name, port: ECHO_PORT, maxConnections: 32, idle: 300 * SECOND };
    store.add(new TcpServer(host, config, this.counters, (stream) => new EchoSession(stream, this.counters)));
    return store;
  }

  save(): EchoCounters {
    return { ...this.counters };
  }

  restore(state: EchoCounters): void {
    Object.assign(this.counters, state);
  }
}

class EchoSession implements Session {
  readonly #stream: HostStream;
  readonly #counters: EchoCounters;
  readonly #held = new ByteQueue(HELD);

  constructor(stream: HostStream, counters: EchoCounters) {
    this.#stream = stream;
    this.#counters = counters;
  }

  pump(ended: boolean): Pumped {
    for (let moved = 0; moved < PER_TURN;) {
      const got = this.#held.readFrom(this.#stream, HELD);
      const sent = this.#held.writeTo(this.#stream);
      this.#counters.bytes += sent;
      if (got === 0 && sent === 0)
        return ended && this.#held.length === 0 && this.#stream.available() === 0 ? 'close' : 'wait';
      moved += Math.max(got, sent);
    }
    return 'again';
  }

  over(): void {
    this.#held.clear();
  }
}
