/** The TCP engine over a grid of losses, delays and buffers, with reordering and doubles, across the wrap of the sequence numbers: every byte arrives. */
import { describe, expect, it } from 'vitest';
import { Xoshiro128 } from '../../emulator/base/random.ts';
import { LINUX_TCP, SLIRP_TCP, type TcpConfig } from '../../emulator/net/tcp/config.ts';
import { exchange, Pair, pattern, transfer, type PairOptions } from '../../emulator/net/tcp/testing/pair.ts';
import { scaled, shares } from './scale.ts';

const MIB = 2 ** 20;
const LOSSES = [0, 0.005, 0.02, 0.05, 0.1];
const DELAYS_MS = [0.05, 2, 20, 150];
const BUFFERS = [8_192, 65_535, 1_048_576];

interface Cell {
  readonly loss: number;
  readonly delay: number;
  readonly buffer: number;
  readonly seed: number;
}

const GRID: readonly Cell[] = LOSSES.flatMap((loss) =>
  DELAYS_MS.flatMap((ms) => BUFFERS.map((buffer) => ({ loss, delay: ms * 1e6, buffer }))),
).map((cell, i) => ({ ...cell, seed: 500 + i }));

/** Both ends' sequence numbers wrap within the first 100 kB. */
const wrapping = (seed: number): Pick<PairOptions, 'issA' | 'issB'> => {
  const random = new Xoshiro128(seed);
  return { issA: 2 ** 32 - 1 - random.below(100_000), issB: 2 ** 32 - 1 - random.below(100_000) };
};

const variants: readonly { readonly name: string; readonly config: Partial<TcpConfig> }[] = [
  { name: 'SACK', config: {} },
  { name: 'no SACK, CUBIC', config: { sack: false, congestion: 'cubic' } },
  { name: 'no options', config: { sack: false, timestamps: false, windowScaling: false } },
];

/** A connection that is not intact is told by where it first differs. */
function expectSame(got: Uint8Array, sent: Uint8Array): void {
  expect(got.length).toBe(sent.length);
  if (Buffer.compare(got, sent) === 0) return;
  throw new Error(`differs at byte ${got.findIndex((byte, i) => byte !== sent[i])} of ${sent.length}`);
}

/** What the wire carried never promises more than was sent, nor acknowledges it. */
function expectHonest(p: Pair): void {
  for (const [one, other] of [
    [p.a.info(), p.b.info()],
    [p.b.info(), p.a.info()],
  ] as const) {
    expect((one.sndNxt - other.rcvNxt) | 0).toBeGreaterThanOrEqual(0);
    expect((other.rcvNxt - one.sndUna) | 0).toBeGreaterThanOrEqual(0);
  }
}

describe.each(variants)('the TCP engine ($name)', ({ config }) => {
  const rounds = scaled(2);

  it.each(GRID)(
    'loss $loss, delay $delay ns, buffers $buffer (seed $seed)',
    ({ loss, delay, buffer, seed }) => {
      for (let round = 0; round < rounds; round++) {
        const side = {
          ...config,
          receiveBuffer: buffer,
          initialReceiveWindow: Math.min(buffer, LINUX_TCP.initialReceiveWindow),
          sendBuffer: buffer,
          initialSendBuffer: Math.min(buffer, LINUX_TCP.initialSendBuffer),
        };
        const chance = { loss, duplicate: loss / 2, reorder: 0.01 };
        const p = new Pair({
          seed: seed + 1000 * round,
          delay,
          a: side,
          b: side,
          ...chance,
          ...wrapping(seed),
        });
        p.connect();
        const data = pattern((1 + (seed % 5)) * MIB, seed + round);
        const from = seed % 2 === 0 ? 'a' : 'b';
        expectSame(transfer(p, from, data), data);
        expectHonest(p);
        expect((from === 'a' ? p.a : p.b).info().sndUna).toBeLessThan(8 * MIB);
      }
    },
  );
});

describe('the TCP engine as the NAT uses it', () => {
  it.each(shares(60, 20))('both ways at once through random trouble (seed $seed)', ({ seed, count }) => {
    for (let round = 0; round < count; round++) {
      const random = new Xoshiro128(seed * 7919 + round);
      const [slirp, linux] = seed % 2 ? [SLIRP_TCP, LINUX_TCP] : [LINUX_TCP, SLIRP_TCP];
      const p = new Pair({
        seed: seed * 7919 + round,
        delay: (1 + random.below(20_000)) * 1000,
        loss: random.below(50) / 1000,
        duplicate: random.below(50) / 1000,
        reorder: random.below(100) / 1000,
        a: slirp,
        b: linux,
        ...wrapping(seed),
      }).connect();
      expect(exchange(p, pattern(MIB, seed), pattern(MIB, seed + 1))).toBe(true);
      expectHonest(p);
    }
  });
});
