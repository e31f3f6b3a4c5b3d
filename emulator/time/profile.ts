/**
 * Cost profiles: what each stage of a packet's way costs in virtual time, as plain data. Every number names its source; none is tuned to
 * reach a wanted result. With the profile `none` only executed instructions take time.
 */
import type { Nanos } from '../base/clock.ts';

export interface StageCost {
  /** Per run of the stage. */
  readonly ns: Nanos;
  /** Per byte handled. */
  readonly nsPerByte: number;
  /** Where the number is from: a publication or a measurement that can be repeated. */
  readonly source: string;
}

export interface CostProfile {
  readonly name: string;
  readonly description: string;
  /** Virtual time of one guest instruction. */
  readonly instructionNs: number;
  /** By stage id of the stage table; a stage that is not listed costs nothing. */
  readonly stages: Readonly<Record<string, StageCost>>;
}

/** 1 ns for each guest instruction by convention, nothing for anything else. */
export const PROFILE_NONE: CostProfile = {
  name: 'none',
  description: 'One nanosecond for each guest instruction; devices, host and network stack cost nothing.',
  instructionNs: 1,
  stages: {},
};

/** What one run of `stage` over `bytes` bytes costs. */
export function stageCost(profile: CostProfile, stage: string, bytes = 0): Nanos {
  const cost = profile.stages[stage];
  return cost === undefined ? 0 : cost.ns + cost.nsPerByte * bytes;
}
