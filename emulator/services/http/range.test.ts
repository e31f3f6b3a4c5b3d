import { describe, expect, it } from 'vitest';
import { parseRange } from './range.ts';

describe('a byte range', () => {
  // The examples of RFC 9110 §14.1.2 for a representation of 10000 bytes.
  it.each([
    ['bytes=0-499', { from: 0, to: 500 }],
    ['bytes=500-999', { from: 500, to: 1000 }],
    ['bytes=-500', { from: 9500, to: 10_000 }],
    ['bytes=9500-', { from: 9500, to: 10_000 }],
  ])('%s is what the RFC says', (header, range) => {
    expect(parseRange(header, 10_000)).toEqual(range);
  });

  it('ends where the file ends', () => {
    expect(parseRange('bytes=9999-99999', 10_000)).toEqual({ from: 9999, to: 10_000 });
    expect(parseRange('bytes=-99999', 10_000)).toEqual({ from: 0, to: 10_000 });
  });

  it('beyond the file cannot be satisfied', () => {
    expect(parseRange('bytes=10000-', 10_000)).toBe('unsatisfiable');
    expect(parseRange('bytes=-0', 10_000)).toBe('unsatisfiable');
  });

  it('that is none, of another unit, backwards or several is ignored', () => {
    for (const header of ['bytes=-', 'bytes=', 'lines=0-1', 'bytes=5-4', 'bytes=0-1,3-4', 'bytes=a-b', `bytes=0-${'9'.repeat(400)}`])
      expect(parseRange(header, 10_000)).toBeNull(); // prettier-ignore
  });
});
