/**
 * What the DNS server answers: a message in, a message (or silence) out. Follows RFC 1034 §4.3.2, RFC 1035 §4.1 and §4.2.1 (512 bytes,
 * TC), RFC 2308 §2 (SOA with a negative answer), RFC 3596 (AAAA), RFC 6891 (OPT comes back, version 0 only).
 *
 * A name outside the lab does not exist (NXDOMAIN), and recursion counts as available: nothing lies beyond this network, so that is
 * the whole truth, and it is the answer that ends a look-up at once. REFUSED would be more usual for a server that has no
 * forwarder, but musl skips such an answer and waits for its timeout, and glibc tries every server again; a client told that there
 * is no recursion may treat the server as lame.
 * Leaves out: zone transfer, updates, DNSSEC, wildcard names, delegation.
 */
import { joined, put16be, put32be } from '../../base/bytes.ts';
import {
  CLASS_IN,
  nameBytes,
  RCODE_FORMERR,
  RCODE_NOERROR,
  RCODE_NOTIMP,
  RCODE_NXDOMAIN,
  RCODE_REFUSED,
  TYPE_A,
  TYPE_ANY,
  TYPE_OPT,
  TYPE_PTR,
} from '../../wire/dns.ts';
import { DNS_HEADER, parseQuery, type DnsQuery, type DnsQueryFault } from './query.ts';
import type { Found, Zone } from './zone.ts';

const TYPE_NS = 2;
const TYPE_SOA = 6;
/** RFC 6891 §6.1.3: the low four bits stand in the header, the rest in the OPT record. */
const RCODE_BADVERS = 16;
const UDP_LIMIT = 512;
/** What we say we take, and the most we send: the value agreed on DNS flag day 2020, which is never fragmented. */
const EDNS_PAYLOAD = 1232;
const TCP_LIMIT = 65_535;

interface ResourceRecord {
  /** Bytes of the owner name; null: that of the question. */
  readonly owner: Uint8Array | null;
  readonly type: number;
  readonly data: Uint8Array;
}

interface Reply {
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly answers: readonly ResourceRecord[];
  readonly authority: readonly ResourceRecord[];
}

const failure = (rcode: number): Reply => ({ rcode, authoritative: false, answers: [], authority: [] });

/**
 * The reply to the message `b[at..end)`; a fault by name when there is none. A message that has a header but cannot be understood
 * is answered FORMERR with that header alone.
 */
export function answerDns(
  zone: Zone,
  b: Uint8Array,
  at: number,
  end: number,
  transport: 'udp' | 'tcp',
): Uint8Array | DnsQueryFault {
  const query = parseQuery(b, at, end);
  if (typeof query === 'string') {
    if (end - at < DNS_HEADER || query === 'not-a-query') return query;
    return header(b, at, failure(RCODE_FORMERR), false);
  }
  return emit(zone, b, at, query, lookUp(zone, query), transport);
}

function lookUp(zone: Zone, { header, question, edns }: DnsQuery): Reply {
  if (header.opcode !== 0) return failure(RCODE_NOTIMP);
  if (edns && edns.version !== 0) return failure(RCODE_BADVERS);
  if (question.class !== CLASS_IN) return failure(RCODE_REFUSED);
  const found = zone.find(question.name);
  if (found.kind === 'outside') return failure(RCODE_NXDOMAIN);
  const answers = recordsOf(zone, found, question.type);
  return {
    rcode: found.kind === 'absent' ? RCODE_NXDOMAIN : RCODE_NOERROR,
    authoritative: true,
    answers,
    authority: answers.length > 0 ? [] : [soa(zone, found.apex, question.name === found.apex)],
  };
}

function recordsOf(zone: Zone, found: Found, type: number): ResourceRecord[] {
  const wants = (t: number): boolean => type === t || type === TYPE_ANY;
  if (found.kind === 'addresses' && wants(TYPE_A))
    return found.addresses.map((address) => {
      const data = new Uint8Array(4);
      put32be(data, 0, address);
      return { owner: null, type: TYPE_A, data };
    });
  if (found.kind === 'pointer' && wants(TYPE_PTR))
    return [{ owner: null, type: TYPE_PTR, data: nameBytes(found.target) }];
  if (found.kind !== 'apex') return [];
  const records: ResourceRecord[] = [];
  if (wants(TYPE_SOA)) records.push(soa(zone, found.apex, true));
  if (wants(TYPE_NS)) records.push({ owner: null, type: TYPE_NS, data: nameBytes(zone.server) });
  return records;
}

