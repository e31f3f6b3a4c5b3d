/**
 * ICMP errors to the guest. Follows RFC 792, RFC 1122 §3.2.2 (about what there are none) with slirp's fields: TTL 255, TOS of the offender
 * with precedence 6, its DF bit, up to 548 bytes of it quoted.
 */
import { IPV4_ANY, isMulticast } from '../base/address.ts';
import type { Ipv4Addr } from '../base/address.ts';
import {
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  ICMP_HEADER,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  putIcmp,
} from '../wire/icmpv4.ts';
import { IPV4_HEADER, Ipv4View, PROTO_ICMP } from '../wire/ipv4.ts';
import { isBroadcast, isLoopback, type SlirpConfig } from './config.ts';
import type { Counters } from './counters.ts';
import { TRANSPORT, type IpOutput } from './ip-output.ts';
import { NO_FLOW } from './output-queue.ts';

/** Most of the offending packet that an error quotes. */
export const QUOTE_MAX = 548;
const ERROR_TTL = 255;

/** The start of a packet, owned, for an error that may come later. */
export const quoteOf = (ip: Ipv4View): Uint8Array =>
  ip.bytes.slice(ip.at, Math.min(ip.packetEnd, ip.at + QUOTE_MAX));

export class IcmpErrors {
  readonly #config: SlirpConfig;
  readonly #output: IpOutput;
  readonly #counters: Counters;

  constructor(config: SlirpConfig, output: IpOutput, counters: Counters) {
    this.#config = config;
    this.#output = output;
    this.#counters = counters;
  }

  unreachable(ip: Ipv4View, code: number): void {
    this.send(ICMP_UNREACHABLE, code, ip);
  }

  timeExceeded(ip: Ipv4View): void {
    this.send(ICMP_TIME_EXCEEDED, 0, ip);
  }

  /** An error about a packet of which only the quote is left. */
  about(type: number, code: number, quote: Uint8Array, source: Ipv4Addr): void {
    this.send(type, code, new Ipv4View(quote, 0, quote.length), source);
  }

  /** An error about the packet `ip`, whose header was checked; `source`: who says so. */
  send(type: number, code: number, ip: Ipv4View, source: Ipv4Addr = this.#config.host): void {
    if (!this.#mayAnswer(ip)) return this.#counters.add('icmp-error-withheld');
    const end = Math.min(ip.packetEnd, ip.end);
    const quoted = Math.min(end - ip.at, QUOTE_MAX, this.#output.mtu - IPV4_HEADER - ICMP_HEADER);
    const length = ICMP_HEADER + quoted;
    const frame = this.#output.frame(length);
    frame.set(ip.bytes.subarray(ip.at, ip.at + quoted), TRANSPORT + ICMP_HEADER);
    putIcmp(frame, TRANSPORT, TRANSPORT + length, type, code, 0, 0);
    const header = {
      tos: (ip.tos & 0x1e) | 0xc0,
      ttl: ERROR_TTL,
      dontFragment: ip.dontFragment,
      protocol: PROTO_ICMP,
      src: source,
      dst: ip.src,
    };
    this.#counters.add(`icmp-sent-${type}-${code}`);
    this.#output.push(NO_FLOW, header, frame, length);
  }

  #mayAnswer(ip: Ipv4View): boolean {
    if (ip.fragmentOffset !== 0) return false;
    if (ip.src === IPV4_ANY || isLoopback(ip.src) || isMulticast(ip.src) || isBroadcast(this.#config, ip.src))
      return false;
    if (isMulticast(ip.dst) || isBroadcast(this.#config, ip.dst)) return false;
    if (ip.protocol !== PROTO_ICMP) return true;
    // Only queries are answered with errors: an unknown type may be an error we do not know.
    if (ip.payload >= ip.end) return false;
    const type = ip.bytes[ip.payload]!;
    return type === ICMP_ECHO_REQUEST || type === ICMP_ECHO_REPLY || (type >= 13 && type <= 18);
  }
}
