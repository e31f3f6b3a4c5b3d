/** The link seam: one end of an Ethernet link. NIC, cable end, bridge port, tap, SLIRP's guest side and fault injectors are all this. */
import type { Frame } from './frame.ts';

/**
 * Frames are without FCS and borrowed until the call returns. Never blocks: a full queue drops and counts; a sender that
 * does not want to lose frames asks `ready()` first and waits for `onReady`.
 */
export interface Link {
  /** Sends a frame to the other side. */
  transmit(frame: Frame): void;
  /** Whether `transmit` would take a full-sized frame now. */
  ready(): boolean;
  /** Set by the user of this end: called when `ready()` turns true again. Never called from inside `transmit`. */
  onReady: () => void;
  /** Set by the user of this end: called for each frame that arrives. */
  onReceive: (frame: Frame) => void;
}

/** Counters every link keeps; names as in `ip -s link`. */
export interface LinkCounters {
  rxPackets: number;
  rxBytes: number;
  rxDropped: number;
  txPackets: number;
  txBytes: number;
  txDropped: number;
}

export function linkCounters(): LinkCounters {
  return { rxPackets: 0, rxBytes: 0, rxDropped: 0, txPackets: 0, txBytes: 0, txDropped: 0 };
}

export const ignoreFrame = (): void => undefined;
export const ignoreReady = (): void => undefined;