/** RFC 1035 §3.3.13. The serial is the lab's first day; the minimum is the negative TTL (RFC 2308 §4). */
function soa(zone: Zone, apex: string, ownName: boolean): ResourceRecord {
  const server = nameBytes(zone.server);
  const mailbox = nameBytes(`hostmaster.${zone.config.domain}`);
  const data = new Uint8Array(server.length + mailbox.length + 20);
  data.set(server);
  data.set(mailbox, server.length);
  [2013051300, 3600, 600, 86_400, zone.config.ttl].forEach((value, i) => {
    put32be(data, server.length + mailbox.length + 4 * i, value);
  });
  return { owner: ownName ? null : nameBytes(apex), type: TYPE_SOA, data };
}

/** Writes the reply; what passes the transport's limit is left out and TC set, so that the client comes back over TCP. */
function emit(
  zone: Zone,
  b: Uint8Array,
  at: number,
  query: DnsQuery,
  reply: Reply,
  transport: 'udp' | 'tcp',
): Uint8Array {
  const { edns, questionEnd } = query;
  const parts: Uint8Array[] = [b.slice(at + DNS_HEADER, at + questionEnd)];
  let length = questionEnd;
  const opt = edns ? optRecord(reply.rcode, edns.dnssecOk) : null;
  const limit = udpLimit(edns?.payload ?? 0, transport) - (opt?.length ?? 0);
  const add = (records: readonly ResourceRecord[]): number => {
    let count = 0;
    for (const record of records) {
      const bytes = recordBytes(record, zone.config.ttl);
      if (length + bytes.length > limit) break;
      parts.push(bytes);
      length += bytes.length;
      count++;
    }
    return count;
  };
  const answers = add(reply.answers);
  const authority = add(reply.authority);
  if (opt) parts.push(opt);
  const head = header(b, at, reply, answers < reply.answers.length);
  put16be(head, 4, 1);
  put16be(head, 6, answers);
  put16be(head, 8, authority);
  put16be(head, 10, opt ? 1 : 0);
  return joined([head, ...parts]);
}

function udpLimit(payload: number, transport: 'udp' | 'tcp'): number {
  if (transport === 'tcp') return TCP_LIMIT;
  return Math.max(UDP_LIMIT, Math.min(payload, EDNS_PAYLOAD));
}

/** A header that answers the one at `b[at..]`, with empty sections: QR, the client's opcode and RD, RA. */
function header(b: Uint8Array, at: number, reply: Reply, truncated: boolean): Uint8Array {
  const out = new Uint8Array(DNS_HEADER);
  out[0] = b[at]!;
  out[1] = b[at + 1]!;
  out[2] = 0x80 | (b[at + 2]! & 0x79) | (reply.authoritative ? 0x04 : 0) | (truncated ? 0x02 : 0);
  out[3] = 0x80 | (reply.rcode & 0x0f);
  return out;
}

function recordBytes({ owner, type, data }: ResourceRecord, ttl: number): Uint8Array {
  // A compression pointer to the question's name, which always stands behind the header.
  const name = owner ?? Uint8Array.of(0xc0, DNS_HEADER);
  const fixed = new Uint8Array(10);
  put16be(fixed, 0, type);
  put16be(fixed, 2, CLASS_IN);
  put32be(fixed, 4, ttl);
  put16be(fixed, 8, data.length);
  return joined([name, fixed, data]);
}

function optRecord(rcode: number, dnssecOk: boolean): Uint8Array {
  const opt = new Uint8Array(11);
  put16be(opt, 1, TYPE_OPT);
  put16be(opt, 3, EDNS_PAYLOAD);
  opt[5] = rcode >>> 4;
  opt[7] = dnssecOk ? 0x80 : 0;
  return opt;
}
