/** Retransmission timeout. Follows RFC 6298 §2 and §5; clock granularity is nanoseconds, so G vanishes. */
import type { Nanos } from '../../base/clock.ts';
import type { TcpConfig } from './config.ts';

/** Plain state; `srtt` 0: no sample yet. */
export interface RtoState {
  srtt: Nanos;
  rttvar: Nanos;
  /** With the back-off. */
  rto: Nanos;
}

/** "R' has been measured": (2.2) for the first sample, (2.3) after. */
export function rttSample(s: RtoState, config: TcpConfig, r: Nanos): void {
  if (s.srtt === 0) {
    s.srtt = r;
    s.rttvar = r / 2;
  } else {
    s.rttvar = 0.75 * s.rttvar + 0.25 * Math.abs(s.srtt - r);
    s.srtt = 0.875 * s.srtt + 0.125 * r;
  }
  settleRto(s, config);
}

/** The timeout without back-off. As Linux, the floor is under the variance, so that RTO ≥ SRTT + minimum. */
export function settleRto(s: RtoState, config: TcpConfig): void {
  if (s.srtt === 0) s.rto = config.initialRtoNs;
  // Whole nanoseconds: deadlines become time stamps of frames.
  else s.rto = Math.ceil(Math.min(config.maxRtoNs, s.srtt + Math.max(config.minRtoNs, 4 * s.rttvar)));
}

/** (5.5) "The host MUST set RTO <- RTO * 2", bounded by (2.5). */
export function backOff(s: RtoState, config: TcpConfig): void {
  s.rto = Math.min(config.maxRtoNs, s.rto * 2);
}
