/** How numbers are written on the page: SI units, the virtual clock as hh:mm:ss.mmm. */
const two = (n: number): string => String(n).padStart(2, '0');

/** Virtual ns → `00:01:12.408`. */
export function clockText(ns: number): string {
  const ms = Math.floor(ns / 1e6);
  const seconds = Math.floor(ms / 1000);
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${String(ms % 1000).padStart(3, '0')}`;
}

/** Virtual ns → seconds with microseconds, as packet lists write it. */
export const secondsText = (ns: number): string => (ns / 1e9).toFixed(6);

export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(bytes < 1e4 ? 1 : 0)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A count that stays short: 1234, 12.3k, 4.5M. */
export function countText(count: number): string {
  if (count < 10_000) return String(count);
  if (count < 1e6) return `${(count / 1e3).toFixed(count < 1e5 ? 1 : 0)}k`;
  return `${(count / 1e6).toFixed(1)}M`;
}

export const speedText = (speed: number): string => `×${speed < 10 ? speed.toFixed(2) : speed.toFixed(0)}`;
