/** Worker threads of the benchmark: a realm of its own for each thing measured, with the loader that the command line's world thread uses. */
import { Worker } from 'node:worker_threads';

const LOADER = new URL('../../emulator/cli/thread.mjs', import.meta.url);

/** Runs the module `entry` (a URL), which finds `data` in `workerData`, and answers the one message it posts. */
export function inThread<T>(entry: URL, data: object = {}, execArgv: readonly string[] = []): Promise<T> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(LOADER, {
      workerData: { entry: entry.href, ...data },
      execArgv: [...execArgv],
    });
    let answer: { readonly value: T } | null = null;
    thread.once('message', (value: T) => {
      answer = { value };
      // A thread under the profiler ends by itself, or there is no profile.
      if (execArgv.length === 0) void thread.terminate();
    });
    thread.once('error', reject);
    thread.once('exit', () => {
      if (answer === null) reject(new Error(`${entry.pathname} ended without a result`));
      else resolve(answer.value);
    });
  });
}
