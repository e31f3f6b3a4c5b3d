/**
 * The head of an HTTP request: request line and header section. Follows RFC 9112 §2.2, §3, §5, §6.3; RFC 9110 §10.1.1.
 * Strict where leniency would let two readers disagree about a message (folded lines, spaces before the colon, two lengths).
 * Leaves out: authority-form (CONNECT), asterisk-form.
 */
import { latin1 } from '../../base/bytes.ts';

export const MAX_REQUEST_LINE = 8192;
export const MAX_HEADERS = 16_384;
/** Longest head that can be accepted, both line ends of the blank line included. */
export const MAX_HEAD = MAX_REQUEST_LINE + MAX_HEADERS + 4;
const MAX_HEADER_LINES = 100;

const LF = 10;
const CR = 13;

/** How the body ends (RFC 9112 §6.3). */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' };

export interface Request {
  readonly method: string;
  /** Absolute path, percent-decoded, without the query. */
  readonly path: string;
  /** Names in lower case; repeated ones joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
  readonly framing: Framing;
  /** The client waits for 100 before it sends the body. */
  readonly expectsContinue: boolean;
  /** The client would send another request on this connection. */
  readonly keepAlive: boolean;
}

/** A request that is not carried out, as its response says it. */
export interface RequestFault {
  readonly status: 400 | 413 | 414 | 417 | 431 | 501 | 505;
  readonly why: string;
}

const fault = (status: RequestFault['status'], why: string): RequestFault => ({ status, why });

/** Index after the blank line that ends the head in `b[from..to)`; -1: not there yet. */
export function headEnd(b: Uint8Array, from: number, to: number): number {
  for (let p = b.indexOf(LF, from); p >= 0 && p < to; p = b.indexOf(LF, p + 1)) {
    const next = b[p + 1] === CR ? p + 2 : p + 1;
    if (next < to && b[next] === LF) return next + 1;
  }
  return -1;
}

/** What is already wrong with a head whose end has not come yet. */
export function headTooLong(b: Uint8Array, from: number, to: number): RequestFault | null {
  const line = b.indexOf(LF, from);
  const lineEnd = line < 0 || line >= to ? to : line;
  if (lineEnd - from > MAX_REQUEST_LINE) return fault(414, 'request line too long');
  if (to - lineEnd > MAX_HEADERS) return fault(431, 'header section too long');
  return null;
}

/** Parses the head `b[from..end)`, which `headEnd` has found. */
export function parseHead(b: Uint8Array, from: number, end: number): Request | RequestFault {
  const tooLong = headTooLong(b, from, end);
  if (tooLong) return tooLong;
  const lines = latin1(b, from, end).split(/\r?\n/);
  const line = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP\/(\d)\.(\d)$/.exec(lines[0]!);
  if (!line) return fault(400, 'not a request line');
  if (line[3] !== '1') return fault(505, 'only HTTP/1.x is spoken here');
  const path = pathOf(line[2]!);
  if (path === null) return fault(400, 'not a path');
  // The head ends with a blank line, so the last two parts are empty.
  const headers = parseHeaders(lines.slice(1, -2));
  if (!(headers instanceof Map)) return headers;
  const isOld = line[4] === '0';
  if (!isOld && !headers.has('host')) return fault(400, 'no Host');
  const framing = framingOf(headers, isOld);
  if ('status' in framing) return framing;
  const expect = headers.get('expect')?.toLowerCase();
  if (!isOld && expect !== undefined && expect !== '100-continue') return fault(417, 'unknown expectation');
  const options = tokens(headers.get('connection'));
  return {
    method: line[1]!,
    path,
    headers,
    framing,
    expectsContinue: !isOld && expect !== undefined && framing.kind !== 'none',
    keepAlive: isOld ? options.includes('keep-alive') : !options.includes('close'),
  };
}

/** Origin-form, or absolute-form (what a client sends to a proxy; every server must take it, §3.2.2). */
function pathOf(target: string): string | null {
  const origin = target.replace(/^http:\/\/[^/?#]+(?=([/?#]|$))\/?/i, '/');
  if (!origin.startsWith('/')) return null;
  return origin
    .replace(/[?#].*$/, '')
    .replace(/%([0-9a-fA-F]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}

function parseHeaders(lines: readonly string[]): Map<string, string> | RequestFault {
  if (lines.length > MAX_HEADER_LINES) return fault(431, 'too many headers');
  const headers = new Map<string, string>();
  for (const text of lines) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(text);
    if (!match) return fault(400, 'not a header');
    const name = match[1]!.toLowerCase();
    const value = match[2]!.replace(/[ \t]+$/, '');
    const before = headers.get(name);
    if (before !== undefined && name === 'host') return fault(400, 'two Hosts');
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

function framingOf(headers: ReadonlyMap<string, string>, isOld: boolean): Framing | RequestFault {
  const coding = headers.get('transfer-encoding');
  const lengths = headers.get('content-length');
  if (coding !== undefined) {
    // Both at once, or a coding from a version that has none, is how requests are smuggled.
    if (lengths !== undefined || isOld) return fault(400, 'two lengths');
    return coding.toLowerCase() === 'chunked' ? { kind: 'chunked' } : fault(501, 'unknown transfer coding');
  }
  if (lengths === undefined) return { kind: 'none' };
  const [first, ...others] = lengths.split(/[ \t]*,[ \t]*/);
  if (!/^\d+$/.test(first!) || others.some((l) => l !== first)) return fault(400, 'not a length');
  const length = Number(first);
  if (!Number.isSafeInteger(length)) return fault(413, 'too large');
  return length === 0 ? { kind: 'none' } : { kind: 'length', length };
}

const tokens = (list: string | undefined): string[] =>
  (list ?? '').toLowerCase().split(',').map((token) => token.trim()); // prettier-ignore
