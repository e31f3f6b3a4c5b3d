/**
 * DNS messages for showing: every section, with the place of each part. Follows RFC 1035 §4. Names keep their case, unlike in
 * wire/dns.ts. Bounded: 64 records, pointers go backwards only.
 */
import { u16be, u32be } from '../base/bytes.ts';

const HEADER = 12;
const MAX_RECORDS = 64;

export interface ShownQuestion {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly from: number;
  readonly to: number;
}

export interface ShownRecord extends ShownQuestion {
  readonly ttl: number;
  /** Where the data starts; it ends at `to`. */
  readonly data: number;
}

export type Section = 'answers' | 'authority' | 'additional';

export interface ShownDns {
  readonly id: number;
  readonly flags: number;
  readonly counts: readonly [number, number, number, number];
  readonly questions: readonly ShownQuestion[];
  readonly answers: readonly ShownRecord[];
  readonly authority: readonly ShownRecord[];
  readonly additional: readonly ShownRecord[];
  /** The message could not be read to its end. */
  readonly malformed: boolean;
}

/** The name at `at` of the message that starts at `start`, and where it ends; null when it is broken. */
export function nameAt(
  b: Uint8Array,
  start: number,
  at: number,
  end: number,
): { readonly text: string; readonly next: number } | null {
  let text = '';
  let next = -1;
  let limit = at;
  for (let p = at; p < end;) {
    const length = b[p]!;
    if (length === 0) return { text: text === '' ? '<Root>' : text.slice(1), next: next < 0 ? p + 1 : next };
    if (length >= 0xc0) {
      if (p + 2 > end) return null;
      if (next < 0) next = p + 2;
      p = start + (u16be(b, p) & 0x3fff);
      if (p >= limit) return null;
      limit = p;
      continue;
    }
    if (length > 63 || p + 1 + length > end || text.length + length > 255) return null;
    text += '.';
    for (let i = p + 1; i <= p + length; i++)
      text += b[i]! > 0x20 && b[i]! < 0x7f ? String.fromCharCode(b[i]!) : '�';
    p += 1 + length;
  }
  return null;
}

/** Reads the message `b[at..end)`; null when not even a header is there. */
export function readDns(b: Uint8Array, at: number, end: number): ShownDns | null {
  if (at + HEADER > end) return null;
  const counts = [4, 6, 8, 10].map((o) => u16be(b, at + o)) as [number, number, number, number];
  const questions: ShownQuestion[] = [];
  const sections: Record<Section, ShownRecord[]> = { answers: [], authority: [], additional: [] };
  let p = at + HEADER;
  let left = MAX_RECORDS;
  let malformed = false;
  for (let i = 0; i < counts[0] && left-- > 0 && !malformed; i++) {
    const name = nameAt(b, at, p, end);
    if (!name || name.next + 4 > end) malformed = true;
    else {
      questions.push({
        name: name.text,
        type: u16be(b, name.next),
        class: u16be(b, name.next + 2),
        from: p,
        to: name.next + 4,
      });
      p = name.next + 4;
    }
  }
  (['answers', 'authority', 'additional'] as const).forEach((section, s) => {
    for (let i = 0; i < counts[s + 1]! && left-- > 0 && !malformed; i++) {
      const record = recordAt(b, at, p, end);
      if (record === null) malformed = true;
      else {
        sections[section].push(record);
        p = record.to;
      }
    }
  });
  return { id: u16be(b, at), flags: u16be(b, at + 2), counts, questions, ...sections, malformed };
}

function recordAt(b: Uint8Array, start: number, at: number, end: number): ShownRecord | null {
  const name = nameAt(b, start, at, end);
  if (!name || name.next + 10 > end) return null;
  const data = name.next + 10;
  const to = data + u16be(b, name.next + 8);
  if (to > end) return null;
  return {
    name: name.text,
    type: u16be(b, name.next),
    class: u16be(b, name.next + 2),
    ttl: u32be(b, name.next + 4),
    from: at,
    data,
    to,
  };
}
