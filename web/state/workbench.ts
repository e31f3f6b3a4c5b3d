/** Builds what the components of one page share. */
import type { Lab } from '../../labs/schema.ts';
import type { LabAssets, LabTopology, Result } from '../../worker/api.ts';
import type { LabConnection } from '../connect.ts';
import type { Workbench } from '../context.ts';
import { Capture } from './capture.svelte.ts';
import { Checks } from './checks.svelte.ts';
import type { ParsedLink } from './deep-link.ts';
import { Layout } from './layout.svelte.ts';
import { Links } from './links.svelte.ts';
import { Notices } from './notices.svelte.ts';
import { Progress } from './progress.svelte.ts';
import { Questions } from './questions.svelte.ts';
import { Session } from './session.svelte.ts';
import { Theme } from './theme.svelte.ts';

export interface Backend {
  readonly connect: () => LabConnection;
  readonly assets: () => Result<LabAssets>;
  /** False: there is no WebAssembly here. */
  readonly capable: boolean;
}

/** The lab's topology with what the link changes. */
function topologyFor(lab: Lab, { link }: ParsedLink): LabTopology {
  const wishes = {
    ...(link.path !== undefined && { path: link.path }),
    ...(link.mac !== undefined && { mac: link.mac }),
  };
  const guests = lab.topology.guests.map((g) => (g.id === lab.guest ? { ...g, ...wishes } : g));
  return { ...lab.topology, guests };
}

export function openWorkbench(lab: Lab, opened: ParsedLink, backend: Backend): Workbench {
  const notices = new Notices();
  const questions = new Questions();
  const layout = new Layout();
  const progress = new Progress(lab);
  const session = new Session(lab.guest, topologyFor(lab, opened), { ...backend, notices, questions });
  const capture = new Capture(session);
  const checks = new Checks(session, progress, notices);
  const links = new Links({ lab, session, capture, progress, layout, notices });
  links.follow(opened);
  return {
    lab,
    session,
    capture,
    checks,
    progress,
    layout,
    theme: new Theme(),
    notices,
    questions,
    links,
  };
}
