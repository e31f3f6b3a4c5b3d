/**
 * IPv4 reassembly. Follows RFC 791 §3.2 and RFC 1122 §3.3.2, with RFC 5722's rule for overlaps: a datagram whose fragments
 * overlap is thrown away. Bounded in datagrams, fragments and bytes; 30 seconds, as Linux's ipfrag_time.
 */
import type { Nanos } from '../base/clock.ts';
import { SECOND } from '../base/clock.ts';
import type { Ipv4View } from '../wire/ipv4.ts';
import type { NetCounters } from './counters.ts';

const TIMEOUT: Nanos = 30 * SECOND;
const MAX_DATAGRAMS = 64;
const MAX_FRAGMENTS = 64;
const MAX_BYTES = 1 << 20;
const MAX_DATAGRAM = 65535;

interface Datagram {
  readonly key: string;
  readonly expires: Nanos;
  /** Sorted by offset, not overlapping. */
  readonly parts: { readonly offset: number; readonly bytes: Uint8Array }[];
  /** The header of the first fragment. */
  header: Uint8Array | null;
  /** Payload length, once the last fragment told it; -1: unknown. */
  total: number;
}

export interface ReassemblyState {
  readonly datagrams: readonly Datagram[];
}

export class Reassembly {
  readonly #counters: NetCounters;
  #datagrams: Datagram[] = [];
  #bytes = 0;

  constructor(counters: NetCounters) {
    this.#counters = counters;
  }

  /** Takes a fragment; returns the whole datagram (IP header and payload, owned by the caller) when this was the last part missing. */
  add(p: Ipv4View, now: Nanos): Uint8Array | null {
    this.#counters.IpReasmReqds++;
    const payload = p.bytes.slice(p.payload, p.packetEnd);
    const end = p.fragmentOffset + payload.length;
    const badTail = p.moreFragments && (payload.length & 7) !== 0;
    if (badTail || payload.length === 0 || end + p.headerLength > MAX_DATAGRAM) return this.#fail(null);
    const d = this.#find(`${p.src} ${p.dst} ${p.protocol} ${p.id}`, now);
    if (d.parts.length >= MAX_FRAGMENTS || this.#bytes + payload.length > MAX_BYTES) return this.#fail(d);
    const place = insertion(d, p.fragmentOffset, end);
    if (place === 'duplicate') return null;
    if (place === 'overlap') return this.#fail(d);
    if (!p.moreFragments) {
      if (d.total >= 0 && d.total !== end) return this.#fail(d);
      d.total = end;
    }
    d.parts.splice(place, 0, { offset: p.fragmentOffset, bytes: payload });
    this.#bytes += payload.length;
    if (p.fragmentOffset === 0) d.header = p.bytes.slice(p.at, p.payload);
    const last = d.parts[d.parts.length - 1]!;
    if (d.total >= 0 && last.offset + last.bytes.length > d.total) return this.#fail(d);
    return this.#complete(d);
  }

  deadline(): Nanos {
    return this.#datagrams.length === 0 ? Infinity : this.#datagrams[0]!.expires;
  }

  /** Frees what waited too long. */
  timeout(now: Nanos): void {
    while (this.#datagrams.length > 0 && this.#datagrams[0]!.expires <= now) {
      this.#counters.IpReasmTimeout++;
      this.#counters.IpReasmFails++;
      this.#forget(this.#datagrams[0]!);
    }
  }

  save(): ReassemblyState {
    return { datagrams: this.#datagrams.map((d) => ({ ...d, parts: [...d.parts] })) };
  }

  restore(state: ReassemblyState): void {
    this.#datagrams = state.datagrams.map((d) => ({ ...d, parts: [...d.parts] }));
    this.#bytes = this.#datagrams.reduce((sum, d) => sum + size(d), 0);
  }

  #find(key: string, now: Nanos): Datagram {
    const known = this.#datagrams.find((d) => d.key === key);
    if (known !== undefined) return known;
    if (this.#datagrams.length >= MAX_DATAGRAMS) {
      this.#counters.IpReasmFails++;
      this.#forget(this.#datagrams[0]!);
    }
    const d: Datagram = { key, expires: now + TIMEOUT, parts: [], header: null, total: -1 };
    this.#datagrams.push(d);
    return d;
  }

  #complete(d: Datagram): Uint8Array | null {
    if (d.total < 0 || d.header === null) return null;
    if (d.parts.reduce((sum, part) => sum + part.bytes.length, 0) !== d.total) return null;
    const whole = new Uint8Array(d.header.length + d.total);
    whole.set(d.header);
    for (const part of d.parts) whole.set(part.bytes, d.header.length + part.offset);
    this.#forget(d);
    this.#counters.IpReasmOKs++;
    return whole;
  }

  #fail(d: Datagram | null): null {
    this.#counters.IpReasmFails++;
    if (d !== null) this.#forget(d);
    return null;
  }

  #forget(d: Datagram): void {
    this.#datagrams.splice(this.#datagrams.indexOf(d), 1);
    this.#bytes -= size(d);
  }
}

const size = (d: Datagram): number => d.parts.reduce((sum, part) => sum + part.bytes.length, 0);

function insertion(d: Datagram, offset: number, end: number): number | 'duplicate' | 'overlap' {
  let i = 0;
  while (i < d.parts.length && d.parts[i]!.offset < offset) i++;
  const next = d.parts[i];
  const previous = d.parts[i - 1];
  if (next !== undefined && next.offset === offset && next.bytes.length === end - offset) return 'duplicate';
  if (next !== undefined && next.offset < end) return 'overlap';
  if (previous !== undefined && previous.offset + previous.bytes.length > offset) return 'overlap';
  return i;
}
