/** What the two SYNs agree on. Follows RFC 9293 §3.7.1 (MSS), RFC 7323 §2.2 and §3.2, RFC 2018 §2. */
import type { Nanos } from '../../base/clock.ts';
import type { TcpOptions } from '../../wire/tcp.ts';
import { tsClock, type Tcb } from './tcb.ts';

const TIMESTAMP_OPTION = 12;
/** "If an MSS option is not received at connection setup, TCP implementations MUST assume a default send MSS of 536". */
const DEFAULT_MSS = 536;
/** A peer's smaller MSS would make segments that are nearly all header (as Linux's tcp_min_snd_mss). */
const LEAST_MSS = 48;

/** Acts on the options of the peer's SYN or SYN-ACK. */
export function negotiate(t: Tcb, o: TcpOptions): void {
  const c = t.config;
  t.peerMss = c.honourPeerMss ? Math.max(LEAST_MSS, o.mss ?? DEFAULT_MSS) : c.mss;
  t.wscaleOn = c.windowScaling && o.windowScale !== null;
  t.sndWscale = t.wscaleOn ? o.windowScale! : 0;
  if (!t.wscaleOn) t.rcvWscale = 0;
  t.timestampsOn = c.timestamps && o.timestamps !== null;
  if (t.timestampsOn && o.timestamps !== null) t.tsRecent = o.timestamps.value;
  t.sackOn = c.sack && o.sackPermitted;
  settleMss(t, c.mss);
  // RFC 5681 §3.1: "If the SYN or SYN/ACK is lost, the initial window [...] MUST be one segment".
  t.congestion.cwnd = (t.rtxCount > 0 ? 1 : c.initialWindow) * t.sndMss;
}

/** Recomputes SND.MSS; `limit` is our own or the path's. */
export function settleMss(t: Tcb, limit: number): void {
  t.sndMss = Math.max(
    LEAST_MSS - TIMESTAMP_OPTION,
    Math.min(limit, t.peerMss) - (t.timestampsOn ? TIMESTAMP_OPTION : 0),
  );
}

/** The options of our SYN, or of our SYN-ACK (only what the peer offered). */
export function synOptions(t: Tcb, now: Nanos): TcpOptions {
  const c = t.config;
  const reply = t.state === 'SYN-RECEIVED';
  const timestamps = reply ? t.timestampsOn : c.timestamps;
  return {
    mss: c.mss,
    windowScale: (reply ? t.wscaleOn : c.windowScaling) ? t.rcvWscale : null,
    sackPermitted: reply ? t.sackOn : c.sack,
    timestamps: timestamps ? { value: tsClock(t, now), echo: reply ? t.tsRecent : 0 } : null,
    sack: [],
  };
}
