/** Measures all parts and posts their figures. */
import { parentPort, workerData } from 'node:worker_threads';
import { ratios, type Figure } from './figures.ts';
import { captureParts } from './micro/capture.ts';
import { digestParts } from './micro/digest.ts';
import { nicParts } from './micro/nic.ts';
import type { Measure, Part } from './micro/part.ts';
import { streamParts } from './micro/stream.ts';

/** A sample repeats the work for at least this long. */
const SAMPLE_MS = 400;
/** A quarter of a second left the first sample of the kernels a third below the others. */
const WARM_UP_MS = 1000;

const { runs } = workerData as { runs: number };

/** Units per second over at least `ms` of wall time. */
async function sample({ amount, run }: Measure, ms: number): Promise<number> {
  const started = performance.now();
  for (let rounds = 1; ; rounds++) {
    await run();
    const elapsed = performance.now() - started;
    if (elapsed >= ms) return (rounds * amount * 1000) / elapsed;
  }
}

async function measure(part: Part): Promise<Figure[]> {
  const ours: number[] = [];
  const peers: number[] = [];
  await sample(part, WARM_UP_MS);
  await sample(part.peer, WARM_UP_MS);
  for (let i = 0; i < runs; i++) {
    ours.push(await sample(part, SAMPLE_MS));
    peers.push(await sample(part.peer, SAMPLE_MS));
  }
  const id = `micro.${part.id}`;
  const { what, unit, peer } = part;
  const figures: Figure[] = [
    { id, what, kind: 'measured', unit, samples: ours },
    { id: `${id}.peer`, what: `  ${peer.what}`, kind: 'measured', unit, samples: peers },
    { id: `${id}.ratio`, what: '  ours / that', kind: 'ratio', unit: '', samples: ratios(ours, peers) },
  ];
  if (part.modelled !== undefined) {
    const { unit: modelledUnit, value } = part.modelled();
    figures.push({
      id: `${id}.virtual`,
      what: '  in the model',
      kind: 'modelled',
      unit: modelledUnit,
      samples: [value],
    });
  }
  return figures;
}

const figures: Figure[] = [];
for (const part of [...nicParts(), ...streamParts(), ...captureParts(), ...digestParts()])
  figures.push(...(await measure(part)));
parentPort?.postMessage(figures);
