/**
 * Congestion control behind a small interface; the loss detection around it (fast retransmit, SACK recovery, timeouts)
 * is in loss.ts. NewReno: RFC 5681 §3.1, with byte counting (RFC 3465, L = 2).
 */
import type { Nanos } from '../../base/clock.ts';

/** Bytes; plain data. The cubic fields are unused by NewReno. */
export interface CongestionState {
  cwnd: number;
  ssthresh: number;
  /** Bytes acknowledged since cwnd last grew in congestion avoidance. */
  counted: number;
  /** CUBIC: window before the last reduction, start of the epoch (0: none), Reno's estimate, seconds to reach wMax. */
  wMax: number;
  epochAt: Nanos;
  wEst: number;
  k: number;
}

export interface CongestionControl {
  /** New data was acknowledged outside fast recovery while the window was the limit. */
  acked(s: CongestionState, bytes: number, mss: number, now: Nanos, srtt: Nanos): void;
  /** Congestion was seen with `flight` bytes outstanding: sets ssthresh (the caller sets cwnd). */
  reduce(s: CongestionState, flight: number, mss: number): void;
}

export function congestionState(cwnd: number): CongestionState {
  return { cwnd, ssthresh: Number.MAX_SAFE_INTEGER, counted: 0, wMax: 0, epochAt: 0, wEst: 0, k: 0 };
}

function slowStart(s: CongestionState, bytes: number, mss: number): void {
  s.cwnd += Math.min(bytes, 2 * mss);
}

export const NEWRENO: CongestionControl = {
  acked(s, bytes, mss) {
    if (s.cwnd < s.ssthresh) {
      slowStart(s, bytes, mss);
      return;
    }
    s.counted += bytes;
    if (s.counted < s.cwnd) return;
    s.counted -= s.cwnd;
    s.cwnd += mss;
  },
  reduce(s, flight, mss) {
    s.ssthresh = Math.max(Math.floor(flight / 2), 2 * mss);
    s.counted = 0;
  },
};

/** RFC 9438 §4.1: C in segments per second³, β. */
const C = 0.4;
const BETA = 0.7;

/** CUBIC, RFC 9438 with fast convergence (§4.7); HyStart and spurious-congestion undo are left out. */
export const CUBIC: CongestionControl = {
  acked(s, bytes, mss, now, srtt) {
    if (s.cwnd < s.ssthresh) {
      slowStart(s, bytes, mss);
      return;
    }
    if (s.epochAt === 0) {
      s.epochAt = now;
      if (s.wMax < s.cwnd) s.wMax = s.cwnd;
      s.k = Math.cbrt((s.wMax - s.cwnd) / mss / C);
      s.wEst = s.cwnd;
    }
    const t = (now + srtt - s.epochAt) / 1e9 - s.k;
    const target = Math.min(1.5 * s.cwnd, Math.max(s.cwnd, s.wMax + C * t * t * t * mss));
    const alpha = s.wEst >= s.wMax ? 1 : (3 * (1 - BETA)) / (1 + BETA);
    s.wEst += alpha * mss * (bytes / s.cwnd);
    s.cwnd = Math.floor(Math.max(s.cwnd + ((target - s.cwnd) / s.cwnd) * bytes, s.wEst));
  },
  reduce(s, flight, mss) {
    s.wMax = s.cwnd < s.wMax ? (s.cwnd * (1 + BETA)) / 2 : s.cwnd;
    s.ssthresh = Math.max(Math.floor(Math.min(s.cwnd, flight) * BETA), 2 * mss);
    s.epochAt = 0;
  },
};

export const congestionControl = (name: 'newreno' | 'cubic'): CongestionControl =>
  name === 'cubic' ? CUBIC : NEWRENO;
