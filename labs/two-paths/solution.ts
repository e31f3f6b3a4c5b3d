/** A scripted student for lab 1. Whoever plays it waits for the prompt and the lease after each action. */
import type { LabAction } from '../schema.ts';
import { pathTimings, slowestDownload } from './timing.ts';

const ping3: LabAction = { do: 'run', command: 'ping -c 3 192.168.76.2' };
const ping10: LabAction = { do: 'run', command: 'ping -c 10 192.168.76.2' };
const download: LabAction = { do: 'run', command: 'wget -O /dev/null http://192.168.76.2/5M.bin' };

export const solution: readonly LabAction[] = [
  ping3,
  { do: 'answer', step: 'filer', value: '00:14:22:0a:00:10' },
  ping10,
  download,
  { do: 'path', path: 'bridge' },
  ping3,
  { do: 'answer', step: 'platform', value: 'QEMU/KVM' },
  { do: 'mac', mac: '00:0c:29:12:34:56' },
  ping3,
  ping10,
  download,
  { do: 'path', path: 'native' },
  ping10,
  download,
  { do: 'answer', step: 'timing', value: (evidence) => slowestDownload(pathTimings(evidence)) ?? 'none' },
];
