/** Performs a script in a world thread and answers what came of it. */
import { Worker } from 'node:worker_threads';
import type { LabTopology } from '../topology/topology.ts';
import { loadImages, type LoadedImages } from './images.ts';
import type { LabAction, LabOutcome, LabScript, ThreadMessage } from './lab-script.ts';

/** Rejects with one sentence when the lab itself failed (not when a command of the guest did). */
export function runLab(
  topology: LabTopology,
  actions: readonly LabAction[],
  images: LoadedImages = loadImages(),
  snapshot: Uint8Array | null = null,
): Promise<LabOutcome> {
  const script: LabScript = { topology, actions, images, snapshot };
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./thread.mjs', import.meta.url), {
      workerData: { entry: new URL('./world-thread.ts', import.meta.url).href, script },
    });
    thread.once('message', (message: ThreadMessage) => {
      if (message.ok) resolve(message.outcome);
      else reject(new Error(message.error));
      void thread.terminate();
    });
    thread.once('error', (error) => reject(error instanceof Error ? error : new Error(String(error))));
    thread.once('exit', () => reject(new Error('The world thread ended without a result.')));
  });
}
