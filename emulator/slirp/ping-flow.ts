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

interface Request {
  readonly sequence: number;
  readonly tos: number;
  readonly dontFragment: boolean;
  readonly quote: Uint8Array;
}

/** What came of a request. */
type Outcome =
  | { readonly request: Request; readonly from: IpAddr; readonly data: Uint8Array }
  | { readonly request: Request; readonly cause: IcmpCause };

export class PingFlow implements Flow {
  readonly id: number;
  readonly guest: Ipv4Addr;
  readonly identifier: number;
  readonly #core: SlirpCore;
  readonly #socket: HostPing;
  /** Without an answer, oldest first. */
  readonly #requests = new Map<number, Request>();
  readonly #inbox: Outcome[] = [];
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
    // What nobody waits for is not kept; what is kept is bounded by the requests.
    socket.onReply = (from, sequence, data) => {
      const request = this.#claim(sequence);
      if (request === undefined) return core.counters.add('ping-unasked-reply');
      this.#post({ request, from, data: data.slice() });
    };
    socket.onError = (sequence, cause) => {
      const request = this.#claim(sequence ?? [...this.#requests.keys()].at(-1) ?? -1);
      if (request === undefined) return core.counters.add('ping-unasked-error');
      this.#post({ request, cause });
    };
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
    for (const outcome of this.#inbox.splice(0)) {
      if ('cause' in outcome) this.#error(outcome.request, outcome.cause);
      else this.#reply(outcome.request, outcome.from, outcome.data);
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

  /** Takes a request off the list of those without an answer. */
  #claim(sequence: number): Request | undefined {
    const request = this.#requests.get(sequence);
    this.#requests.delete(sequence);
    return request;
  }

  #post(outcome: Outcome): void {
    this.#inbox.push(outcome);
    this.#core.wake(this);
  }

  #reply(request: Request, from: IpAddr, data: Uint8Array): void {
    const { config, output } = this.#core;
    this.lastAt = this.#core.clock.now();
    this.#bytesIn += data.length;
    const length = ICMP_HEADER + data.length;
    const message = new Uint8Array(length);
    message.set(data, ICMP_HEADER);
    putIcmp(message, 0, length, ICMP_ECHO_REPLY, 0, this.identifier, request.sequence);
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

  #error(request: Request, cause: IcmpCause): void {
    const { config, errors } = this.#core;
    errors.about(cause.icmpType, cause.code, request.quote, guestAddress(config, cause.from));
  }
}

/** Writes the answer to an echo request to ourselves into a frame at `TRANSPORT`: everything kept but the type. */
export function putEcho(frame: Uint8Array, icmp: IcmpView): void {
  frame.set(icmp.bytes.subarray(icmp.at, icmp.end), TRANSPORT);
  putIcmp(frame, TRANSPORT, TRANSPORT + icmp.end - icmp.at, ICMP_ECHO_REPLY, 0, icmp.id, icmp.sequence);
}
