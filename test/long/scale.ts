/** How much the long runs do: `TAPLINE_LONG=10 npm run test:long` does ten times as much. */

const factor = Number(process.env['TAPLINE_LONG'] ?? '1');
if (!(factor > 0 && factor <= 1e6)) throw new Error('TAPLINE_LONG: must be a number above 0, at most 1e6');

/** A count for this run, at least 1. */
export const scaled = (count: number): number => Math.max(1, Math.round(count * factor));

/** `total` shared out among parts numbered from 1, with what each has to do. */
export const shares = (
  total: number,
  parts: number,
): readonly { readonly seed: number; readonly count: number }[] =>
  Array.from({ length: parts }, (_, i) => ({ seed: i + 1, count: Math.ceil(scaled(total) / parts) }));
