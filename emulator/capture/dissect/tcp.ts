/** TCP with its options, and the first line of HTTP. */
import { u16be, u32be } from '../../base/bytes.ts';
import {
  ACK_FLAG, OPT_END, OPT_MSS, OPT_NOP, OPT_SACK, OPT_SACK_PERMITTED, OPT_TIMESTAMPS, OPT_WINDOW_SCALE, TCP_HEADER,
} from '../../wire/tcp.ts'; // prettier-ignore
import { printableAt } from '../address-text.ts';
import type { Field } from '../field.ts';
import { bits, dataField, field, flag } from '../field.ts';
import type { Layers } from '../layers.ts';
import { portsOf } from '../layers.ts';
import { tcpFlagText } from '../names.ts';
import { httpInfo, lineEnd } from '../summary/tcp.ts';
import type { TcpNote } from '../tcp-stream.ts';
import { checksumField, transportSum } from './checksum.ts';

const FLAG_LABELS: readonly string[] = [
  'Fin', 'Syn', 'Reset', 'Push', 'Acknowledgment', 'Urgent', 'ECN-Echo', 'Congestion Window Reduced', 'Accurate ECN',
]; // prettier-ignore
const MAX_HEADER_LINES = 32;

export function tcpFields(b: Uint8Array, layers: Layers, note: TcpNote | null): Field[] {
  const { transport: at } = layers;
  const end = Math.min(layers.end, b.length);
  const header = at + 13 <= end ? (b[at + 12]! >>> 4) << 2 : 0;
  if (portsOf(b, layers) === null || header < TCP_HEADER || at + header > end)
    return [field('[Malformed Packet: TCP]', at, end)];
  const payload = at + header;
  const [src, dst] = [u16be(b, at), u16be(b, at + 2)];
  const length = Math.max(0, layers.end - payload);
  const shown = numbers(b, at, note);
  const acked = b[at + 13]! & ACK_FLAG ? `, Ack: ${shown.ack}` : '';
  const label = `Transmission Control Protocol, Src Port: ${src}, Dst Port: ${dst}, Seq: ${shown.seq}${acked}, Len: ${length}`;
  const children = [
    field(`Source Port: ${src}`, at, at + 2),
    field(`Destination Port: ${dst}`, at + 2, at + 4),
    ...(note && note.stream >= 0 ? [field(`[Stream index: ${note.stream}]`, at, at)] : []),
    field(`[TCP Segment Len: ${length}]`, at + 12, at + 13),
    ...sequenceFields(b, at, shown),
    bits(8, 0xf0, b[at + 12]!, `Header Length: ${header} bytes (${header >> 2})`, at + 12, 1),
    flagsField(b, at),
    field(`Window: ${u16be(b, at + 14)}`, at + 14, at + 16),
    ...(note?.scaled
      ? [field(`[Calculated window size: ${u16be(b, at + 14) * 2 ** note.windowShift}]`, at + 14, at + 16)]
      : []),
    checksumField(b, at + 16, 'Checksum', transportSum(b, layers, at, layers.end)),
    field(`Urgent Pointer: ${u16be(b, at + 18)}`, at + 18, at + 20),
  ];
  if (header > TCP_HEADER) children.push(optionsField(b, at + TCP_HEADER, payload));
  for (const remark of note?.remarks ?? []) children.push(field(`[${remark}]`, at, at));
  const fields = [field(label, at, payload, children)];
  const ports = [src, dst];
  if (ports.includes(80) || ports.includes(8080)) fields.push(...httpFields(b, payload, end));
  else if (payload < end) fields.push(dataField(b, payload, end, 'TCP payload'));
  return fields;
}

interface Numbers {
  readonly seq: number;
  readonly ack: number;
  readonly relative: boolean;
}

function numbers(b: Uint8Array, at: number, note: TcpNote | null): Numbers {
  const relative = note !== null && note.stream >= 0;
  const seq = (u32be(b, at + 4) - (note?.seqBase ?? 0)) >>> 0;
  const acks = (b[at + 13]! & ACK_FLAG) !== 0;
  return { seq, ack: acks || !relative ? (u32be(b, at + 8) - (note?.ackBase ?? 0)) >>> 0 : 0, relative };
}

