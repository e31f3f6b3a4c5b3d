/** Lets the worker thread read TypeScript, then enters it. */
import { register } from 'tsx/esm/api';

register();
await import('./scenario-worker.ts');
