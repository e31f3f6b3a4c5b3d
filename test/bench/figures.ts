/** A figure of the benchmark: its samples, and what kind of number it is, so that no figure mixes time that passed here with time that was simulated. */

/** `measured`: the wall clock of this machine. `modelled`: virtual time, the same in every run. `ratio`: ours over a peer's, both measured in this run. */
export type FigureKind = 'measured' | 'modelled' | 'ratio';

export interface Figure {
  /** Dotted, stable: limits and stored results name figures by it. */
  readonly id: string;
  readonly what: string;
  readonly kind: FigureKind;
  /** Empty for a ratio. */
  readonly unit: string;
  /** At least one. */
  readonly samples: readonly number[];
}

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function summarise(samples: readonly number[]): Summary {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle]!;
  const median = sorted.length % 2 === 1 ? upper : (sorted[middle - 1]! + upper) / 2;
  return { median, min: sorted[0]!, max: sorted[sorted.length - 1]! };
}

/** Megabits of payload per second. */
export const mbits = (bytes: number, ms: number): number => (bytes * 8) / 1000 / ms;

/** Sample by sample: the two were measured one after the other, under much the same load. */
export const ratios = (ours: readonly number[], peer: readonly number[]): number[] =>
  ours.map((value, i) => value / peer[i]!);