function sequenceFields(b: Uint8Array, at: number, { seq, ack, relative }: Numbers): Field[] {
  if (!relative)
    return [
      field(`Sequence Number: ${seq}`, at + 4, at + 8),
      field(`Acknowledgment Number: ${ack}`, at + 8, at + 12),
    ];
  return [
    field(`Sequence Number: ${seq}    (relative sequence number)`, at + 4, at + 8),
    field(`Sequence Number (raw): ${u32be(b, at + 4)}`, at + 4, at + 8),
    field(`Acknowledgment Number: ${ack}    (relative ack number)`, at + 8, at + 12),
    field(`Acknowledgment number (raw): ${u32be(b, at + 8)}`, at + 8, at + 12),
  ];
}

function flagsField(b: Uint8Array, at: number): Field {
  const flags = ((b[at + 12]! & 15) << 8) | b[at + 13]!;
  const children = [bits(12, 0xe00, flags, `Reserved: ${flags & 0xe00 ? 'Set' : 'Not set'}`, at + 12, 1)];
  for (let bit = 8; bit >= 0; bit--)
    children.push(flag(12, bit, flags, FLAG_LABELS[bit]!, at + (bit === 8 ? 12 : 13), 1));
  const text = `Flags: 0x${flags.toString(16).padStart(3, '0')} (${tcpFlagText(flags)})`;
  return field(text, at + 12, at + 14, children);
}

function optionsField(b: Uint8Array, from: number, to: number): Field {
  const children: Field[] = [];
  for (let p = from; p < to;) {
    const kind = b[p]!;
    if (kind === OPT_NOP || kind === OPT_END) {
      children.push(field(kind === OPT_NOP ? 'No-Operation (NOP)' : 'End of Option List (EOL)', p, p + 1));
      if (kind === OPT_END) break;
      p++;
      continue;
    }
    const length = p + 1 < to ? b[p + 1]! : 0;
    if (length < 2 || p + length > to) {
      children.push(field('[Malformed option]', p, to));
      break;
    }
    children.push(field(optionLabel(b, p, kind, length), p, p + length));
    p += length;
  }
  return field(`Options: (${to - from} bytes)`, from, to, children);
}

function optionLabel(b: Uint8Array, p: number, kind: number, length: number): string {
  if (kind === OPT_MSS && length === 4) return `Maximum segment size: ${u16be(b, p + 2)} bytes`;
  if (kind === OPT_WINDOW_SCALE && length === 3)
    return `Window scale: ${b[p + 2]!} (multiply by ${2 ** Math.min(b[p + 2]!, 14)})`;
  if (kind === OPT_SACK_PERMITTED && length === 2) return 'SACK permitted';
  if (kind === OPT_TIMESTAMPS && length === 10)
    return `Timestamps: TSval ${u32be(b, p + 2)}, TSecr ${u32be(b, p + 6)}`;
  if (kind === OPT_SACK) {
    const edges = Array.from(
      { length: (length - 2) >> 3 },
      (_, i) => `${u32be(b, p + 2 + 8 * i)}-${u32be(b, p + 6 + 8 * i)}`,
    );
    return `SACK: ${edges.join(' ')}`;
  }
  return `Unknown option (kind ${kind}, ${length} bytes)`;
}

/** The header lines of a message that starts in this segment. */
function httpFields(b: Uint8Array, payload: number, end: number): Field[] {
  if (payload >= end) return [];
  if (httpInfo(b, payload, end) === null) return [dataField(b, payload, end, 'TCP payload')];
  const lines: Field[] = [];
  let p = payload;
  while (p < end && lines.length < MAX_HEADER_LINES) {
    const to = lineEnd(b, p, end);
    const newline = b.subarray(0, end).indexOf(0x0a, to);
    const next = newline < 0 ? end : newline + 1;
    lines.push(field(to === p ? '\\r\\n' : printableAt(b, p, to), p, next));
    p = next;
    if (to === next - 2 && to === lines[lines.length - 1]!.from) break;
  }
  const fields = [field('Hypertext Transfer Protocol', payload, p, lines)];
  return p < end ? [...fields, dataField(b, p, end, 'File data')] : fields;
}
