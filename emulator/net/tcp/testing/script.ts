/** One engine and a hand-written peer: segments are put in and looked at one by one. For tests. */
import type { Nanos } from '../../../base/clock.ts';
import {
  flagNames,
  NO_TCP_OPTIONS,
  putTcp,
  putTcpOptions,
  TCP_HEADER,
  TcpView,
  type TcpOptions,
} from '../../../wire/tcp.ts';
import { ACK_FLAG, SYN } from '../../../wire/tcp.ts';
import { LINUX_TCP, type TcpConfig } from '../config.ts';
import { TcpConnection, type TcpTuple } from '../connection.ts';
import { A, B, TUPLE } from './pair.ts';

export interface Segment {
  readonly seq: number;
  readonly ack?: number;
  readonly flags: number;
  readonly window?: number;
  readonly data?: Uint8Array;
  readonly options?: Partial<TcpOptions>;
}

/** A segment from the peer of `tuple` as the engine would receive it. */
export function peerSegment(s: Segment, tuple: TcpTuple = TUPLE): TcpView {
  const data = s.data ?? new Uint8Array(0);
  const bytes = new Uint8Array(100 + data.length);
  const header = TCP_HEADER + putTcpOptions(bytes, TCP_HEADER, { ...NO_TCP_OPTIONS, ...s.options });
  bytes.set(data, header);
  const end = header + data.length;
  putTcp(bytes, 0, end, header, tuple.remoteAddr, tuple.localAddr, {
    srcPort: tuple.remotePort,
    dstPort: tuple.localPort,
    seq: s.seq >>> 0,
    ack: (s.ack ?? 0) >>> 0,
    flags: s.flags,
    window: s.window ?? 65535,
    urgent: 0,
  });
  return new TcpView(bytes, 0, end);
}

/** Our ISN and the peer's, in `Script.established`. */
export const ISS = 1000;
export const IRS = 5000;

export class Script {
  now: Nanos = 1e9;
  readonly c: TcpConnection;
  readonly #out = new Uint8Array(4096);

  constructor(c: TcpConnection) {
    this.c = c;
  }

  static open(config: Partial<TcpConfig> = {}, iss = ISS): Script {
    return new Script(TcpConnection.open({ ...LINUX_TCP, ...config }, TUPLE, iss, 1e9));
  }

  /** Connected to a peer that offers nothing but an MSS; the handshake has been taken out. */
  static established(config: Partial<TcpConfig> = {}, window = 65535, mss = 1460): Script {
    const s = Script.open(config);
    s.out();
    s.in({ seq: IRS, ack: ISS + 1, flags: SYN | ACK_FLAG, window, options: { mss } });
    s.out();
    s.c.takeEvents();
    return s;
  }

  in(segment: Segment): this {
    this.c.segmentArrives(peerSegment(segment), this.now);
    return this;
  }

  /** What comes out now, each as `FLAGS seq ack length`. */
  out(): string[] {
    return this.segments().map((v) => `${flagNames(v.flags)} ${v.seq} ${v.ack} ${v.payloadLength}`);
  }

  segments(): TcpView[] {
    const all: TcpView[] = [];
    for (let n = this.#next(); n > 0; n = this.#next()) {
      const bytes = this.#out.slice(0, n);
      const view = new TcpView(bytes, 0, n);
      if (view.fault(A, B) !== undefined) throw new Error('malformed');
      all.push(view);
    }
    return all;
  }

  /** Moves time to `at`, running the deadlines on the way; what is sent on the way is returned with its time in ms. */
  until(at: Nanos): string[] {
    const lines: string[] = [];
    for (let d = this.c.deadline(); d <= at; d = this.c.deadline()) {
      this.now = Math.max(this.now, d);
      this.c.timeout(this.now);
      for (const line of this.out()) lines.push(`${Math.round((this.now - 1e9) / 1e6)} ${line}`);
    }
    this.now = at;
    return lines;
  }

  #next(): number {
    return this.c.nextSegment(this.#out, 0, this.now);
  }
}
