/** A part under measurement, and its peer. */

export interface Measure {
  readonly what: string;
  /** Units that one `run` does. */
  readonly amount: number;
  run(): void | Promise<void>;
}

export interface Part extends Measure {
  readonly id: string;
  /** Per second, e.g. `Mbit/s`; of ours and of the peer's. */
  readonly unit: string;
  /** A naive twin, or the platform's own. */
  readonly peer: Measure;
  /** What the same work took in virtual time, after at least one `run`. */
  modelled?(): { readonly unit: string; readonly value: number };
}
