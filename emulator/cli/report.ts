/** What `tapline run --json` prints. */
import type { PathKind } from '../topology/topology.ts';

export interface CommandReport {
  readonly command: string;
  /** What the command printed, with line feeds only. */
  readonly output: string;
  readonly exitCode: number;
  /** Virtual time from the return key to the next prompt. */
  readonly virtualMs: number;
}

/** Frames and bytes at one tap point; `in` as received by that interface. */
export interface TapReport {
  readonly framesIn: number;
  readonly framesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface RunReport {
  readonly path: PathKind;
  readonly mac: string;
  readonly seed: number;
  readonly commands: readonly CommandReport[];
  /** By tap point. */
  readonly counters: Readonly<Record<string, TapReport>>;
  /** Frames in the capture of all tap points. */
  readonly frames: number;
  readonly pcapng: { readonly sha256: string; readonly bytes: number; readonly file: string | null };
  /** Virtual time from power-on to the end. */
  readonly virtualMs: number;
  /** Measured here: wall time of the boot to the first prompt, and of the whole run. Not part of the simulation. */
  readonly wallMs: { readonly boot: number; readonly total: number };
}
