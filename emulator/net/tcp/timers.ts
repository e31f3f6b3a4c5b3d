/** What to do when a deadline has passed. Follows RFC 6298 §5, RFC 9293 §3.8.4 (keep-alive), §3.8.6.1 (persist), §3.6.1 (TIME-WAIT). */
import { SECOND, type Nanos } from '../../base/clock.ts';
import { timeoutLoss } from './loss.ts';
import { backOff } from './rto.ts';
import { closeTcb, EV_TIMEOUT, inFlight, type Tcb } from './tcb.ts';

/** As Linux's tcp_keepalive_intvl and tcp_keepalive_probes. */
const KEEPALIVE_INTERVAL = 75 * SECOND;
const KEEPALIVE_PROBES = 9;

export function deadline(t: Tcb): Nanos {
  return Math.min(t.rtxAt, t.persistAt, t.ackAt, t.endAt, t.keepAliveAt);
}

/** Runs everything that is due at `now`; what has to be sent comes out of `nextSegment`. */
export function timeout(t: Tcb, now: Nanos): void {
  t.now = now;
  if (now >= t.endAt) {
    closeTcb(t, 0);
    return;
  }
  if (now >= t.ackAt) {
    t.ackAt = Infinity;
    t.ackNow = true;
  }
  if (now >= t.rtxAt) retransmissionTimeout(t, now);
  if (now >= t.persistAt) persistTimeout(t);
  if (now >= t.keepAliveAt) keepAliveTimeout(t, now);
}

function retransmissionTimeout(t: Tcb, now: Nanos): void {
  t.rtxAt = Infinity;
  const opening = t.state === 'SYN-SENT' || t.state === 'SYN-RECEIVED';
  if (!opening && inFlight(t) === 0) return;
  if (t.rtxCount++ >= (opening ? t.config.synRetries : t.config.retries)) {
    closeTcb(t, EV_TIMEOUT);
    return;
  }
  backOff(t.rtt, t.config);
  t.rttAt = -1;
  if (opening) {
    t.synPending = true;
    t.counters.retransSegs++;
    // RFC 5681 §3.1: after a lost SYN or SYN/ACK the initial window is one segment.
    t.congestion.cwnd = t.sndMss;
  } else timeoutLoss(t);
  t.rtxAt = now + t.rtt.rto;
}

function persistTimeout(t: Tcb): void {
  t.persistAt = Infinity;
  // "MUST allow the connection to stay open" while probes are answered; unanswered ones end it.
  if (t.probeCount >= t.config.retries) closeTcb(t, EV_TIMEOUT);
  else t.probePending = true;
}

function keepAliveTimeout(t: Tcb, now: Nanos): void {
  const due = t.lastReceived + t.config.keepAliveNs;
  if (now < due) {
    t.keepAliveAt = due;
    return;
  }
  if (t.probeCount >= KEEPALIVE_PROBES) {
    closeTcb(t, EV_TIMEOUT);
    return;
  }
  t.probeCount++;
  t.keepAlivePending = true;
  t.keepAliveAt = now + KEEPALIVE_INTERVAL;
}
