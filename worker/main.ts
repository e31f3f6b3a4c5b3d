/** Entry of the Web Worker: one realm, one world. The realm's clocks are patched before anything imports v86. */
import { expose } from 'comlink';
import type { LabApi } from './api.ts';
import { Session } from './session.ts';

expose(new Session() satisfies LabApi);
