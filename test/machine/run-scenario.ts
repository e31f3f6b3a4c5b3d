/** Runs a scenario in a worker thread and answers its result. */
import { Worker } from 'node:worker_threads';
import { loadGuestImage, loadWasm } from './guest-image.ts';
import type { SavedGuest, ScenarioInput, ScenarioName, scenarios } from './scenarios.ts';

type Result<N extends ScenarioName> = Awaited<ReturnType<(typeof scenarios)[N]>>;

export function runScenario<N extends ScenarioName>(
  name: N,
  saved: SavedGuest | null = null,
): Promise<Result<N>> {
  const input: ScenarioInput = { image: loadGuestImage(), wasm: loadWasm(), saved };
  // Node 20 does not read TypeScript, and `--import` does not reach a worker's entry.
  const worker = new Worker(new URL('./scenario-worker.mjs', import.meta.url), {
    workerData: { name, input },
  });
  return new Promise<Result<N>>((resolve, reject) => {
    worker.once('message', (message: { result: Result<N>; error?: string }) => {
      if (message.error === undefined) resolve(message.result);
      else reject(new Error(message.error));
    });
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(new Error(`the worker ended with code ${code} and without a result`)),
    );
  }).finally(() => void worker.terminate());
}
