import { describe, expect, it } from 'vitest';
import { EPOCH_MS } from '../../base/epoch.ts';
import { httpDate } from './date.ts';

describe('an HTTP date', () => {
  it('of the lab starts on its first day', () => {
    expect(httpDate(EPOCH_MS)).toBe('Mon, 13 May 2013 00:00:00 GMT');
  });

  it('is the example of RFC 9110 at the second of the example', () => {
    expect(httpDate(784_111_777_999)).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
  });

  it('agrees with the platform on every day of a century', () => {
    for (let day = 0; day < 36_600; day++) {
      const ms = day * 86_400_000 + 86_399_000;
      expect(httpDate(ms)).toBe(new Date(ms).toUTCString());
    }
  });
});
