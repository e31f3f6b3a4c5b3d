import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hex, hexBytes, latin1Bytes, put16be } from '../base/bytes.ts';
import { DNS_FRAME } from '../../test/contracts/golden-frames.ts';
import type { Dns } from './dns.ts';
import { CLASS_IN, RCODE_NXDOMAIN, TYPE_A, emitDns, encodeName, parseDns } from './dns.ts';

const AT = 42;
const HEADER = 12;
const ANSWER: Dns = {
  id: 0x4a01,
  response: true,
  opcode: 0,
  authoritative: true,
  truncated: false,
  recursionDesired: true,
  recursionAvailable: true,
  rcode: 0,
  questions: [{ name: 'server.lab.test', type: TYPE_A, class: CLASS_IN }],
  answers: [
    { name: 'server.lab.test', type: TYPE_A, class: CLASS_IN, ttl: 0, data: Uint8Array.of(10, 77, 0, 1) },
  ],
};

/** A query whose only name is these bytes, at offset 12. */
function query(name: Uint8Array): ReturnType<typeof parseDns> {
  const bytes = new Uint8Array(HEADER + name.length + 4);
  put16be(bytes, 4, 1);
  bytes.set(name, HEADER);
  return parseDns(bytes, 0, bytes.length);
}
const label = (length: number): number[] => [length, ...new Array<number>(length).fill(0x61)];

describe('a DNS message', () => {
  it('is read from a real answer', () => {
    expect(parseDns(DNS_FRAME, AT, DNS_FRAME.length)).toEqual(ANSWER);
  });

  it('is written as that answer, the owner name compressed', () => {
    expect(hex(emitDns(ANSWER))).toBe(hex(DNS_FRAME.subarray(AT)));
  });

  it('keeps every flag', () => {
    for (const flags of [{ response: false }, { authoritative: false }, { truncated: true }, { recursionDesired: false },
      { recursionAvailable: false }, { rcode: RCODE_NXDOMAIN }, { opcode: 5 }] as const) {
      const bytes = emitDns({ ...ANSWER, ...flags });
      expect(parseDns(bytes, 0, bytes.length)).toEqual({ ...ANSWER, ...flags });
    } // prettier-ignore
  });

  it('writes a name out in full when it is not that of the question', () => {
    const m = { ...ANSWER, answers: [{ ...ANSWER.answers[0]!, name: 'other.test' }] };
    const bytes = emitDns(m);
    expect(parseDns(bytes, 0, bytes.length)).toEqual(m);
  });

  it('has names in lower case, and the root as an empty one', () => {
    expect(query(latin1Bytes('\x05FiLeR\x03LAB\0'))).toMatchObject({ questions: [{ name: 'filer.lab' }] });
    expect(query(Uint8Array.of(0))).toMatchObject({ questions: [{ name: '' }] });
  });

  it('is truncated when a header, a question or data is cut off', () => {
    expect(parseDns(DNS_FRAME, AT, AT + 11)).toBe('truncated');
    for (let end = AT + HEADER; end < DNS_FRAME.length; end++)
      expect(['truncated', 'bad-name']).toContain(parseDns(DNS_FRAME, AT, end));
  });

  it('with pointers that lead forward, to themselves or round is refused', () => {
    expect(query(hexBytes('c00c'))).toBe('bad-name');
    expect(query(hexBytes('c0ff'))).toBe('bad-name');
    expect(query(hexBytes('0161c00c'))).toBe('bad-name');
    expect(query(hexBytes('c0'))).not.toBeInstanceOf(Object);
  });

  it('with a label of a reserved type is refused', () => {
    expect(query(hexBytes('4061'))).toBe('bad-name');
    expect(query(hexBytes('80'))).toBe('bad-name');
  });

  it('with a dot in a label is refused, so that every name read can be written', () => {
    expect(query(latin1Bytes('\x03a.b\0'))).toBe('bad-name');
    expect(query(latin1Bytes('\x01.\0'))).toBe('bad-name');
  });

  it('takes names of 255 bytes on the wire, not of 256 (RFC 1035 §2.3.4)', () => {
    const longest = [...label(63), ...label(63), ...label(63), ...label(61), 0];
    expect(longest.length).toBe(255);
    expect(query(Uint8Array.from(longest))).toMatchObject({ questions: [{ type: 0 }] });
    expect(query(Uint8Array.from([...label(63), ...label(63), ...label(63), ...label(62), 0]))).toBe(
      'bad-name',
    );
  });

  it('with more records than any server sends is refused', () => {
    const bytes = new Uint8Array(HEADER);
    put16be(bytes, 4, 17);
    expect(parseDns(bytes, 0, HEADER)).toBe('too-many-records');
    put16be(bytes, 4, 0);
    put16be(bytes, 6, 257);
    expect(parseDns(bytes, 0, HEADER)).toBe('too-many-records');
  });

  it('never has names that cannot be written, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (tail) => {
        const bytes = new Uint8Array(HEADER + tail.length);
        put16be(bytes, 4, 1);
        put16be(bytes, 6, 1);
        bytes.set(tail, HEADER);
        const m = parseDns(bytes, 0, bytes.length);
        if (typeof m !== 'string') expect(() => emitDns(m)).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a name', () => {
  it('is labels with their lengths', () => {
    expect(hex(encodeName('filer.lab')!)).toBe('0566696c6572036c616200');
    expect(hex(encodeName('')!)).toBe('00');
  });

  it('with an empty or too long label, or too long as a whole, cannot be encoded', () => {
    expect(encodeName('a..b')).toBeNull();
    expect(encodeName('.')).toBeNull();
    expect(encodeName('a'.repeat(64))).toBeNull();
    const label63 = 'a'.repeat(63);
    expect(encodeName(`${label63}.${label63}.${label63}.${'a'.repeat(61)}`)!.length).toBe(255);
    expect(encodeName(`${label63}.${label63}.${label63}.${'a'.repeat(62)}`)).toBeNull();
  });
});
