/** What a scripted run does, and what comes of it: plain data, so that it crosses threads. */
import type { LabTopology, PathKind } from '../topology/topology.ts';
import type { LoadedImages } from './images.ts';
import type { TapReport } from './report.ts';

export type LabAction =
  | { readonly do: 'exec'; readonly command: string }
  | { readonly do: 'path'; readonly path: PathKind }
  | { readonly do: 'mac'; readonly mac: string }
  /** Waits until the guest has a lease on its present path. */
  | { readonly do: 'lease' }
  | { readonly do: 'sleep'; readonly ms: number };

export interface LabScript {
  readonly topology: LabTopology;
  readonly actions: readonly LabAction[];
  readonly images: LoadedImages;
  /** A snapshot file to start from; without one the guest boots. One that cannot be used is reported, and the guest boots. */
  readonly snapshot?: Uint8Array | null;
}

export type ActionOutcome =
  | {
      readonly did: 'exec';
      readonly command: string;
      readonly output: string;
      readonly exitCode: number;
      readonly virtualMs: number;
      readonly wallMs: number;
    }
  | { readonly did: 'path' | 'mac' | 'sleep' }
  | { readonly did: 'lease'; readonly address: string };

export interface LabOutcome {
  readonly outcomes: readonly ActionOutcome[];
  readonly pcapng: Uint8Array;
  readonly frames: number;
  readonly counters: Readonly<Record<string, TapReport>>;
  readonly console: string;
  /** Why the guest booted though there was a snapshot; null when it did not, or there was none. */
  readonly coldStart: string | null;
  readonly instructions: number;
  readonly virtualMs: number;
  readonly wallMs: { readonly boot: number; readonly total: number };
}

export type ThreadMessage =
  { readonly ok: true; readonly outcome: LabOutcome } | { readonly ok: false; readonly error: string };
