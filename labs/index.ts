/** All labs, in teaching order. */
import type { Lab } from './schema.ts';
import { twoPaths } from './two-paths/lab.ts';

export const labs: readonly Lab[] = [twoPaths];

export const defaultLab: Lab = twoPaths;

export const findLab = (id: string): Lab | undefined => labs.find((lab) => lab.id === id);
