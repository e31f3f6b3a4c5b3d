/** The timing table of lab 1, read from the commands that ran. All times are virtual. */
import type { Evidence, PathKind } from '../../worker/api.ts';
import { commandsLike, median, pingTimes } from '../evidence.ts';
import type { LabTable } from '../schema.ts';

export const PING = /^\s*ping\b.*\b192\.168\.76\.2\b/;
export const DOWNLOAD = /^\s*wget\b.*\b192\.168\.76\.2\/5M\.bin\b/;
/** Replies a ping needs before its median counts. */
export const PINGS_WANTED = 10;

export const PATH_NAMES: Readonly<Record<PathKind, string>> = {
  nat: 'NAT',
  bridge: 'Bridge',
  native: 'Native',
};
export const ALL_PATHS: readonly PathKind[] = ['nat', 'bridge', 'native'];

export interface PathTiming {
  readonly path: PathKind;
  /** Round-trip times in ms of the last ping with enough replies. */
  readonly pings: readonly number[] | null;
  /** Virtual seconds from the command to the next prompt. */
  readonly download: number | null;
}

export function pathTimings(evidence: Evidence): PathTiming[] {
  return ALL_PATHS.map((path) => {
    const pings = commandsLike(evidence, PING, path)
      .map((c) => pingTimes(c.output))
      .filter((times) => times.length >= PINGS_WANTED);
    const downloads = commandsLike(evidence, DOWNLOAD, path).filter((c) => c.exitCode === 0);
    const last = downloads.at(-1);
    return {
      path,
      pings: pings.at(-1) ?? null,
      download: last ? (last.endedAt - last.startedAt) / 1e9 : null,
    };
  });
}

/** The path whose download took longest; `none` when all are within 5 % of each other; null while one is missing. */
export function slowestDownload(timings: readonly PathTiming[]): PathKind | 'none' | null {
  const times = timings.map((t) => t.download);
  if (times.some((t) => t === null)) return null;
  const known = timings.map((t) => ({ path: t.path, seconds: t.download! }));
  const longest = known.reduce((a, b) => (b.seconds > a.seconds ? b : a));
  const shortest = known.reduce((a, b) => (b.seconds < a.seconds ? b : a));
  return longest.seconds <= shortest.seconds * 1.05 ? 'none' : longest.path;
}

export function timingTable(evidence: Evidence): LabTable {
  return {
    caption: 'Your timings on the virtual clock; the download is one sample',
    columns: [
      { label: 'Path' },
      { label: 'Ping: median, range, n', numeric: true },
      { label: '5 MB', numeric: true },
    ],
    rows: pathTimings(evidence).map(({ path, pings, download }) => ({
      path,
      cells: [
        PATH_NAMES[path],
        pings
          ? {
              text: `${median(pings).toFixed(3)} ms`,
              notes: [
                `${Math.min(...pings).toFixed(3)}–${Math.max(...pings).toFixed(3)} ms`,
                `n = ${pings.length}`,
              ],
            }
          : '–',
        download === null ? '–' : `${download.toFixed(3)} s`,
      ],
    })),
  };
}
