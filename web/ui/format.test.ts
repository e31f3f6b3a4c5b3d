import { describe, expect, it } from 'vitest';
import { bytesText, clockText, countText, secondsText } from './format.ts';

describe('numbers on the page', () => {
  it('write virtual time as a clock with milliseconds', () => {
    expect(clockText(72_408_900_000)).toBe('00:01:12.408');
    expect(clockText(0)).toBe('00:00:00.000');
    expect(clockText(100 * 3600 * 1e9)).toBe('100:00:00.000');
  });

  it('write packet times to the microsecond', () => {
    expect(secondsText(1_000_001_000)).toBe('1.000001');
  });

  it('write bytes with SI units', () => {
    expect([999, 1500, 131_072, 3_340_000].map(bytesText)).toEqual(['999 B', '1.5 kB', '131 kB', '3.3 MB']);
  });

  it('keep counts short', () => {
    expect([0, 9999, 12_345, 999_499, 4_500_000].map(countText)).toEqual([
      '0',
      '9999',
      '12.3k',
      '999k',
      '4.5M',
    ]);
  });
});
