/** TCP sequence numbers: arithmetic modulo 2^32 (RFC 9293 §3.4). The only place that compares them. Not a total order: valid within 2^31. */
export type Seq = number;

export const seqAdd = (a: Seq, n: number): Seq => (a + n) >>> 0;
/** a - b as a signed distance. */
export const seqDiff = (a: Seq, b: Seq): number => (a - b) | 0;
export const seqLt = (a: Seq, b: Seq): boolean => ((a - b) | 0) < 0;
export const seqLeq = (a: Seq, b: Seq): boolean => ((a - b) | 0) <= 0;
export const seqGt = (a: Seq, b: Seq): boolean => ((a - b) | 0) > 0;
export const seqGeq = (a: Seq, b: Seq): boolean => ((a - b) | 0) >= 0;
/** start <= s < start + size */
export const seqInWindow = (s: Seq, start: Seq, size: number): boolean => (s - start) >>> 0 < size;
export const seqMax = (a: Seq, b: Seq): Seq => (seqGt(a, b) ? a : b);
