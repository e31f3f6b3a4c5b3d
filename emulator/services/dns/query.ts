/**
 * What the server needs of a query beside its question: where the question ends, and EDNS. Follows RFC 1035 §4.1, RFC 6891 §6.1.
 * The question is answered with its own bytes, so its spelling (upper and lower case) comes back as it was sent.
 */
import { u16be } from '../../base/bytes.ts';
import { encodeName, parseDns, TYPE_OPT, type Dns, type DnsFault, type DnsQuestion } from '../../wire/dns.ts';

export const DNS_HEADER = 12;
/** Records skipped on the way to the OPT record. */
const MAX_RECORDS = 32;

export interface Edns {
  /** Largest UDP message the client takes. */
  readonly payload: number;
  readonly version: number;
  /** The client's DO bit, which comes back. */
  readonly dnssecOk: boolean;
}

export interface DnsQuery {
  readonly header: Dns;
  readonly question: DnsQuestion;
  /** The question is `bytes[at + DNS_HEADER..at + questionEnd)`. */
  readonly questionEnd: number;
  readonly edns: Edns | null;
}

/** `not-a-query`: a response. `no-question`: none or several. `bad-edns`: two OPT records, or one with a name. */
export type DnsQueryFault = DnsFault | 'not-a-query' | 'no-question' | 'bad-edns';

/** Parses the message `b[at..end)` as a query of one question. */
export function parseQuery(b: Uint8Array, at: number, end: number): DnsQuery | DnsQueryFault {
  if (end - at < DNS_HEADER) return 'truncated';
  if ((b[at + 2]! & 0x80) !== 0) return 'not-a-query';
  const header = parseDns(b, at, end);
  if (typeof header === 'string') return header;
  const question = header.questions[0];
  if (!question || header.questions.length !== 1) return 'no-question';
  // A first name cannot be compressed, and text cannot show a label with a dot in it: what is not its own plain encoding is refused.
  const name = encodeName(question.name);
  const nameEnd = skipName(b, at + DNS_HEADER, end);
  if (!name || nameEnd !== at + DNS_HEADER + name.length || !sameLabels(name, b, at + DNS_HEADER))
    return 'bad-name';
  const edns = findEdns(b, at, nameEnd + 4, end);
  if (edns === 'bad-edns') return edns;
  return { header, question, questionEnd: nameEnd + 4 - at, edns };
}

/** Whether the label lengths of the encoded `name` stand at the same places in `b` from `at`. */
function sameLabels(name: Uint8Array, b: Uint8Array, at: number): boolean {
  for (let i = 0; i < name.length; i += 1 + name[i]!) if (b[at + i] !== name[i]) return false;
  return true;
}

/** The index after the name at `p`; -1: malformed. Does not follow pointers. */
function skipName(b: Uint8Array, p: number, end: number): number {
  while (p < end) {
    const length = b[p]!;
    if (length === 0) return p + 1;
    if (length >= 0xc0) return p + 2 <= end ? p + 2 : -1;
    if (length > 63) return -1;
    p += 1 + length;
  }
  return -1;
}

/** Looks for the OPT record behind the question. Other records are skipped; behind a malformed one nothing is looked for. */
function findEdns(b: Uint8Array, at: number, from: number, end: number): Edns | null | 'bad-edns' {
  const records = u16be(b, at + 6) + u16be(b, at + 8) + u16be(b, at + 10);
  let found: Edns | null = null;
  let p = from;
  for (let i = 0; i < records && i < MAX_RECORDS; i++) {
    const fixed = skipName(b, p, end);
    if (fixed < 0 || fixed + 10 > end) break;
    if (u16be(b, fixed) === TYPE_OPT) {
      if (found || b[p] !== 0) return 'bad-edns';
      found = {
        payload: u16be(b, fixed + 2),
        version: b[fixed + 5]!,
        dnssecOk: (b[fixed + 6]! & 0x80) !== 0,
      };
    }
    p = fixed + 10 + u16be(b, fixed + 8);
    if (p > end) break;
  }
  return found;
}
