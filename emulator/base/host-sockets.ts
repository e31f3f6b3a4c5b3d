/**
 * The host-sockets seam: what user-mode NAT and services need from "the host".
 *
 * Rules every implementation keeps (one contract suite runs on all):
 * - `send` copies; the caller may reuse its buffer at once. `recv` returns 0 when nothing is there or after the end.
 * - Reading is pulled: `readable` says that there is something; the reader takes as much as it has room for.
 * - `failed` comes in place of `connected`, never after it; `closed` is the last event.
 * - `onEvent` is never called from inside a method of the same object.
 * - `close` and `dispose` are idempotent. A stream from a listener starts in phase `open`.
 * - Results are errno names, so NAT and page need one table.
 */
import type { Disposable } from './disposable.ts';
import type { Ipv4Addr } from './address.ts';

/** IPv6 joins as a second family; addresses are numbers and bytes, text only at the edge. */
export type IpAddr =
  { readonly family: 4; readonly v4: Ipv4Addr } | { readonly family: 6; readonly v6: Uint8Array };

export interface Endpoint {
  readonly ip: IpAddr;
  readonly port: number;
}

export const endpoint4 = (v4: Ipv4Addr, port: number): Endpoint => ({ ip: { family: 4, v4 }, port });

export type SocketError =
  | 'ECONNREFUSED'
  | 'ECONNRESET'
  | 'ECONNABORTED'
  | 'EPIPE'
  | 'EHOSTUNREACH'
  | 'ENETUNREACH'
  | 'ETIMEDOUT'
  | 'EADDRINUSE'
  | 'EADDRNOTAVAIL'
  | 'EACCES'
  | 'EMSGSIZE'
  | 'EMFILE'
  | 'EOPNOTSUPP';

export type Made<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: SocketError };

/** What an implementation can do. The NAT chooses its fallback from this, the page shows it. */
export interface HostCaps {
  /** Refusal told apart / failure only / never told. */
  readonly connectResult: 'exact' | 'coarse' | 'none';
  readonly halfClose: boolean;
  /** Can send a reset outward. */
  readonly abort: boolean;
  /** A reset is told apart from end of file. */
  readonly resetVisible: boolean;
  readonly urgent: boolean;
  readonly peek: boolean;
  readonly backpressure: 'both' | 'send' | 'none';
  readonly listen: boolean;
  /** Client address on accept; outbound bind. */
  readonly sourceAddress: boolean;
  readonly udp: 'full-cone' | 'connected' | 'none';
  /** ICMP errors are reported. */
  readonly udpErrors: boolean;
  readonly ttl: boolean;
  readonly ping: boolean;
  readonly families: readonly (4 | 6)[];
  /** True: reaches a real network, so a policy in front of it is mandatory. */
  readonly realNetwork: boolean;
}

export interface HostSockets extends Disposable {
  readonly name: string;
  readonly caps: HostCaps;
  /** ok: connecting or open. */
  connect(to: Endpoint, from?: IpAddr): Made<HostStream>;
  listen(at: Endpoint, backlog: number): Made<HostListener>;
  datagram(family: 4 | 6, bind?: Endpoint): Made<HostDatagram>;
  ping(family: 4 | 6): Made<HostPing>;
  nameservers(family: 4 | 6): readonly Endpoint[];
  isLocal(ip: IpAddr): boolean;
}

/** An ICMP error behind a failure. */
export interface IcmpCause {
  readonly icmpType: number;
  readonly code: number;
  readonly from: IpAddr;
}

export type StreamEvent =
  | { readonly type: 'connected' }
  | { readonly type: 'failed'; readonly error: SocketError; readonly icmp: IcmpCause | null }
  | { readonly type: 'readable' }
  | { readonly type: 'writable' }
  | { readonly type: 'urgent' }
  /** Orderly end from the far side (FIN); what was sent before it can still be read. */
  | { readonly type: 'ended' }
  | { readonly type: 'reset'; readonly error: SocketError }
  | { readonly type: 'closed' };

export interface HostStream extends Disposable {
  readonly remote: Endpoint;
  readonly local: Endpoint | null;
  readonly phase: 'connecting' | 'open' | 'ended' | 'closed';
  /** Bytes ready to read; 0: none. */
  available(): number;
  /** Takes up to `max` bytes into `into` at `at`; returns how many. */
  recv(into: Uint8Array, at: number, max: number): number;
  /** As `recv` without taking; 0 without `caps.peek`. */
  peek(into: Uint8Array, at: number, max: number, skip: number): number;
  /** Returns the bytes taken; fewer than `length`: wait for `writable`. */
  send(from: Uint8Array, at: number, length: number): number;
  sendUrgent(byte: number): boolean;
  /** Sends FIN after what was written; false without `caps.halfClose`. */
  shutdownSend(): boolean;
  /** Orderly close of both directions. */
  close(): void;
  /** Reset if `caps.abort`, else close. */
  abort(): void;
  onEvent: (event: StreamEvent) => void;
}

export interface HostListener extends Disposable {
  readonly local: Endpoint;
  onAccept: (stream: HostStream) => void;
}

export interface HostDatagram extends Disposable {
  readonly local: Endpoint | null;
  /** `ttl` 0: the default of the host. */
  send(to: Endpoint, data: Uint8Array, ttl: number, tos: number): SocketError | null;
  /** The oldest datagram waiting, owned by the caller; `null`: none. Drain on `onReadable`. */
  recv(): { readonly from: Endpoint; readonly data: Uint8Array } | null;
  onReadable: () => void;
  onError: (error: SocketError, to: Endpoint | null, icmp: IcmpCause | null) => void;
}

export interface HostPing extends Disposable {
  send(to: IpAddr, sequence: number, data: Uint8Array, ttl: number): SocketError | null;
  onReply: (from: IpAddr, sequence: number, data: Uint8Array, ttl: number) => void;
  onError: (sequence: number | null, icmp: IcmpCause) => void;
}

/** Decides on the translated address, never on the one the guest wrote. */
export interface HostPolicy {
  stream(to: Endpoint): SocketError | null;
  datagram(to: Endpoint): SocketError | null;
}
