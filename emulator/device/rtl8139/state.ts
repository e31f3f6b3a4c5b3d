/** The chip's saved state: plain data that survives structured cloning. Change `version` with any change of meaning. */
import type { TimerState } from '../../base/clock.ts';
import type { RegisterFileState } from '../register-file.ts';
import type { ConfigurationState } from './configuration.ts';
import type { Rtl8139Counters } from './counters.ts';
import type { InterruptsState } from './interrupts.ts';
import type { MiiState } from './mii.ts';
import type { ReceiverState } from './receive.ts';
import type { GeneralTimerState } from './timer.ts';
import type { TransmitterState } from './transmit.ts';

export interface Rtl8139State {
  readonly version: 1;
  readonly registers: RegisterFileState;
  readonly configuration: ConfigurationState;
  readonly mii: MiiState;
  readonly interrupts: InterruptsState;
  readonly timer: GeneralTimerState;
  readonly transmit: TransmitterState;
  readonly receive: ReceiverState;
  readonly drain: TimerState;
  readonly counters: Rtl8139Counters;
}
