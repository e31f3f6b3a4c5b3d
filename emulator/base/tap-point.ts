/** The capture seam: where frames can be watched. */
import type { Nanos } from './clock.ts';
import type { Frame } from './frame.ts';

/** `in`: received by the interface; `out`: sent by it. As in pcapng's epb_flags. */
export type Direction = 'in' | 'out';

/** A named interface of the capture. */
export interface TapInterface {
  /** Index in the capture, as in pcapng. */
  readonly id: number;
  /** Short name, e.g. `vm1.eth0`, `alpha.tap0`, `filer.eth0`. */
  readonly name: string;
  readonly description: string;
}

export interface TapPoint {
  readonly iface: TapInterface;
  /** Copies the frame (it is borrowed) with its virtual time. Costs one branch when nobody captures. */
  capture(frame: Frame, direction: Direction, at: Nanos): void;
}

export interface CapturedFrame {
  readonly at: Nanos;
  readonly iface: number;
  readonly direction: Direction;
  readonly packet: number;
  /** Owned by the capture. Never longer than the snap length. */
  readonly bytes: Uint8Array;
  /** Length on the wire. */
  readonly length: number;
}
