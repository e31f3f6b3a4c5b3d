/** Entry of the worker thread that hosts a world: lets the thread load TypeScript (as the main thread does), then runs the module named in `workerData.entry`. */
import { workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
await import(workerData.entry);
