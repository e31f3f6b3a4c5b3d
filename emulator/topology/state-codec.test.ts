import { describe, expect, it } from 'vitest';
import { latin1Bytes, put32le } from '../base/bytes.ts';
import { Xoshiro128 } from '../base/random.ts';
import { decodeState, encodeState } from './state-codec.ts';

const state = {
  numbers: [0, -0, 1.5, Infinity, -Infinity, NaN, 2 ** 53],
  texts: ['', 'caf\u00e9', '\u20ac "quoted"\n', '\ud83d\ude00'],
  nothing: null,
  yes: true,
  bytes: Uint8Array.of(1, 2, 3),
  words: Uint16Array.of(0xabcd),
  signed: Int32Array.of(-5),
  floats: Float64Array.of(Math.PI),
  flows: new Map<unknown, unknown>([
    ['a:1', { at: 5, data: new Uint8Array(9) }],
    [7, [Uint32Array.of(1, 0xffff_ffff)]],
  ]),
};

describe('the state codec', () => {
  it('gives back what it was given', () => {
    const bytes = encodeState(state);
    expect(decodeState(bytes)).toEqual({ state });
    expect(decodeState(Buffer.from(bytes))).toEqual({ state });
  });

  it('does not encode what it could not give back', () => {
    for (const value of [new Set(), new Date(0), 1n, () => 0, { $: 1 }, new Float32Array(1)])
      expect(() => encodeState({ value })).toThrow(TypeError);
  });

  it('answers null to what it did not make, and allocates no more than it was given', () => {
    const made = (text: string, blob = 8): Uint8Array => {
      const json = latin1Bytes(text);
      const bytes = new Uint8Array(4 + json.length + blob);
      put32le(bytes, 0, json.length);
      bytes.set(json, 4);
      return bytes;
    };
    expect(decodeState(made('{"a":{"$":["u8",0,8]}}'))).toEqual({ state: { a: new Uint8Array(8) } });
    for (const text of [
      '{',
      '{"a":{"$":["u8",0,9]}}',
      '{"a":{"$":["u8",-1,4]}}',
      '{"a":{"$":["u16",0,3]}}',
      '{"a":{"$":["u8",0,1e9]}}',
      '{"a":{"$":["u8",0.5,1]}}',
      '{"a":{"$":["constructor",0,1]}}',
      '{"a":{"$":["map",[1]]}}',
      '[{"$":["u8",0,8]},{"$":["u8",0,8]}]',
      '['.repeat(100) + ']'.repeat(100),
    ])
      expect(decodeState(made(text)), text).toBeNull();
    expect(decodeState(new Uint8Array(3))).toBeNull();
    expect(decodeState(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0))).toBeNull();
  });

  it('never throws on damaged bytes', () => {
    const good = encodeState(state);
    const random = new Xoshiro128(9);
    for (let i = 0; i < 2_000; i++) {
      const bytes = good.slice(0, random.below(good.length + 1));
      for (let n = random.below(4); n > 0 && bytes.length > 0; n--)
        bytes[random.below(bytes.length)] = random.u32();
      expect(() => decodeState(bytes)).not.toThrow();
    }
  });
});
