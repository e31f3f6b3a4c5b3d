/** ACKs that answer suspicious segments, within a budget. Follows RFC 5961 §3–§5 and §7 (throttling). */
import { SECOND, type Nanos } from '../../base/clock.ts';
import { FIN, SYN, type TcpView } from '../../wire/tcp.ts';
import type { Tcb } from './tcb.ts';

/** RFC 5961 §7: "no more than 10 in any 5 second window" is its example. */
const CHALLENGES = 10;
const CHALLENGE_WINDOW = 5 * SECOND;

function budget(t: Tcb, now: Nanos): boolean {
  if (now - t.challengeFrom >= CHALLENGE_WINDOW) {
    t.challengeFrom = now;
    t.challenges = 0;
  }
  return t.challenges++ < CHALLENGES;
}

/** "A challenge ACK": <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>. */
export function challenge(t: Tcb, now: Nanos): void {
  if (!budget(t, now)) return;
  t.counters.challengeAcks++;
  t.ackNow = true;
}

/**
 * Whether an unacceptable segment is answered: always when it carries data or a FIN (the peer waits for the ACK), else within
 * the budget, so that two endpoints that disagree do not answer each other for ever.
 */
export const mayAnswerBare = (t: Tcb, seg: TcpView, now: Nanos): boolean =>
  seg.payloadLength > 0 || (seg.flags & (SYN | FIN)) !== 0 || budget(t, now);
