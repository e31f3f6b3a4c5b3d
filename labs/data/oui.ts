/**
 * Which platform does a MAC address point at? Longest prefix first; group addresses and locally administered ones are told
 * apart before the table is blamed. A verdict is a hint, never a proof: setting another address takes one option.
 */
import {
  formatIpv4,
  formatMac,
  isMulticastMac,
  parseMac,
  type Ipv4Addr,
} from '../../emulator/base/address.ts';
import { prefixTable, type PrefixRow } from './oui-table.ts';

export type MacVerdict =
  /** Registered to, or by habit used by, a virtualisation platform. */
  | 'hypervisor'
  /** Points at a firm or platform, but others use the prefix too. */
  | 'shared'
  /** A builder of physical cards. */
  | 'vendor'
  /** Locally administered and no known habit: random, or set by hand. */
  | 'unknown-local'
  /** Universally administered, not in the table. */
  | 'unknown'
  /** A group address, which no card may send from. */
  | 'group'
  | 'malformed';

export interface MacIdentity {
  readonly verdict: MacVerdict;
  readonly platform: string | null;
  /** The prefix that matched, as the table writes it. */
  readonly prefix: string | null;
  /** 0 to 1; 0 when nothing is named. */
  readonly confidence: number;
  readonly source: string | null;
  /** The IPv4 address spelt by the last four octets, on platforms that do so. */
  readonly embedded: string | null;
  /** The verdict in one sentence. */
  readonly sentence: string;
}

interface Range {
  readonly first: number;
  readonly last: number;
  readonly row: PrefixRow;
}

function rangeOf(row: PrefixRow): Range {
  const digits = row.prefix.replace(/:/g, '');
  const first = parseInt(digits.padEnd(12, '0'), 16);
  const last = parseInt((row.last ?? digits).replace(/:/g, '').padEnd(12, 'f'), 16);
  return { first, last, row };
}

/** Smallest range first, so that the longest prefix wins. */
const ranges: readonly Range[] = prefixTable
  .map(rangeOf)
  .sort((a, b) => a.last - a.first - (b.last - b.first));

const nothing = { platform: null, prefix: null, confidence: 0, source: null, embedded: null };

function sentenceFor(row: PrefixRow, embedded: string | null): string {
  const tail =
    (row.note ? ` ${row.note}` : '') + (embedded ? ` Its last four octets spell ${embedded}.` : '');
  switch (row.kind) {
    case 'registry':
      return `${row.prefix} belongs to ${row.platform}: a virtual machine, unless somebody set it by hand.${tail}`;
    case 'convention':
      return `${row.prefix} is locally administered and by habit means ${row.platform}.${tail}`;
    case 'shared':
      return `${row.prefix} points at ${row.platform}, but not conclusively.${tail}`;
    case 'vendor':
      return `${row.prefix} is registered to ${row.platform}: it looks like a physical card.${tail}`;
  }
}

/** `mac` as text (`52:54:00:12:34:56`, also with hyphens). */
export function identifyMac(mac: string): MacIdentity {
  const value = parseMac(mac.trim());
  if (value === null)
    return {
      ...nothing,
      verdict: 'malformed',
      sentence: `“${mac}” is not a MAC address: six pairs of hexadecimal digits with colons, like 52:54:00:12:34:56.`,
    };
  if (isMulticastMac(value))
    return {
      ...nothing,
      verdict: 'group',
      sentence: `${formatMac(value)} is a group address (the lowest bit of its first octet is set): no card may send from it.`,
    };
  const hit = ranges.find((r) => value >= r.first && value <= r.last);
  if (hit) {
    const { row } = hit;
    const embedded = row.embedsIpv4 ? formatIpv4((value % 0x1_0000_0000) as Ipv4Addr) : null;
    return {
      verdict: row.kind === 'vendor' || row.kind === 'shared' ? row.kind : 'hypervisor',
      platform: row.platform,
      prefix: row.prefix,
      confidence: row.confidence,
      source: row.source,
      embedded,
      sentence: sentenceFor(row, embedded),
    };
  }
  const local = (Math.floor(value / 0x100_0000_0000) & 2) === 2;
  const prefix = formatMac(value).slice(0, 8).toUpperCase();
  return local
    ? {
        ...nothing,
        verdict: 'unknown-local',
        sentence: `${prefix} is locally administered and fits no known habit: random, or set by hand.`,
      }
    : { ...nothing, verdict: 'unknown', sentence: `${prefix} is not in the table.` };
}

const words = (text: string): string[] =>
  text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((w) => w.length > 2);

/** Whether a free answer names the platform: one of its own words is enough (`kvm`, `QEMU`, `vmware esx`). */
export function namesPlatform(platform: string, answer: string): boolean {
  const own = words(platform);
  return words(answer).some((w) => own.includes(w));
}
