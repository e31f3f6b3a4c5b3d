/**
 * Remarks on TCP segments: lost, repeated, out of order, window and keep-alive, as chapter 7.5 "TCP Analysis" of Wireshark's user's
 * guide defines them. Leaves out: what depends on the round-trip time of the handshake (a fixed 3 ms instead), MPTCP.
 */
import type { Nanos } from '../base/clock.ts';
import { MILLISECOND } from '../base/clock.ts';
import { seqAdd, seqGt, seqLeq, seqLt } from '../wire/seq.ts';
import { ACK_FLAG, FIN, RST, SYN } from '../wire/tcp.ts';

/** How late a segment may come and still count as out of order rather than sent again. */
const REORDERING: Nanos = 3 * MILLISECOND;
/** How soon after the duplicate acknowledgements a repeated segment counts as a fast retransmission. */
const FAST: Nanos = 20 * MILLISECOND;

/** Remarks are bits; a duplicate acknowledgement's words are made by the reader of its count. */
export const PORTS_REUSED = 1;
export const DUPLICATE_ACK = 2;
const WINDOW_UPDATE = 4;
const ZERO_WINDOW = 8;
const ZERO_WINDOW_PROBE = 16;
const WINDOW_FULL = 32;
const LOST_SEGMENT = 64;
const UNSEEN_ACKED = 128;
const KEEP_ALIVE = 256;
const KEEP_ALIVE_ACK = 512;
const OUT_OF_ORDER = 1024;
const FAST_RETRANSMISSION = 2048;
const SPURIOUS_RETRANSMISSION = 4096;
const RETRANSMISSION = 8192;
const ZERO_WINDOW_PROBE_ACK = 16_384;

/** In the order in which the Info column shows them. */
export const REMARK_WORDS: readonly (readonly [number, string])[] = [
  [SPURIOUS_RETRANSMISSION, 'TCP Spurious Retransmission'],
  [RETRANSMISSION, 'TCP Retransmission'],
  [FAST_RETRANSMISSION, 'TCP Fast Retransmission'],
  [OUT_OF_ORDER, 'TCP Out-Of-Order'],
  [PORTS_REUSED, 'TCP Port numbers reused'],
  [ZERO_WINDOW_PROBE, 'TCP ZeroWindowProbe'],
  [ZERO_WINDOW_PROBE_ACK, 'TCP ZeroWindowProbeAck'],
  [ZERO_WINDOW, 'TCP ZeroWindow'],
  [DUPLICATE_ACK, 'TCP Dup ACK'],
  [KEEP_ALIVE_ACK, 'TCP Keep-Alive ACK'],
  [KEEP_ALIVE, 'TCP Keep-Alive'],
  [UNSEEN_ACKED, 'TCP ACKed unseen segment'],
  [LOST_SEGMENT, 'TCP Previous segment not captured'],
  [WINDOW_UPDATE, 'TCP Window Update'],
  [WINDOW_FULL, 'TCP Window Full'],
];

/** One direction of a stream. */
export interface Half {
  /** Sequence number that is shown as 0; `known` once a segment told it. */
  base: number;
  known: boolean;
  /** Shift of the window scale option; -1: none was seen. */
  scale: number;
  seen: boolean;
  /** Behind the highest byte sent, and when that was sent. */
  nextSeq: number;
  nextSeqAt: Nanos;
  /** Behind the highest byte that the capture has seen without a hole before it. */
  whole: number;
  /** Of the last segment. */
  ack: number;
  ackAt: Nanos;
  /** As sent; -1 before the first segment. */
  window: number;
  /** Repeats of `ack`, and the index of the segment that they repeat. */
  dupAcks: number;
  dupOf: number;
  /** The last segment was a keep-alive; a probe of a closed window. */
  keepAlive: boolean;
  probe: boolean;
}

export const newHalf = (): Half => ({
  base: 0,
  known: false,
  scale: -1,
  seen: false,
  nextSeq: 0,
  nextSeqAt: 0,
  whole: 0,
  ack: 0,
  ackAt: -1,
  window: -1,
  dupAcks: 0,
  dupOf: -1,
  keepAlive: false,
  probe: false,
});

