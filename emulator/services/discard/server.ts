/**
 * The discard service on TCP and UDP port 9: what comes in is thrown away, nothing is sent. Follows RFC 863.
 * What it adds: it counts and hashes (SHA-256) each connection, so that a sender's claim can be checked at the receiver.
 */
import { SECOND, type Clock, type Nanos } from '../../base/clock.ts';
import { DisposableStore, type Disposable } from '../../base/disposable.ts';
import type { Endpoint, HostStream } from '../../base/host-sockets.ts';
import { Sha256 } from '../../base/sha256.ts';
import type { Service, ServiceHost } from '../service.ts';
import {
  tcpCounters,
  TcpServer,
  type Ending,
  type Pumped,
  type Session,
  type TcpCounters,
} from '../tcp-server.ts';
import { UdpServer } from '../udp-server.ts';

export const DISCARD_PORT = 9;

const MAX_CONNECTIONS = 32;
/** Reports kept; the oldest goes first. */
const MAX_REPORTS = 64;
const SCRATCH = 16_384;
/** Bytes taken in before others get their turn. */
const PER_TURN = 262_144;

/** One connection that is over, or open still. */
export interface DiscardConnection {
  readonly from: Endpoint;
  /** When it was accepted and when it was over (for an open one: when the report was made). */
  readonly startedAt: Nanos;
  readonly endedAt: Nanos;
  readonly bytes: number;
  /** Of all bytes received, in lower-case hexadecimal. */
  readonly sha256: string;
  /** `closed`: the client finished in order, so `bytes` and `sha256` are those of everything it sent. */
  readonly state: Ending | 'open';
}

export interface DiscardReport {
  /** In the order in which they ended, open ones last. */
  readonly connections: readonly DiscardConnection[];
  readonly datagrams: number;
  readonly datagramBytes: number;
}

export interface DiscardCounters extends TcpCounters {
  bytes: number;
  datagrams: number;
  datagramBytes: number;
}

export interface DiscardState {
  readonly counters: DiscardCounters;
  readonly reports: readonly DiscardConnection[];
}

export class DiscardServer implements Service {
  readonly name = 'discard';
  readonly counters: DiscardCounters = { ...tcpCounters(), bytes: 0, datagrams: 0, datagramBytes: 0 };
  readonly #reports: DiscardConnection[] = [];
  readonly #open = new Set<DiscardSession>();

  start(host: ServiceHost): Disposable {
    const store = new DisposableStore();
    store.add(
      new UdpServer(host, this.name, DISCARD_PORT, (_from, data) => {
        this.counters.datagrams++;
        this.counters.datagramBytes += data.length;
      }),
    );
    const config = {
      name: this.name,
      port: DISCARD_PORT,
      maxConnections: MAX_CONNECTIONS,
      idle: 300 * SECOND,
    };
    const scratch = new Uint8Array(SCRATCH);
    const finish = (session: DiscardSession, ending: Ending): void => {
      this.#open.delete(session);
      this.#reports.push(session.report(ending));
      if (this.#reports.length > MAX_REPORTS) this.#reports.shift();
    };
    store.add(
      new TcpServer(host, config, this.counters, (stream) => {
        const session = new DiscardSession(stream, host.clock, scratch, this.counters, finish);
        this.#open.add(session);
        return session;
      }),
    );
    return store;
  }

  /** Plain data: what was received, per connection. */
  report(): DiscardReport {
    return {
      connections: [...this.#reports, ...[...this.#open].map((session) => session.report('open'))],
      datagrams: this.counters.datagrams,
      datagramBytes: this.counters.datagramBytes,
    };
  }

  /** Open connections are saved as reset, which is what they will be. */
  save(): DiscardState {
    const open = [...this.#open].map((session) => session.report('reset'));
    return { counters: { ...this.counters }, reports: [...this.#reports, ...open].slice(-MAX_REPORTS) };
  }

  restore(state: DiscardState): void {
    Object.assign(this.counters, state.counters);
    this.#reports.splice(0, this.#reports.length, ...state.reports.slice(-MAX_REPORTS));
  }
}

class DiscardSession implements Session {
  readonly #stream: HostStream;
  readonly #clock: Clock;
  readonly #startedAt: Nanos;
  readonly #scratch: Uint8Array;
  readonly #counters: DiscardCounters;
  readonly #finish: (session: DiscardSession, ending: Ending) => void;
  readonly #hash = new Sha256();
  /** A client that ended with nothing unread was received completely, whatever happens to the connection then. */
  #complete = false;

  constructor(
    stream: HostStream,
    clock: Clock,
    scratch: Uint8Array,
    counters: DiscardCounters,
    finish: (session: DiscardSession, ending: Ending) => void,
  ) {
    this.#stream = stream;
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#scratch = scratch;
    this.#counters = counters;
    this.#finish = finish;
  }

  pump(ended: boolean): Pumped {
    for (let moved = 0; moved < PER_TURN;) {
      const got = this.#stream.recv(this.#scratch, 0, SCRATCH);
      if (got === 0) {
        this.#complete = ended;
        return ended ? 'close' : 'wait';
      }
      this.#hash.update(this.#scratch, 0, got);
      this.#counters.bytes += got;
      moved += got;
    }
    return 'again';
  }

  over(ending: Ending): void {
    this.#finish(this, ending === 'closed' && !this.#complete ? 'reset' : ending);
  }

  report(state: Ending | 'open'): DiscardConnection {
    return {
      from: this.#stream.remote,
      startedAt: this.#startedAt,
      endedAt: this.#clock.now(),
      bytes: this.#hash.length,
      sha256: this.#hash.hex(),
      state,
    };
  }
}
