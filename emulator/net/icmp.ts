/**
 * ICMP of a simulated kernel and its ping sockets. Follows RFC 792, RFC 1122 §3.2.2, RFC 1812 §4.3.2 (what never gets an
 * error). Leaves out redirect, timestamp, address mask and rate limits.
 */
import { IPV4_ANY, type Ipv4Addr } from '../base/address.ts';
import { u16be } from '../base/bytes.ts';
import type { SocketError } from '../base/host-sockets.ts';
import {
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  ICMP_HEADER,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  IcmpView,
  putIcmp,
} from '../wire/icmpv4.ts';
import { IPV4_DF, IPV4_HEADER, PROTO_ICMP } from '../wire/ipv4.ts';
import { ANY_ID, DEFAULT_TTL, L4_AT, type IpLayer, type IpPacket } from './ip.ts';

/** Linux keeps an error within 576 bytes, headers included. */
const QUOTE = 576 - IPV4_HEADER - ICMP_HEADER;
/** Precedence "internetwork control" (RFC 1812 §4.3.2.5). */
const ERROR_TOS = 0xc0;

/** An ICMP error about something this host sent: the quoted packet and who complained. */
export interface IcmpError {
  readonly type: number;
  readonly code: number;
  readonly from: Ipv4Addr;
  /** "Next-Hop MTU" of 3/4; else 0. */
  readonly mtu: number;
  readonly protocol: number;
  readonly src: Ipv4Addr;
  readonly dst: Ipv4Addr;
  /** The quoted transport header: at least 8 bytes at `bytes[at..]`. */
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** Replies and errors for one ping identifier. */
export interface PingReceiver {
  reply(from: Ipv4Addr, sequence: number, data: Uint8Array, ttl: number): void;
  error(sequence: number, e: IcmpError): void;
}

export class IcmpLayer {
  readonly #ip: IpLayer;
  readonly #pings = new Map<number, PingReceiver>();
  /** Set by the kernel: errors about TCP and UDP. */
  onError: (e: IcmpError) => void = () => undefined;

  constructor(ip: IpLayer) {
    this.#ip = ip;
  }

