/** What every part of a world is made with. */
import type { Clock } from '../base/clock.ts';
import type { PacketIds } from '../base/frame.ts';
import type { Ledger } from '../base/ledger.ts';
import type { Xoshiro128 } from '../base/random.ts';
import type { TapPoint } from '../base/tap-point.ts';
import type { TapKey } from './plan.ts';

export interface WorldParts {
  readonly clock: Clock;
  /** Of the world; each part forks its own by name. */
  readonly random: Xoshiro128;
  readonly ids: PacketIds;
  readonly ledger: Ledger;
  readonly taps: Readonly<Record<TapKey, TapPoint>>;
}
