/**
 * Pings of one guest address and echo identifier, over one ping socket of the host. The guest's own packet is kept until it is answered, for
 * the error that may come instead.
 */
import { IPV4_ANY, type Ipv4Addr } from '../base/address.ts';
import type { Nanos } from '../base/clock.ts';
import { endpoint4, type HostPing, type IcmpCause, type IpAddr } from '../base/host-sockets.ts';
import { ICMP_ECHO_REPLY, ICMP_HEADER, putIcmp, type IcmpView } from '../wire/icmpv4.ts';
import { PROTO_ICMP, type Ipv4View } from '../wire/ipv4.ts';
import type { SlirpCore } from './core.ts';
import type { Flow, FlowRow } from './flow-table.ts';
import { quoteOf } from './icmp-errors.ts';
import { TRANSPORT } from './ip-output.ts';
import { guestAddress, refusalOf } from './translate.ts';

/** slirp answers pings, its own and those it passes on, with this TTL. */
export const ECHO_TTL = 255;
/** Events of the host side that wait for the main loop. */
const INBOX = 64;

interface Request {
  readonly sequence: number;
  readonly tos: number;
  readonly dontFragment: boolean;
  readonly quote: Uint8Array;
}

type HostEvent =
  | { readonly type: 'reply'; readonly from: IpAddr; readonly sequence: number; readonly data: Uint8Array }
  | { readonly type: 'error'; readonly sequence: number | null; readonly cause: IcmpCause };

export class PingFlow implements Flow {
  readonly id: number;
  readonly guest: Ipv4Addr;
  readonly identifier: number;
  readonly #core: SlirpCore;
  readonly #socket: HostPing;
  /** Without an answer, oldest first. */
  readonly #requests = new Map<number, Request>();
  readonly #inbox: HostEvent[] = [];
  readonly #born: Nanos;
  #lastTo: Ipv4Addr = IPV4_ANY;
  #bytesOut = 0;
  #bytesIn = 0;
  lastAt: Nanos;

  constructor(core: SlirpCore, guest: Ipv4Addr, identifier: number, socket: HostPing) {
    this.#core = core;
    this.id = core.nextFlowId();
    this.guest = guest;
    this.identifier = identifier;
    this.#socket = socket;
    this.#born = this.lastAt = core.clock.now();
    socket.onReply = (from, sequence, data) =>
      this.#post({ type: 'reply', from, sequence, data: data.slice() });
    socket.onError = (sequence, cause) => this.#post({ type: 'error', sequence, cause });
  }

  get outstanding(): number {
    return this.#requests.size;
  }

  /** Sends the guest's echo request on to `to`; `ttl` 0: the host's default. */
  send(ip: Ipv4View, icmp: IcmpView, to: IpAddr, ttl: number): void {
    const { ledger, errors, counters } = this.#core;
    const { sequence } = icmp;
    this.lastAt = this.#core.clock.now();
    this.#lastTo = ip.dst;
    this.#requests.delete(sequence);
    this.#requests.set(sequence, {
      sequence,
      tos: ip.tos,
      dontFragment: ip.dontFragment,
      quote: quoteOf(ip),
    });
    if (ledger.enabled) ledger.count('syscalls', 1);
    const data = icmp.bytes.subarray(icmp.data, icmp.end);
    const error = this.#socket.send(to, sequence, data, ttl);
    if (error === null) {
      this.#bytesOut += data.length;
      return;
    }
    this.#requests.delete(sequence);
    counters.add('ping-send-failed');
    const { code } = refusalOf(error);
    if (code !== null) errors.unreachable(ip, code);
  }

  /** Gives up the oldest request that has no answer. */
  forgetOldest(): void {
    for (const sequence of this.#requests.keys()) {
      this.#requests.delete(sequence);
      return;
    }
  }

  work(): void {
    for (const event of this.#inbox.splice(0)) {
      if (event.type === 'reply') this.#reply(event.from, event.sequence, event.data);
      else this.#error(event.sequence, event.cause);
    }
  }

  drained(): void {
    // Replies are not held back: the requests bound them.
  }

  row(now: Nanos): FlowRow {
    return {
      id: this.id,
      protocol: 'icmp',
      guest: endpoint4(this.guest, this.identifier),
      host: null,
      remote: endpoint4(this.#lastTo, 0),
      state: this.#requests.size > 0 ? 'WAITING' : 'IDLE',
      ageNs: now - this.#born,
      bytesOut: this.#bytesOut,
      bytesIn: this.#bytesIn,
      idleNs: now - this.lastAt,
    };
  }

  dispose(): void {
    this.#socket.dispose();
    this.#requests.clear();
    this.#inbox.length = 0;
  }

  #post(event: HostEvent): void {
    if (this.#inbox.length >= INBOX) return this.#core.counters.add('ping-inbox-full');
    this.#inbox.push(event);
    this.#core.wake(this);
  }

  #reply(from: IpAddr, sequence: number, data: Uint8Array): void {
    const { config, counters, output } = this.#core;
    const request = this.#requests.get(sequence);
    if (request === undefined) return counters.add('ping-unasked-reply');
    this.#requests.delete(sequence);
    this.lastAt = this.#core.clock.now();
    this.#bytesIn += data.length;
    const length = ICMP_HEADER + data.length;
    const message = new Uint8Array(length);
    message.set(data, ICMP_HEADER);
    putIcmp(message, 0, length, ICMP_ECHO_REPLY, 0, this.identifier, sequence);
    const header = {
      tos: request.tos,
      ttl: ECHO_TTL,
      dontFragment: request.dontFragment,
      protocol: PROTO_ICMP,
      src: guestAddress(config, from),
      dst: this.guest,
    };
    output.send(this.id, header, message, 0, length);
  }

  #error(sequence: number | null, cause: IcmpCause): void {
    const { config, counters, errors } = this.#core;
    const request = sequence === null ? [...this.#requests.values()].at(-1) : this.#requests.get(sequence);
    if (request === undefined) return counters.add('ping-unasked-error');
    this.#requests.delete(request.sequence);
    const source = guestAddress(config, cause.from);
    errors.about(cause.icmpType, cause.code, request.quote, source);
  }
}

/** Writes the answer to an echo request to ourselves into a frame at `TRANSPORT`: everything kept but the type. */
export function putEcho(frame: Uint8Array, icmp: IcmpView): void {
  frame.set(icmp.bytes.subarray(icmp.at, icmp.end), TRANSPORT);
  putIcmp(frame, TRANSPORT, TRANSPORT + icmp.end - icmp.at, ICMP_ECHO_REPLY, 0, icmp.id, icmp.sequence);
}
