/**
 * The ledger seam: what happened to a packet, stage by stage, and what it cost.
 * Stage ids are those of the stage table (`s.i4`, `t.2`, `h.s6`, …), so that counts, the cost graph and the journey view agree.
 */
import type { PacketId } from './frame.ts';

/** Kinds of counted work. */
export type WorkKind =
  | 'copies'
  | 'copiedBytes'
  | 'summedBytes'
  | 'crcBytes'
  | 'allocations'
  | 'syscalls'
  | 'exits'
  | 'interrupts'
  | 'wakeups'
  | 'walked'
  | 'registerReads'
  | 'registerWrites'
  | 'dmaBytes';

export type Fate = 'passed' | 'queued' | 'dropped' | 'padded' | 'fragmented' | 'ended' | 'born';

/** Part of a byte stream carried by a packet, which links the packets on both sides of a NAT. */
export interface StreamRange {
  readonly flow: number;
  readonly direction: 'out' | 'in';
  readonly from: number;
  readonly to: number;
}

export interface Ledger {
  /** False: nothing is recorded; hot paths may skip their bookkeeping with one branch. */
  readonly enabled: boolean;
  enter(stage: string, packet: PacketId): void;
  leave(fate: Fate): void;
  count(kind: WorkKind, amount: number): void;
  /** The packet being handled carries these bytes of a stream. */
  carries(range: StreamRange): void;
}

export const NULL_LEDGER: Ledger = {
  enabled: false,
  enter: () => undefined,
  leave: () => undefined,
  count: () => undefined,
  carries: () => undefined,
};
