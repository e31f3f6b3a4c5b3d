/** TCP and HTTP in the packet list. */
import { u16be, u32be } from '../../base/bytes.ts';
import {
  ACK_FLAG, OPT_END, OPT_MSS, OPT_NOP, OPT_SACK, OPT_SACK_PERMITTED, OPT_TIMESTAMPS, OPT_WINDOW_SCALE, TCP_HEADER, URG,
} from '../../wire/tcp.ts'; // prettier-ignore
import { printableAt } from '../address-text.ts';
import type { Layers } from '../layers.ts';
import { tcpFlagText } from '../names.ts';
import type { TcpNote } from '../tcp-stream.ts';
import type { ProtocolInfo } from '../summary.ts';

const HTTP_PORTS: readonly number[] = [80, 8080];
const REQUEST_LINE = /^(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH) \S/;
const STATUS_LINE = /^HTTP\/\d\.\d \d{3}/;
const MAX_LINE = 1024;

export function tcpInfo(b: Uint8Array, layers: Layers, note: TcpNote | null): ProtocolInfo {
  const { transport: at, end } = layers;
  const [src, dst] = [u16be(b, at), u16be(b, at + 2)];
  if (note === null) return { protocol: 'TCP', info: `${src} → ${dst} [Malformed Packet]` };
  const payload = at + ((b[at + 12]! >>> 4) << 2);
  const http = HTTP_PORTS.includes(src) || HTTP_PORTS.includes(dst) ? httpInfo(b, payload, end) : null;
  const remarks = note.remarks.map((remark) => `[${remark}]`);
  if (http !== null) return { protocol: 'HTTP', info: [...remarks, http].join(' ') };
  const flags = ((b[at + 12]! & 1) << 8) | b[at + 13]!;
  const words = [
    ...remarks,
    `${src} → ${dst} [${tcpFlagText(flags)}] Seq=${(u32be(b, at + 4) - note.seqBase) >>> 0}`,
  ];
  if (flags & ACK_FLAG) words.push(`Ack=${(u32be(b, at + 8) - note.ackBase) >>> 0}`);
  words.push(`Win=${u16be(b, at + 14) * 2 ** note.windowShift}`);
  if (flags & URG) words.push(`Urg=${u16be(b, at + 18)}`);
  words.push(`Len=${Math.max(0, end - payload)}`, ...optionWords(b, at + TCP_HEADER, payload, note.ackBase));
  return { protocol: 'TCP', info: words.join(' ') };
}

/** The options in the order in which they stand. */
function optionWords(b: Uint8Array, from: number, to: number, ackBase: number): string[] {
  const words: string[] = [];
  const end = Math.min(to, b.length);
  for (let p = from; p < end && b[p] !== OPT_END;) {
    if (b[p] === OPT_NOP) {
      p++;
      continue;
    }
    const length = p + 1 < end ? b[p + 1]! : 0;
    if (length < 2 || p + length > end) break;
    if (b[p] === OPT_MSS && length === 4) words.push(`MSS=${u16be(b, p + 2)}`);
    else if (b[p] === OPT_WINDOW_SCALE && length === 3) words.push(`WS=${2 ** Math.min(b[p + 2]!, 14)}`);
    else if (b[p] === OPT_SACK_PERMITTED && length === 2) words.push('SACK_PERM');
    else if (b[p] === OPT_TIMESTAMPS && length === 10)
      words.push(`TSval=${u32be(b, p + 2)} TSecr=${u32be(b, p + 6)}`);
    else if (b[p] === OPT_SACK)
      for (let q = p + 2; q + 8 <= p + length; q += 8)
        words.push(`SLE=${(u32be(b, q) - ackBase) >>> 0} SRE=${(u32be(b, q + 4) - ackBase) >>> 0}`);
    p += length;
  }
  return words;
}

/** First line of a message that starts here, and its media type; null when none starts. */
export function httpInfo(b: Uint8Array, payload: number, end: number): string | null {
  const to = Math.min(end, b.length);
  const first = b[payload];
  if (payload >= to || first === undefined || first < 0x41 || first > 0x5a) return null;
  const line = printableAt(b, payload, lineEnd(b, payload, to), MAX_LINE);
  if (!REQUEST_LINE.test(line) && !STATUS_LINE.test(line)) return null;
  const type = mediaType(b, payload, to);
  return type === null ? `${line} ` : `${line}  (${type})`;
}

export function lineEnd(b: Uint8Array, from: number, to: number): number {
  const newline = b.subarray(0, to).indexOf(0x0a, from);
  const end = newline < 0 ? to : newline;
  return end > from && b[end - 1] === 0x0d ? end - 1 : end;
}

/** The content type without parameters, if a body follows the header. */
function mediaType(b: Uint8Array, payload: number, to: number): string | null {
  let type: string | null = null;
  let empty = true;
  for (let p = payload, lines = 0; p < to && lines < 64; lines++) {
    const end = lineEnd(b, p, to);
    if (end === p) return empty ? null : type;
    const header = /^(content-type|content-length|transfer-encoding): *([^;\s]*)/i.exec(
      printableAt(b, p, end, MAX_LINE),
    );
    if (header?.[1]?.toLowerCase() === 'content-type') type = header[2]!;
    else if (header) empty = header[2] === '0';
    p = b.subarray(0, to).indexOf(0x0a, end) + 1;
    if (p === 0) return null;
  }
  return null;
}
