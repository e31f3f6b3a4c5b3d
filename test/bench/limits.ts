/**
 * What the benchmark must keep, compared with the median of a figure. `reach`: a promise of the project. `floor`: about a
 * tenth of what an idle machine of two cores measures, so that only something that broke crosses it. A fifth was too much: at a
 * load of eight a single sample of `micro.kernels` came down to a seventh.
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
  'micro.nic.tx': 700,
  'micro.nic.rx': 80,
  'micro.kernels': 220,
  'micro.slirp': 100,
  'micro.capture': 230,
  'micro.sha256': 20,
  'micro.checksum': 180,
  'micro.crc32': 170,
};

export const LIMITS: readonly Limit[] = [
  { id: 'boot.prompt', kind: 'reach', atMost: 4000 },
  // Virtual time costs something; more than this and the scheduler has come to dominate.
  { id: 'boot.ratio', kind: 'floor', atMost: 2.5 },
  ...PATHS.flatMap((path): Limit[] => [
    { id: `ping.${path}.run`, kind: 'reach', atMost: 15_000 },
    { id: `ping.${path}.rtt`, kind: 'floor', atMost: 1 },
    { id: `bulk.${path}.download`, kind: 'floor', atLeast: 3 },
    { id: `bulk.${path}.again`, kind: 'floor', atLeast: 10 },
    { id: `bulk.${path}.upload`, kind: 'floor', atLeast: 7 },
    // No model carries more payload than its wire: 1448 bytes in 1538 on 100 Mbit/s.
    { id: `bulk.${path}.download.virtual`, kind: 'floor', atLeast: 50, atMost: 94.2 },
    { id: `bulk.${path}.again.virtual`, kind: 'floor', atLeast: 50, atMost: 94.2 },
    { id: `bulk.${path}.upload.virtual`, kind: 'floor', atLeast: 50, atMost: 94.2 },
  ]),
  ...Object.entries(MICRO_FLOORS).map(([id, atLeast]): Limit => ({ id, kind: 'floor', atLeast })),
];
