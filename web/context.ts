/** What components share, by typed context and never by module state, so that tests can mount them with a fake machine. */
import { createContext } from 'svelte';
import type { Lab } from '../labs/schema.ts';
import type { Capture } from './state/capture.svelte.ts';
import type { Checks } from './state/checks.svelte.ts';
import type { Layout } from './state/layout.svelte.ts';
import type { Links } from './state/links.svelte.ts';
import type { Notices } from './state/notices.svelte.ts';
import type { Progress } from './state/progress.svelte.ts';
import type { Questions } from './state/questions.svelte.ts';
import type { Session } from './state/session.svelte.ts';
import type { Theme } from './state/theme.svelte.ts';

export interface Workbench {
  readonly lab: Lab;
  readonly session: Session;
  readonly capture: Capture;
  readonly checks: Checks;
  readonly progress: Progress;
  readonly layout: Layout;
  readonly theme: Theme;
  readonly notices: Notices;
  readonly questions: Questions;
  readonly links: Links;
}

export const [getWorkbench, setWorkbench] = createContext<Workbench>();
