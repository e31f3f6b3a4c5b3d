/**
 * Puts IPv4 fragments of the guest together. Follows RFC 791 §3.2, RFC 815 in spirit; slirp's rules where it has any: overlaps are trimmed, what
 * came first stays, an incomplete datagram is forgotten after 30 s without a word. Everything is bounded: datagrams, fragments, bytes.
 */
import type { Clock, Nanos, Timer, TimerState } from '../base/clock.ts';
import { IPV4_HEADER, putIpv4, type Ipv4View } from '../wire/ipv4.ts';
import { REASSEMBLY_NS, type SlirpLimits } from './config.ts';
import type { Counters } from './counters.ts';

const MAX_PACKET = 65535;

/** Payload bytes `from`…`to` of the datagram, owned. */
interface Piece {
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
}

interface Datagram {
  readonly key: string;
  readonly until: Nanos;
  /** In order of `from`, without overlaps. */
  readonly pieces: Piece[];
  /** Payload length, known once the last fragment came; -1 before. */
  total: number;
  tos: number;
  ttl: number;
}

export interface ReassemblyState {
  readonly datagrams: readonly Datagram[];
  readonly timer: TimerState;
}

export class Reassembly {
  readonly #limits: SlirpLimits;
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #timer: Timer;
  /** Oldest first. */
  readonly #datagrams = new Map<string, Datagram>();
  #bytes = 0;

  constructor(limits: SlirpLimits, clock: Clock, counters: Counters) {
    this.#limits = limits;
    this.#clock = clock;
    this.#counters = counters;
    this.#timer = clock.timer(() => this.#expire());
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a fragment (it is copied); returns the whole packet, owned by the caller and without options, when it was the last one missing. */
  add(ip: Ipv4View): Uint8Array | null {
    const from = ip.fragmentOffset;
    const length = ip.packetEnd - ip.payload;
    const to = from + length;
    // Fragments but the last carry multiples of 8 bytes (RFC 791 §3.2), and the whole must be expressible in Total Length.
    if (length === 0 || (ip.moreFragments && length % 8 !== 0) || to > MAX_PACKET - IPV4_HEADER) {
      this.#counters.add('fragment-bad-length');
      return null;
    }
    const key = `${ip.id} ${ip.src} ${ip.dst} ${ip.protocol}`;
    const datagram = this.#datagrams.get(key) ?? this.#begin(key, ip);
    if (!ip.moreFragments) datagram.total = to;
    if (from === 0) {
      datagram.tos = ip.tos;
      datagram.ttl = ip.ttl;
    }
    const contradiction =
      datagram.total >= 0 && (to > datagram.total || datagram.pieces.some((p) => p.to > datagram.total));
    if (contradiction || datagram.pieces.length >= this.#limits.reassemblyFragments) {
      this.#counters.add(contradiction ? 'fragment-past-end' : 'fragment-limit');
      this.#drop(datagram);
      return null;
    }
    this.#insert(datagram, ip, from, to);
    return this.#finish(datagram, ip);
  }

  save(): ReassemblyState {
    const datagrams = [...this.#datagrams.values()].map((d) => ({ ...d, pieces: [...d.pieces] }));
    return { datagrams, timer: this.#timer.save() };
  }

  restore(state: ReassemblyState): void {
    this.#datagrams.clear();
    this.#bytes = 0;
    for (const d of state.datagrams) {
      this.#datagrams.set(d.key, { ...d, pieces: [...d.pieces] });
      for (const p of d.pieces) this.#bytes += p.bytes.length;
    }
    this.#timer.restore(state.timer);
  }

  dispose(): void {
    this.#timer.dispose();
  }

  #begin(key: string, ip: Ipv4View): Datagram {
    if (this.#datagrams.size >= this.#limits.reassemblyQueues) this.#dropOldest();
    const until = this.#clock.now() + REASSEMBLY_NS;
    const datagram: Datagram = { key, until, pieces: [], total: -1, tos: ip.tos, ttl: ip.ttl };
    this.#datagrams.set(key, datagram);
    if (this.#timer.deadline === Infinity) this.#timer.arm(until);
    return datagram;
  }

  /** Stores what of `from`…`to` is not there yet, as one piece per gap it covers. */
  #insert(datagram: Datagram, ip: Ipv4View, from: number, to: number): void {
    const { pieces } = datagram;
    let at = from;
    for (let i = 0; i <= pieces.length && at < to; i++) {
      const next = pieces[i];
      const gapEnd = Math.min(to, next?.from ?? to);
      if (at < gapEnd) {
        const bytes = ip.bytes.slice(ip.payload + at - from, ip.payload + gapEnd - from);
        pieces.splice(i++, 0, { from: at, to: gapEnd, bytes });
        this.#bytes += bytes.length;
      }
      if (next !== undefined) at = Math.max(at, next.to);
      else at = to;
    }
    while (this.#bytes > this.#limits.reassemblyBytes && this.#datagrams.size > 0) this.#dropOldest();
  }

  #finish(datagram: Datagram, ip: Ipv4View): Uint8Array | null {
    if (datagram.total < 0 || !this.#datagrams.has(datagram.key)) return null;
    let at = 0;
    for (const piece of datagram.pieces) {
      if (piece.from !== at) return null;
      at = piece.to;
    }
    if (at !== datagram.total) return null;
    const packet = new Uint8Array(IPV4_HEADER + at);
    for (const piece of datagram.pieces) packet.set(piece.bytes, IPV4_HEADER + piece.from);
    putIpv4(packet, 0, {
      tos: datagram.tos,
      length: packet.length,
      id: ip.id,
      flagsOffset: 0,
      ttl: datagram.ttl,
      protocol: ip.protocol,
      src: ip.src,
      dst: ip.dst,
    });
    this.#remove(datagram);
    this.#counters.add('reassembled');
    return packet;
  }

  #expire(): void {
    const now = this.#clock.now();
    for (const datagram of this.#datagrams.values()) {
      if (datagram.until > now) {
        this.#timer.arm(datagram.until);
        return;
      }
      this.#counters.add('reassembly-timeout');
      this.#remove(datagram);
    }
  }

  #dropOldest(): void {
    for (const datagram of this.#datagrams.values()) return this.#drop(datagram);
  }

  #drop(datagram: Datagram): void {
    this.#counters.add('reassembly-dropped');
    this.#remove(datagram);
  }

  #remove(datagram: Datagram): void {
    if (!this.#datagrams.delete(datagram.key)) return;
    for (const p of datagram.pieces) this.#bytes -= p.bytes.length;
  }
}
