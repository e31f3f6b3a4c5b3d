/** Types, lint and format, one line each; exits 1 when any fails. */
import { steps, runSteps } from './harness/steps.ts';

const failed = await runSteps(steps);
process.exit(failed === 0 ? 0 : 1);
