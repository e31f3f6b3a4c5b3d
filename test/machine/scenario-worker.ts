/** Entry of the worker thread in which a scenario runs: a realm of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import { scenarios, type ScenarioInput, type ScenarioName } from './scenarios.ts';

const { name, input } = workerData as { name: ScenarioName; input: ScenarioInput };
scenarios[name](input).then(
  (result) => parentPort!.postMessage({ result }),
  (error: unknown) =>
    parentPort!.postMessage({ error: error instanceof Error ? error.stack : String(error) }),
);
