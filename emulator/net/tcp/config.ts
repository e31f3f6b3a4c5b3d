/**
 * What one TCP endpoint can be told to do. One engine serves the simulated kernels and the NAT's guest side; they differ
 * only in this record.
 */
import { MILLISECOND, SECOND, type Nanos } from '../../base/clock.ts';

/** All times are nanoseconds of virtual time, all sizes bytes unless they say otherwise. */
export interface TcpConfig {
  /** Largest segment payload: announced to the peer and never exceeded (options are taken off it, RFC 6691). */
  readonly mss: number;
  /** False: the peer's MSS option is not believed, as in libslirp. */
  readonly honourPeerMss: boolean;
  /** Cap of the receive buffer, from which the window scale follows. */
  readonly receiveBuffer: number;
  /** Window offered at first; it grows with the reader's speed up to `receiveBuffer`. */
  readonly initialReceiveWindow: number;
  /** Cap of the send buffer. */
  readonly sendBuffer: number;
  /** Room for writing at first; it grows with the congestion window up to `sendBuffer`. */
  readonly initialSendBuffer: number;
  readonly windowScaling: boolean;
  readonly timestamps: boolean;
  readonly sack: boolean;
  /** Segments (RFC 6928: 10). */
  readonly initialWindow: number;
  readonly congestion: 'newreno' | 'cubic';
  readonly nagle: boolean;
  /** 2: an ACK at every second full segment, else delayed; 1: each in-order segment is acknowledged at once. */
  readonly ackEvery: number;
  readonly ackDelayNs: Nanos;
  readonly initialRtoNs: Nanos;
  readonly minRtoNs: Nanos;
  readonly maxRtoNs: Nanos;
  readonly persistMinNs: Nanos;
  readonly persistMaxNs: Nanos;
  /** 2·MSL. */
  readonly timeWaitNs: Nanos;
  /** How long FIN-WAIT-2 lasts once nobody reads any more (after `close`). */
  readonly finWait2Ns: Nanos;
  /** Retransmissions of a SYN or SYN-ACK before giving up. */
  readonly synRetries: number;
  /** Retransmissions of anything else before giving up. */
  readonly retries: number;
  /** Idle time before the first keep-alive probe; 0: off. */
  readonly keepAliveNs: Nanos;
}

/** A Linux 6.1 host with default sysctls and 4 GB of memory or more (SYN window 64240, scale 7). */
export const LINUX_TCP: TcpConfig = {
  mss: 1460,
  honourPeerMss: true,
  receiveBuffer: 6 * 1024 * 1024,
  initialReceiveWindow: 64240,
  sendBuffer: 4 * 1024 * 1024,
  initialSendBuffer: 87040,
  windowScaling: true,
  timestamps: true,
  sack: true,
  initialWindow: 10,
  congestion: 'newreno',
  nagle: true,
  ackEvery: 2,
  ackDelayNs: 40 * MILLISECOND,
  initialRtoNs: SECOND,
  minRtoNs: 200 * MILLISECOND,
  maxRtoNs: 120 * SECOND,
  persistMinNs: 200 * MILLISECOND,
  persistMaxNs: 120 * SECOND,
  timeWaitNs: 60 * SECOND,
  finWait2Ns: 60 * SECOND,
  synRetries: 6,
  retries: 15,
  keepAliveNs: 0,
};

/** The NAT's guest side, profile `lab`: MSS is the only option, one segment at first, every segment acknowledged. */
export const SLIRP_TCP: TcpConfig = {
  mss: 1460,
  honourPeerMss: true,
  receiveBuffer: 131072,
  initialReceiveWindow: 131072,
  sendBuffer: 131072,
  initialSendBuffer: 131072,
  windowScaling: false,
  timestamps: false,
  sack: false,
  initialWindow: 1,
  congestion: 'newreno',
  nagle: false,
  ackEvery: 1,
  ackDelayNs: 40 * MILLISECOND,
  initialRtoNs: SECOND,
  minRtoNs: 200 * MILLISECOND,
  maxRtoNs: 12 * SECOND,
  persistMinNs: 200 * MILLISECOND,
  persistMaxNs: 60 * SECOND,
  timeWaitNs: 10 * SECOND,
  finWait2Ns: 60 * SECOND,
  synRetries: 5,
  retries: 12,
  keepAliveNs: 0,
};
