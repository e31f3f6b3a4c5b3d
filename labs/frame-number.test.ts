import { describe, expect, it } from 'vitest';
import { frameIndex, frameNumber } from './frame-number.ts';

describe('frame numbers', () => {
  it('count from 1 and lead back to the index', () => {
    expect(frameNumber(0)).toBe(1);
    expect(frameIndex(frameNumber(41))).toBe(41);
  });
});
