/**
 * The part every TCP service shares: a listener, a bounded set of connections, bounded work per turn, an idle timeout.
 *
 * A protocol is a `Session`: asked to `pump` whenever its stream may have moved, it moves what it can and says how to go on. It
 * never waits inside; nothing here calls it from inside itself.
 */
import { IPV4_ANY } from '../base/address.ts';
import type { Nanos, Timer } from '../base/clock.ts';
import type { Disposable } from '../base/disposable.ts';
import { endpoint4, type HostListener, type HostStream, type StreamEvent } from '../base/host-sockets.ts';
import { ServiceError, type ServiceHost } from './service.ts';

/** `wait`: for the next event. `again`: there is more to do, but others first. `close`: orderly end. `abort`: reset. */
export type Pumped = 'wait' | 'again' | 'close' | 'abort';

/** Why a connection is over: closed by us after the protocol ended, reset by either side, idle too long, service stopped. */
export type Ending = 'closed' | 'reset' | 'timeout' | 'stopped';

export interface Session {
  /** `ended`: the client has sent its FIN; what it sent before may still be unread (`stream.available()`). */
  pump(ended: boolean): Pumped;
  /** Called once; the stream must not be used any more. */
  over(ending: Ending): void;
}

export interface TcpServerConfig {
  readonly name: string;
  readonly port: number;
  /** More are reset at once. */
  readonly maxConnections: number;
  /** A connection on which nothing moves for so long is reset. */
  readonly idle: Nanos;
}

export interface TcpCounters {
  accepted: number;
  /** Reset because `maxConnections` were open. */
  refused: number;
  timedOut: number;
  reset: number;
}

export const tcpCounters = (): TcpCounters => ({ accepted: 0, refused: 0, timedOut: 0, reset: 0 });

const BACKLOG = 16;

/** Listens until disposed; `open` makes the session of an accepted stream. Throws `ServiceError` when the port is not to be had. */
export class TcpServer implements Disposable {
  readonly #host: ServiceHost;
  readonly #config: TcpServerConfig;
  readonly #counters: TcpCounters;
  readonly #open: (stream: HostStream) => Session;
  readonly #listener: HostListener;
  readonly #connections = new Set<Connection>();

  constructor(
    host: ServiceHost,
    config: TcpServerConfig,
    counters: TcpCounters,
    open: (stream: HostStream) => Session,
  ) {
    this.#host = host;
    this.#config = config;
    this.#counters = counters;
    this.#open = open;
    const made = host.sockets.listen(endpoint4(IPV4_ANY, config.port), BACKLOG);
    if (!made.ok) throw new ServiceError(config.name, config.port, made.error);
    this.#listener = made.value;
    this.#listener.onAccept = (stream) => {
      this.#accept(stream);
    };
  }

  /** Connections open now. */
  get connections(): number {
    return this.#connections.size;
  }

  dispose(): void {
    this.#listener.dispose();
    for (const connection of [...this.#connections]) connection.finish('stopped');
  }

  #accept(stream: HostStream): void {
    if (this.#connections.size >= this.#config.maxConnections) {
      this.#counters.refused++;
      stream.onEvent = () => undefined;
      stream.abort();
      stream.dispose();
      return;
    }
    this.#counters.accepted++;
    const connection = new Connection(this.#host, stream, this.#config.idle, this.#open(stream), (ending) => {
      this.#connections.delete(connection);
      if (ending === 'timeout') this.#counters.timedOut++;
      if (ending === 'reset') this.#counters.reset++;
    });
    this.#connections.add(connection);
  }
}

class Connection {
  readonly #host: ServiceHost;
  readonly #stream: HostStream;
  readonly #idle: Nanos;
  readonly #session: Session;
  readonly #onOver: (ending: Ending) => void;
  /** Fires when nothing may have moved for `idle`; pushed back lazily, not at every event. */
  readonly #idleTimer: Timer;
  /** Runs the next turn of a session that said `again`; also the first one, after the accepting call has returned. */
  readonly #turn: Timer;
  #lastMove: Nanos;
  #ended = false;
  #over = false;

  constructor(
    host: ServiceHost,
    stream: HostStream,
    idle: Nanos,
    session: Session,
    onOver: (ending: Ending) => void,
  ) {
    this.#host = host;
    this.#stream = stream;
    this.#idle = idle;
    this.#session = session;
    this.#onOver = onOver;
    this.#lastMove = host.clock.now();
    this.#idleTimer = host.clock.timer(() => {
      this.#checkIdle();
    });
    this.#turn = host.clock.timer(() => {
      this.#pump();
    });
    this.#idleTimer.arm(this.#lastMove + idle);
    this.#turn.arm(this.#lastMove);
    stream.onEvent = (event) => {
      this.#event(event);
    };
  }

  /** The end of the connection, whoever wants it; idempotent. */
  finish(ending: Ending): void {
    if (this.#over) return;
    this.#over = true;
    this.#idleTimer.dispose();
    this.#turn.dispose();
    this.#session.over(ending);
    this.#stream.onEvent = () => undefined;
    if (ending === 'closed') this.#stream.close();
    else this.#stream.abort();
    this.#onOver(ending);
  }

  #event(event: StreamEvent): void {
    if (this.#over) return;
    if (event.type === 'reset' || event.type === 'failed') this.finish('reset');
    else if (event.type === 'closed') this.finish('closed');
    else {
      if (event.type === 'ended') this.#ended = true;
      this.#lastMove = this.#host.clock.now();
      this.#pump();
    }
  }

  #pump(): void {
    if (this.#over) return;
    const pumped = this.#session.pump(this.#ended || this.#stream.phase === 'ended');
    if (pumped === 'close') this.finish('closed');
    else if (pumped === 'abort') this.finish('reset');
    else if (pumped === 'again') {
      this.#lastMove = this.#host.clock.now();
      this.#turn.arm(this.#lastMove);
    }
  }

  #checkIdle(): void {
    const due = this.#lastMove + this.#idle;
    if (due <= this.#host.clock.now()) this.finish('timeout');
    else this.#idleTimer.arm(due);
  }
}
