/** Boots a guest in a world thread and answers the snapshot file of its first prompt. */
import { Worker } from 'node:worker_threads';
import { loadImages, type LoadedImages } from './images.ts';
import type { SnapshotMessage } from './snapshot-thread.ts';

/** Rejects with one sentence. The same images give the same bytes. */
export function bootSnapshot(images: LoadedImages = loadImages()): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./thread.mjs', import.meta.url), {
      workerData: { entry: new URL('./snapshot-thread.ts', import.meta.url).href, images },
    });
    thread.once('message', (message: SnapshotMessage) => {
      if (message.ok) resolve(message.file);
      else reject(new Error(message.error));
      void thread.terminate();
    });
    thread.once('error', (error) => reject(error instanceof Error ? error : new Error(String(error))));
    thread.once('exit', () => reject(new Error('The world thread ended without a snapshot.')));
  });
}
