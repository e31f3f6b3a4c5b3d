/** The table, the comparison with the limits, and the file. */
import { arch, cpus, loadavg, totalmem } from 'node:os';
import { summarise, type Figure, type FigureKind } from './figures.ts';
import type { Limit } from './limits.ts';

const LABEL: Readonly<Record<FigureKind, string>> = {
  measured: 'measured',
  modelled: 'MODELLED',
  ratio: 'ratio',
};

const digits = (value: number): string => {
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
};

const load = (): string =>
  loadavg()
    .map((value) => value.toFixed(2))
    .join(' ');

/** What it ran on; the load, because a figure of a busy machine says little. */
export function machineLine(): string {
  const all = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(1);
  return `${all.length} × ${all[0]?.model.trim() ?? arch()}, ${memory} GiB, Node ${process.version}, load ${load()}`;
}

/** One line each: kind, what, unit, median, extremes. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ kind, what, unit, samples }) => {
    const { median, min, max } = summarise(samples);
    const spread = samples.length > 1 ? `${digits(min)} … ${digits(max)} (${samples.length})` : '';
    return `${LABEL[kind].padEnd(9)} ${what.padEnd(38)} ${digits(median).padStart(8)} ${unit.padEnd(8)} ${spread}`;
  });
  return rows.map((row) => row.trimEnd()).join('\n');
}

export const sectionTitle = (name: string): string => `\n${name} (load ${load()})`;

/** One line for each limit whose figure was measured; `missed` counts the broken ones. */
export function compare(
  figures: readonly Figure[],
  limits: readonly Limit[],
): { readonly text: string; readonly missed: number } {
  let missed = 0;
  const lines: string[] = [];
  for (const { id, kind, atLeast, atMost } of limits) {
    const figure = figures.find((f) => f.id === id);
    if (figure === undefined) continue;
    const { median } = summarise(figure.samples);
    const kept = median >= (atLeast ?? -Infinity) && median <= (atMost ?? Infinity);
    if (!kept) missed++;
    const wanted = [
      ...(atLeast === undefined ? [] : [`≥ ${digits(atLeast)}`]),
      ...(atMost === undefined ? [] : [`≤ ${digits(atMost)}`]),
    ];
    lines.push(
      `${kept ? '✓' : '✗'} ${kind} ${id}: ${digits(median)} ${figure.unit} (${wanted.join(', ')})`.replace(
        '  ',
        ' ',
      ),
    );
  }
  return { text: lines.join('\n'), missed };
}

/** What `--json` writes. */
export function results(figures: readonly Figure[], startedAt: Date, machine: string): object {
  return {
    startedAt: startedAt.toISOString(),
    machine,
    figures: figures.map((figure) => ({ ...figure, ...summarise(figure.samples) })),
  };
}
