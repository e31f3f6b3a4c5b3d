/**
 * One guest UDP endpoint and its host socket. The socket serves all destinations of that endpoint; the flow remembers with whom the guest has
 * talked, under which name the guest knows each, and the last packet to each for an error that may come.
 */
import type { Ipv4Addr } from '../base/address.ts';
import type { Nanos } from '../base/clock.ts';
import {
  endpoint4,
  type Endpoint,
  type HostDatagram,
  type IcmpCause,
  type SocketError,
} from '../base/host-sockets.ts';
import type { Fate } from '../base/ledger.ts';
import { DNS_PORT } from '../wire/dns.ts';
import { ICMP_UNREACHABLE } from '../wire/icmpv4.ts';
import type { Ipv4View } from '../wire/ipv4.ts';
import type { UdpView } from '../wire/udp.ts';
import { DNS_IDLE_NS, UDP_IDLE_NS, endpointKey, inNetwork, isLoopback, keyAddr, keyPort } from './config.ts';
import { dropped, type SlirpCore } from './core.ts';
import type { Flow, FlowRow } from './flow-table.ts';
import { quoteOf } from './icmp-errors.ts';
import { guestAddress, refusalOf } from './translate.ts';

const ERRORS_MAX = 8;

interface Remote {
  /** As the host knows it. */
  readonly host: Endpoint;
  /** As the guest knows it. */
  readonly guestKey: number;
  quote: Uint8Array | null;
}

interface HostError {
  readonly error: SocketError;
  readonly to: Endpoint | null;
  readonly cause: IcmpCause | null;
}

/** -1 for what IPv4 keys cannot express. */
const hostKey = (at: Endpoint): number => (at.ip.family === 4 ? endpointKey(at.ip.v4, at.port) : -1);

export class UdpFlow implements Flow {
  readonly id: number;
  readonly guestAddr: Ipv4Addr;
  readonly guestPort: number;
  /** Made by a forward: anyone may write to it, and it never ends by itself. */
  readonly forward: boolean;
  readonly #core: SlirpCore;
  readonly #socket: HostDatagram;
  readonly #expiresAt: (at: Nanos) => void;
  /** By host endpoint, longest unused first. */
  readonly #remotes = new Map<number, Remote>();
  readonly #byGuest = new Map<number, Remote>();
  readonly #errors: HostError[] = [];
  readonly #born: Nanos;
  #last: Remote | null = null;
  #readable = false;
  #lastAt: Nanos;
  #bytesOut = 0;
  #bytesIn = 0;
  /** When the flow has been idle for long enough. */
  expires: Nanos = Infinity;

