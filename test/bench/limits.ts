/**
 * What the benchmark must keep, compared with the median of a figure. `reach`: a promise of the project. `floor`: far from what is
 * measured on an idle machine (a fifth or so), so that only something that broke crosses it, not a busy neighbour.
 */
import { PATHS } from '../../emulator/topology/topology.ts';

export interface Limit {
  /** Of the figure. */
  readonly id: string;
  readonly kind: 'reach' | 'floor';
  readonly atLeast?: number;
  readonly atMost?: number;
}

const MICRO_FLOORS: Readonly<Record<string, number>> = {
  'micro.nic.tx': 1000,
  'micro.nic.rx': 150,
  'micro.kernels': 400,
  'micro.slirp': 200,
  'micro.capture': 400,
  'micro.sha256': 40,
  'micro.checksum': 350,
  'micro.crc32': 300,
};

export const LIMITS: readonly Limit[] = [
  { id: 'boot.prompt', kind: 'reach', atMost: 4000 },
  // Virtual time costs something; more than this and the scheduler has come to dominate.
  { id: 'boot.ratio', kind: 'floor', atMost: 2.5 },
  ...PATHS.flatMap((path): Limit[] => [
    { id: `ping.${path}.run`, kind: 'reach', atMost: 15_000 },
    { id: `ping.${path}.rtt`, kind: 'floor', atMost: 1 },
    { id: `bulk.${path}.download`, kind: 'floor', atLeast: 5 },
    { id: `bulk.${path}.again`, kind: 'floor', atLeast: 15 },
    { id: `bulk.${path}.upload`, kind: 'floor', atLeast: 10 },
    // No model carries more payload than its wire: 1448 bytes in 1538 on 100 Mbit/s.
    { id: `bulk.${path}.download.virtual`, kind: 'floor', atLeast: 50, atMost: 94.2 },
    { id: `bulk.${path}.again.virtual`, kind: 'floor', atLeast: 50, atMost: 94.2 },
    { id: `bulk.${path}.upload.virtual`, kind: 'floor', atLeast: 50, atMost: 94.2 },
  ]),
  ...Object.entries(MICRO_FLOORS).map(([id, atLeast]): Limit => ({ id, kind: 'floor', atLeast })),
];
