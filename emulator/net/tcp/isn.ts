/**
 * Initial sequence numbers: ISN = M + F(localip, localport, remoteip, remoteport, secretkey), RFC 6528 §3, with M a
 * 4 µs clock (RFC 9293 §3.4.1). F is SipHash-2-4's round function on 32-bit halves (HalfSipHash-2-4).
 */
import type { Nanos } from '../../base/clock.ts';
import type { TcpTuple } from './tcb.ts';

/** Four 32-bit words from the world's random numbers. */
export type HashSecret = readonly [number, number, number, number];

const rotl = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

/** A keyed 32-bit hash of a connection's addresses and ports. */
export function tupleHash(secret: HashSecret, t: TcpTuple, salt: number): number {
  let v0 = secret[0] | 0;
  let v1 = secret[1] | 0;
  let v2 = 0x6c796765 ^ secret[2];
  let v3 = 0x74656462 ^ secret[3];
  const round = (): void => {
    v0 = (v0 + v1) | 0;
    v1 = rotl(v1, 5) ^ v0;
    v0 = rotl(v0, 16);
    v2 = (v2 + v3) | 0;
    v3 = rotl(v3, 8) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = rotl(v3, 7) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = rotl(v1, 13) ^ v2;
    v2 = rotl(v2, 16);
  };
  for (const m of [t.localAddr, t.remoteAddr, (t.localPort << 16) | t.remotePort, salt]) {
    v3 ^= m;
    round();
    round();
    v0 ^= m;
  }
  v2 ^= 0xff;
  for (let i = 0; i < 4; i++) round();
  return (v1 ^ v3) >>> 0;
}

/** The initial sequence number of a connection opened at `now`. */
export function isn(secret: HashSecret, tuple: TcpTuple, now: Nanos): number {
  return (tupleHash(secret, tuple, 0) + (Math.floor(now / 4000) % 0x1_0000_0000)) >>> 0;
}
