/** The DNS server on port 53: `answer.ts` on UDP, and on TCP with a length before each message (RFC 1035 §4.2.2, RFC 7766). */
import { u16be } from '../../base/bytes.ts';
import { SECOND } from '../../base/clock.ts';
import { DisposableStore, type Disposable } from '../../base/disposable.ts';
import type { HostStream } from '../../base/host-sockets.ts';
import { DNS_PORT } from '../../wire/dns.ts';
import { ByteQueue } from '../byte-queue.ts';
import type { Service, ServiceHost } from '../service.ts';
import { tcpCounters, TcpServer, type Pumped, type Session, type TcpCounters } from '../tcp-server.ts';
import { UdpServer } from '../udp-server.ts';
import { answerDns } from './answer.ts';
import { LAB_ZONE, Zone, type LearntNames, type ZoneConfig } from './zone.ts';

/** A query of one question with EDNS stays far below; a longer one ends the connection. */
const MAX_QUERY = 4096;
/** A reply is at most 64 KiB. */
const MAX_WAITING = 2 + 65_535;
/** Queries answered before others get their turn. */
const PER_TURN = 32;

export interface DnsCounters extends TcpCounters {
  queries: number;
  answered: number;
  /** Messages too broken to answer, or responses. */
  ignored: number;
}

export class DnsServer implements Service {
  readonly name = 'dns';
  readonly counters: DnsCounters = { ...tcpCounters(), queries: 0, answered: 0, ignored: 0 };
  readonly #zone: Zone;

  /** `learnt`: names of DHCP clients (`DhcpServer` is one). */
  constructor(config: Partial<ZoneConfig> = {}, learnt: LearntNames | null = null) {
    this.#zone = new Zone({ ...LAB_ZONE, ...config }, learnt);
  }

  start(host: ServiceHost): Disposable {
    const store = new DisposableStore();
    const udp = store.add(
      new UdpServer(host, this.name, DNS_PORT, (from, data) => {
        // Port 0 cannot be answered. Replies to port 53 cannot loop: a response is never answered.
        const reply = from.port === 0 ? null : this.#answer(data, 0, data.length, 'udp');
        if (reply) udp.send(from, reply);
      }),
    );
    const config = { name: this.name, port: DNS_PORT, maxConnections: 16, idle: 10 * SECOND };
    store.add(
      new TcpServer(
        host,
        config,
        this.counters,
        (stream) => new DnsSession(stream, (b, at, end) => this.#answer(b, at, end, 'tcp')),
      ),
    );
    return store;
  }

  save(): DnsCounters {
    return { ...this.counters };
  }

  restore(state: DnsCounters): void {
    Object.assign(this.counters, state);
  }

  #answer(b: Uint8Array, at: number, end: number, transport: 'udp' | 'tcp'): Uint8Array | null {
    this.counters.queries++;
    const reply = answerDns(this.#zone, b, at, end, transport);
    if (typeof reply === 'string') {
      this.counters.ignored++;
      return null;
    }
    this.counters.answered++;
    return reply;
  }
}

class DnsSession implements Session {
  readonly #stream: HostStream;
  readonly #answer: (b: Uint8Array, at: number, end: number) => Uint8Array | null;
  readonly #in = new ByteQueue(2 + MAX_QUERY);
  readonly #out = new ByteQueue(MAX_WAITING);

  constructor(stream: HostStream, answer: (b: Uint8Array, at: number, end: number) => Uint8Array | null) {
    this.#stream = stream;
    this.#answer = answer;
  }

  /** One query at a time: the next is looked at when the reply to the last one has gone to the stream. */
  pump(ended: boolean): Pumped {
    for (let i = 0; i < PER_TURN; i++) {
      this.#out.writeTo(this.#stream);
      if (this.#out.length > 0) return 'wait';
      this.#in.readFrom(this.#stream, MAX_QUERY);
      const { bytes, from, length: held } = this.#in;
      const length = held < 2 ? 0 : u16be(bytes, from);
      if (length > MAX_QUERY) return 'abort';
      if (held < 2 || held < 2 + length) {
        if (this.#stream.available() > 0) continue;
        return ended ? 'close' : 'wait';
      }
      const reply = this.#answer(bytes, from + 2, from + 2 + length);
      this.#in.take(2 + length);
      if (!reply) return 'abort';
      this.#out.push(Uint8Array.of(reply.length >>> 8, reply.length & 0xff));
      this.#out.push(reply);
    }
    return 'again';
  }

  over(): void {
    this.#in.clear();
    this.#out.clear();
  }
}
