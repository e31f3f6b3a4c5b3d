/**
 * DNS messages. Follows RFC 1035 §4, RFC 6891 (EDNS, recognised only), RFC 3596 (AAAA). Names are lower-case text without the
 * last dot; compression is followed when reading (bounded) and used for the answer's owner name when writing.
 */
import { joined, put16be, put32be, u16be, u32be } from '../base/bytes.ts';

export const DNS_PORT = 53;
/** Multicast DNS, RFC 6762 §2. */
export const MDNS_PORT = 5353;
const HEADER = 12;
/** RFC 1035 §2.3.4. */
const MAX_NAME = 255;

export const TYPE_A = 1;
export const TYPE_PTR = 12;
export const TYPE_AAAA = 28;
export const TYPE_OPT = 41;
export const TYPE_ANY = 255;
export const CLASS_IN = 1;

export const RCODE_NOERROR = 0;
export const RCODE_FORMERR = 1;
export const RCODE_NXDOMAIN = 3;
export const RCODE_NOTIMP = 4;
export const RCODE_REFUSED = 5;

export interface DnsQuestion {
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly data: Uint8Array;
}

export interface Dns {
  readonly id: number;
  readonly response: boolean;
  readonly opcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly rcode: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
}

export type DnsFault = 'truncated' | 'bad-name' | 'too-many-records';

interface Name {
  readonly text: string;
  readonly next: number;
}

function readName(b: Uint8Array, start: number, at: number, end: number): Name | null {
  let text = '';
  let next = -1;
  // Each hop must go backwards, so a loop of pointers cannot be built.
  let limit = at;
  for (let p = at; p < end;) {
    const length = b[p]!;
    if (length === 0) return { text: text.slice(1), next: next < 0 ? p + 1 : next };
    if (length >= 0xc0) {
      if (p + 1 >= end) return null;
      if (next < 0) next = p + 2;
      const target = start + (u16be(b, p) & 0x3fff);
      if (target >= limit) return null;
      limit = target;
      p = target;
      continue;
    }
    // The name on the wire ends with a zero byte that counts too.
    if (length > 63 || p + 1 + length > end || text.length + 1 + length >= MAX_NAME) return null;
    let label = '';
    for (let i = p + 1; i <= p + length; i++) {
      // A dot within a label has no text form, and would come back as other labels when the name is sent again.
      if (b[i] === 0x2e) return null;
      label += String.fromCharCode(b[i]!);
    }
    text += `.${label.toLowerCase()}`;
    p += 1 + length;
  }
  return null;
}

/** Parses the message `b[at..end)`: questions and answers; authority and additional records are skipped. */
export function parseDns(b: Uint8Array, at: number, end: number): Dns | DnsFault {
  if (end - at < HEADER) return 'truncated';
  const flags = u16be(b, at + 2);
  const qdcount = u16be(b, at + 4);
  const ancount = u16be(b, at + 6);
  if (qdcount > 16 || ancount > 256) return 'too-many-records';
  let p = at + HEADER;
  const questions: DnsQuestion[] = [];
  for (let i = 0; i < qdcount; i++) {
    const name = readName(b, at, p, end);
    if (!name) return 'bad-name';
    if (name.next + 4 > end) return 'truncated';
    questions.push({ name: name.text, type: u16be(b, name.next), class: u16be(b, name.next + 2) });
    p = name.next + 4;
  }
  const answers: DnsRecord[] = [];
  for (let i = 0; i < ancount; i++) {
    const name = readName(b, at, p, end);
    if (!name) return 'bad-name';
    if (name.next + 10 > end) return 'truncated';
    const length = u16be(b, name.next + 8);
    const from = name.next + 10;
    if (from + length > end) return 'truncated';
    answers.push({
      name: name.text,
      type: u16be(b, name.next),
      class: u16be(b, name.next + 2),
      ttl: u32be(b, name.next + 4),
      data: b.slice(from, from + length),
    });
    p = from + length;
  }
  return {
    id: u16be(b, at),
    response: (flags & 0x8000) !== 0,
    opcode: (flags >>> 11) & 15,
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    rcode: flags & 15,
    questions,
    answers,
  };
}

/** A name as labels; null when a label is empty or longer than 63, or the whole longer than 255 (RFC 1035 §2.3.4). */
export function encodeName(name: string): Uint8Array | null {
  const labels = name === '' ? [] : name.split('.');
  if (labels.some((l) => l.length < 1 || l.length > 63) || name.length + 2 > MAX_NAME) return null;
  const bytes = new Uint8Array(labels.reduce((sum, l) => sum + 1 + l.length, 1));
  let p = 0;
  for (const label of labels) {
    bytes[p++] = label.length;
    for (let i = 0; i < label.length; i++) bytes[p++] = label.charCodeAt(i);
  }
  return bytes;
}

/** The message as bytes; owner names equal to the first question are compressed to a pointer. Throws on a name that cannot be encoded (ours). */
export function emitDns(m: Dns): Uint8Array {
  const parts: Uint8Array[] = [];
  const header = new Uint8Array(HEADER);
  put16be(header, 0, m.id);
  put16be(
    header,
    2,
    (m.response ? 0x8000 : 0) | (m.opcode << 11) | (m.authoritative ? 0x0400 : 0) | (m.truncated ? 0x0200 : 0) |
      (m.recursionDesired ? 0x0100 : 0) | (m.recursionAvailable ? 0x0080 : 0) | m.rcode,
  ); // prettier-ignore
  put16be(header, 4, m.questions.length);
  put16be(header, 6, m.answers.length);
  parts.push(header);
  for (const q of m.questions) {
    const tail = new Uint8Array(4);
    put16be(tail, 0, q.type);
    put16be(tail, 2, q.class);
    parts.push(nameBytes(q.name), tail);
  }
  for (const r of m.answers) {
    const fixed = new Uint8Array(10);
    put16be(fixed, 0, r.type);
    put16be(fixed, 2, r.class);
    put32be(fixed, 4, r.ttl);
    put16be(fixed, 8, r.data.length);
    parts.push(
      r.name === m.questions[0]?.name ? Uint8Array.of(0xc0, HEADER) : nameBytes(r.name),
      fixed,
      r.data,
    );
  }
  return joined(parts);
}

/** The encoded form of a name known to be one; throws on any other. */
export function nameBytes(name: string): Uint8Array {
  const bytes = encodeName(name);
  if (!bytes) throw new Error(`not a domain name: ${name}`);
  return bytes;
}
