/** The parts one by one, in a thread of their own; each beside a naive twin or what the platform offers for the same. */
import type { Figure } from './figures.ts';
import { inThread } from './threads.ts';

const THREAD = new URL('./micro-thread.ts', import.meta.url);

export const benchMicro = (runs: number): Promise<Figure[]> => inThread<Figure[]>(THREAD, { runs });