export interface Segment {
  /** Place in the capture. */
  readonly index: number;
  readonly at: Nanos;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  /** As sent. */
  readonly window: number;
  /** Data bytes. */
  readonly length: number;
  /** Whether it carries SACK blocks. */
  readonly sack: boolean;
}

/** The remarks on the next segment of `own`, whose state it then takes in. `windowShift` is that of the peer's windows. */
export function analyse(own: Half, peer: Half, s: Segment, windowShift: number): number {
  const { flags, seq, length } = s;
  const control = (flags & (SYN | FIN | RST)) !== 0;
  const span = length + (flags & (SYN | FIN) ? 1 : 0);
  let remarks = !control && s.window === 0 ? ZERO_WINDOW : 0;
  if (own.seen) {
    const keepAlive = !control && length <= 1 && seq === seqAdd(own.nextSeq, -1);
    if (keepAlive) remarks |= KEEP_ALIVE;
    else if (!control && length === 1 && peer.window === 0 && seq === own.nextSeq)
      remarks |= ZERO_WINDOW_PROBE;
    else if (span > 0 && seqLt(seq, own.nextSeq)) remarks |= again(own, peer, s, span);
    if (seqGt(seq, own.nextSeq) && !(flags & RST)) remarks |= LOST_SEGMENT;
    own.keepAlive = keepAlive;
    own.probe = (remarks & ZERO_WINDOW_PROBE) !== 0;
  }
  if (length > 0 && !control && peer.window > 0 && !(remarks & KEEP_ALIVE)) {
    const edge = seqAdd(peer.ack, peer.window * 2 ** windowShift);
    if (seqAdd(seq, length) === edge) remarks |= WINDOW_FULL;
  }
  if (flags & ACK_FLAG) {
    if (peer.seen && seqGt(s.ack, peer.whole)) {
      remarks |= UNSEEN_ACKED;
      peer.whole = peer.nextSeq;
    }
    remarks |= acknowledgement(own, peer, s, control);
  }
  advance(own, s, span, remarks);
  return remarks;
}

/** Data, a SYN or a FIN whose number was sent before: sent again, or late. */
function again(own: Half, peer: Half, { seq, at }: Segment, span: number): number {
  const end = seqAdd(seq, span);
  if (peer.seen && peer.ackAt >= 0 && !seqGt(end, peer.ack)) return SPURIOUS_RETRANSMISSION;
  if (peer.dupAcks >= 2 && peer.ack === seq && at - peer.ackAt < FAST) return FAST_RETRANSMISSION;
  return at - own.nextSeqAt < REORDERING && end !== own.nextSeq ? OUT_OF_ORDER : RETRANSMISSION;
}

/** A bare segment that acknowledges nothing new: duplicate, window update, or answer to a keep-alive. */
function acknowledgement(own: Half, peer: Half, s: Segment, control: boolean): number {
  const repeats =
    own.seen && own.ackAt >= 0 && s.length === 0 && !control && s.ack === own.ack && s.seq === own.nextSeq;
  if (repeats && s.window > 0) {
    if (peer.keepAlive && s.window === own.window) return KEEP_ALIVE_ACK;
    if (s.window !== own.window && !s.sack) return WINDOW_UPDATE;
    own.dupAcks++;
    return DUPLICATE_ACK;
  }
  if (repeats && peer.probe && own.window === 0) return ZERO_WINDOW_PROBE_ACK;
  if (s.ack !== own.ack || own.ackAt < 0 || s.length > 0) {
    own.dupAcks = 0;
    own.dupOf = s.index;
  }
  return 0;
}

function advance(own: Half, s: Segment, span: number, remarks: number): void {
  const next = seqAdd(s.seq, span);
  // A probe of a closed window is not taken, so it comes again.
  if (!own.seen || (seqGt(next, own.nextSeq) && !(remarks & ZERO_WINDOW_PROBE))) {
    own.nextSeq = next;
    own.nextSeqAt = s.at;
  }
  if (!own.seen || seqLeq(s.seq, own.whole)) own.whole = own.nextSeq;
  own.seen = true;
  own.window = s.window;
  if (!(s.flags & ACK_FLAG)) return;
  own.ack = s.ack;
  own.ackAt = s.at;
}