  /** `expiresAt` is told when the flow is to be looked at. */
  constructor(
    core: SlirpCore,
    guestAddr: Ipv4Addr,
    guestPort: number,
    socket: HostDatagram,
    forward: boolean,
    expiresAt: (at: Nanos) => void,
  ) {
    this.#core = core;
    this.id = core.nextFlowId();
    this.guestAddr = guestAddr;
    this.guestPort = guestPort;
    this.forward = forward;
    this.#socket = socket;
    this.#expiresAt = expiresAt;
    this.#born = this.#lastAt = core.clock.now();
    socket.onReadable = () => {
      this.#readable = true;
      core.wake(this);
    };
    socket.onError = (error, to, cause) => {
      if (this.#errors.length >= ERRORS_MAX) return core.counters.add('udp-errors-full');
      this.#errors.push({ error, to, cause });
      core.wake(this);
    };
  }

  /** Where the guest's endpoint `guestKey` is on the host, if it was used before. */
  destination(guestKey: number): Endpoint | null {
    return this.#byGuest.get(guestKey)?.host ?? null;
  }

  /** Sends the guest's datagram to `to`; `ttl` 0: the host's default. */
  send(ip: Ipv4View, udp: UdpView, to: Endpoint, ttl: number): Fate {
    const { ledger, counters, errors } = this.#core;
    const remote = this.#remember(to, endpointKey(ip.dst, udp.dstPort));
    remote.quote = quoteOf(ip);
    this.#last = remote;
    this.#touch(UDP_IDLE_NS);
    const length = udp.payloadEnd - udp.payload;
    if (ledger.enabled) {
      ledger.count('syscalls', 1);
      ledger.carries({ flow: this.id, direction: 'out', from: this.#bytesOut, to: this.#bytesOut + length });
    }
    const error = this.#socket.send(to, udp.bytes.subarray(udp.payload, udp.payloadEnd), ttl, ip.tos);
    if (error === null) {
      this.#bytesOut += length;
      return 'ended';
    }
    const { code } = refusalOf(error);
    if (code !== null) errors.unreachable(ip, code);
    return dropped(counters, 'udp-send-failed');
  }

  work(): void {
    for (const error of this.#errors.splice(0)) this.#report(error);
    // Datagrams the guest cannot take stay in the host's socket buffer: the only flow control UDP has.
    while (this.#readable && this.#core.queue.waiting(this.id) <= this.#core.config.limits.udpQueue) {
      const datagram = this.#socket.recv();
      if (datagram === null) this.#readable = false;
      else this.#deliver(datagram.from, datagram.data);
    }
  }

  drained(): void {
    if (this.#readable) this.#core.wake(this);
  }

  row(now: Nanos): FlowRow {
    const guestKey = this.#last?.guestKey ?? 0;
    return {
      id: this.id,
      protocol: 'udp',
      guest: endpoint4(this.guestAddr, this.guestPort),
      host: this.#socket.local,
      remote: endpoint4(keyAddr(guestKey), keyPort(guestKey)),
      state: this.forward ? 'FORWARD' : 'OPEN',
      ageNs: now - this.#born,
      bytesOut: this.#bytesOut,
      bytesIn: this.#bytesIn,
      idleNs: now - this.#lastAt,
    };
  }

  dispose(): void {
    this.#socket.dispose();
    this.#readable = false;
    this.#errors.length = 0;
  }

  #touch(idle: Nanos): void {
    this.#lastAt = this.#core.clock.now();
    if (this.forward) return;
    this.expires = this.#lastAt + idle;
    this.#expiresAt(this.expires);
  }

  #remember(host: Endpoint, guestKey: number): Remote {
    const key = hostKey(host);
    let remote = this.#remotes.get(key);
    if (remote === undefined || remote.guestKey !== guestKey) {
      if (remote !== undefined) this.#byGuest.delete(remote.guestKey);
      remote = { host, guestKey, quote: null };
      this.#byGuest.set(guestKey, remote);
    }
    this.#remotes.delete(key);
    this.#remotes.set(key, remote);
    if (this.#remotes.size > this.#core.config.limits.udpRemotes) this.#forgetOldest();
    return remote;
  }

  #forgetOldest(): void {
    for (const [key, remote] of this.#remotes) {
      this.#remotes.delete(key);
      this.#byGuest.delete(remote.guestKey);
      return;
    }
  }

  /** The guest's name for the sender of a datagram; null: a stranger. */
  #nameOf(from: Endpoint): number | null {
    const exact = this.#remotes.get(hostKey(from));
    if (exact !== undefined) return exact.guestKey;
    if (from.ip.family !== 4) return null;
    for (const remote of this.#remotes.values()) {
      if (remote.host.ip.family === 4 && remote.host.ip.v4 === from.ip.v4)
        return endpointKey(keyAddr(remote.guestKey), from.port);
    }
    const { config } = this.#core;
    if (!this.forward && config.profile.udpFilter !== 'none') return null;
    const lastAddr = this.#last === null ? null : keyAddr(this.#last.guestKey);
    const local = isLoopback(from.ip.v4) && lastAddr !== null && inNetwork(config, lastAddr);
    const name = endpointKey(local ? lastAddr : guestAddress(config, from.ip), from.port);
    this.#remember(from, name);
    return name;
  }

  #deliver(from: Endpoint, data: Uint8Array): void {
    const { counters, ledger, output } = this.#core;
    const name = this.#nameOf(from);
    if (name === null) return counters.add('udp-stranger');
    const port = keyPort(name);
    this.#touch(port === DNS_PORT ? DNS_IDLE_NS : UDP_IDLE_NS);
    if (ledger.enabled) {
      ledger.enter('s.ur', 0);
      ledger.count('syscalls', 2);
      ledger.count('copiedBytes', data.length);
      ledger.count('summedBytes', data.length + 8);
      ledger.carries({
        flow: this.id,
        direction: 'in',
        from: this.#bytesIn,
        to: this.#bytesIn + data.length,
      });
    }
    const sent = output.udp(this.id, keyAddr(name), port, this.guestAddr, this.guestPort, data);
    if (ledger.enabled) ledger.leave(sent ? 'born' : 'dropped');
    if (sent) this.#bytesIn += data.length;
  }

  #report({ error, to, cause }: HostError): void {
    const { config, counters, errors } = this.#core;
    const remote = to === null ? this.#last : (this.#remotes.get(hostKey(to)) ?? null);
    if (remote === null || remote.quote === null) return counters.add('udp-error-unclaimed');
    const named = keyAddr(remote.guestKey);
    if (cause === null) {
      const { code } = refusalOf(error);
      if (code !== null) errors.about(ICMP_UNREACHABLE, code, remote.quote, named);
      return;
    }
    errors.about(
      cause.icmpType,
      cause.code,
      remote.quote,
      this.#offender(cause, remote, named, config.profile.errorSource),
    );
  }

  /** Who reports the error: the far end under the guest's name for it, a router under its own. */
  #offender(cause: IcmpCause, remote: Remote, named: Ipv4Addr, mode: 'translated' | 'host'): Ipv4Addr {
    const { from } = cause;
    if (mode === 'host' && from.family === 4) return from.v4;
    const farEnd = from.family === 4 && remote.host.ip.family === 4 && from.v4 === remote.host.ip.v4;
    return farEnd ? named : guestAddress(this.#core.config, from);
  }
}