  /** A free identifier for a ping socket; -1: none left. */
  bind(receiver: PingReceiver): number {
    for (let tries = 0; tries < 0x10000; tries++) {
      const id = this.#ip.env.random.below(0x10000);
      if (this.#pings.has(id)) continue;
      this.#pings.set(id, receiver);
      return id;
    }
    return -1;
  }

  unbind(id: number): void {
    this.#pings.delete(id);
  }

  /** Sends an echo request. `ttl` 0: the default. */
  ping(id: number, dst: Ipv4Addr, sequence: number, data: Uint8Array, ttl: number): SocketError | null {
    const path = this.#ip.path(dst, IPV4_ANY);
    if (path === null) return 'ENETUNREACH';
    const end = L4_AT + ICMP_HEADER + data.length;
    if (data.length > 65507) return 'EMSGSIZE';
    this.#ip.frame.set(data, L4_AT + ICMP_HEADER);
    putIcmp(this.#ip.frame, L4_AT, end, ICMP_ECHO_REQUEST, 0, id, sequence);
    this.#ip.counters.IcmpOutMsgs++;
    this.#ip.counters.IcmpOutEchos++;
    const fits = path.device === null || end - L4_AT + IPV4_HEADER <= path.device.mtu;
    return this.#ip.output(path, PROTO_ICMP, dst, end, ttl || DEFAULT_TTL, 0, fits ? IPV4_DF : 0, ANY_ID);
  }

  arrives(p: IpPacket): void {
    const c = this.#ip.counters;
    c.IcmpInMsgs++;
    const view = new IcmpView(p.bytes, p.start, p.end);
    const fault = view.fault();
    if (fault !== undefined && !(fault === 'bad-checksum' && p.csumPartial)) {
      c.IcmpInErrors++;
      if (fault === 'bad-checksum') c.IcmpInCsumErrors++;
      return;
    }
    switch (view.type) {
      case ICMP_ECHO_REQUEST:
        c.IcmpInEchos++;
        // "An ICMP Echo Request destined to an IP broadcast [...] address MAY be silently discarded": Linux does.
        if (!p.broadcast) this.#echo(p, view);
        return;
      case ICMP_ECHO_REPLY:
        c.IcmpInEchoReps++;
        this.#pings.get(view.id)?.reply(p.src, view.sequence, p.bytes.slice(view.data, p.end), p.ttl);
        return;
      case ICMP_UNREACHABLE:
        c.IcmpInDestUnreachs++;
        this.#error(p, view);
        return;
      case ICMP_TIME_EXCEEDED:
        c.IcmpInTimeExcds++;
        this.#error(p, view);
        return;
      default:
        return;
    }
  }

  /** Answers `p` with type 3 and `code`, unless it is one of the packets that never get an error. */
  unreachable(p: IpPacket, code: number): void {
    if (p.broadcast || p.src === IPV4_ANY) return;
    if (p.protocol === PROTO_ICMP) return;
    const path = this.#ip.path(p.src, this.#ip.isLocal(p.dst) ? p.dst : IPV4_ANY);
    if (path === null) return;
    const quoted = Math.min(p.end - p.at, QUOTE);
    const end = L4_AT + ICMP_HEADER + quoted;
    this.#ip.frame.set(p.bytes.subarray(p.at, p.at + quoted), L4_AT + ICMP_HEADER);
    putIcmp(this.#ip.frame, L4_AT, end, ICMP_UNREACHABLE, code, 0, 0);
    this.#ip.counters.IcmpOutMsgs++;
    this.#ip.counters.IcmpOutDestUnreachs++;
    this.#ip.output(path, PROTO_ICMP, p.src, end, DEFAULT_TTL, ERROR_TOS, 0, ANY_ID);
  }

  /** An error this host makes about its own packet `bytes[at..]` (no neighbour answered). */
  localError(type: number, code: number, from: Ipv4Addr, bytes: Uint8Array, at: number, end: number): void {
    const quote = readQuote(bytes, at, end);
    if (quote !== null) this.#dispatch({ ...quote, type, code, from, mtu: 0 });
  }

  #echo(p: IpPacket, view: IcmpView): void {
    const path = this.#ip.path(p.src, p.dst);
    if (path === null) return;
    const length = p.end - view.data;
    const end = L4_AT + ICMP_HEADER + length;
    this.#ip.frame.set(p.bytes.subarray(view.data, p.end), L4_AT + ICMP_HEADER);
    putIcmp(this.#ip.frame, L4_AT, end, ICMP_ECHO_REPLY, 0, view.id, view.sequence);
    this.#ip.counters.IcmpOutMsgs++;
    this.#ip.counters.IcmpOutEchoReps++;
    this.#ip.output(path, PROTO_ICMP, p.src, end, DEFAULT_TTL, p.tos, 0, ANY_ID);
  }

  #error(p: IpPacket, view: IcmpView): void {
    const quote = readQuote(p.bytes, view.data, p.end);
    if (quote === null || !this.#ip.isLocal(quote.src)) {
      this.#ip.counters.IcmpInErrors++;
      return;
    }
    const mtu = view.type === ICMP_UNREACHABLE && view.code === 4 ? view.sequence : 0;
    this.#dispatch({ ...quote, type: view.type, code: view.code, from: p.src, mtu });
  }

  #dispatch(e: IcmpError): void {
    if (e.protocol !== PROTO_ICMP) this.onError(e);
    else if (e.bytes[e.at] === ICMP_ECHO_REQUEST)
      this.#pings.get(u16be(e.bytes, e.at + 4))?.error(u16be(e.bytes, e.at + 6), e);
  }
}

type Quote = Pick<IcmpError, 'protocol' | 'src' | 'dst' | 'bytes' | 'at'>;

/** The packet an error quotes: a header whose total length may exceed what is there, and 8 bytes behind it. */
function readQuote(b: Uint8Array, at: number, end: number): Quote | null {
  if (end - at < IPV4_HEADER + 8 || b[at]! >>> 4 !== 4) return null;
  const header = (b[at]! & 0x0f) << 2;
  if (header < IPV4_HEADER || at + header + 8 > end || u16be(b, at + 6) & 0x1fff) return null;
  const address = (o: number): Ipv4Addr => (u16be(b, at + o) * 0x10000 + u16be(b, at + o + 2)) as Ipv4Addr;
  return { protocol: b[at + 9]!, src: address(12), dst: address(16), bytes: b, at: at + header };
}
