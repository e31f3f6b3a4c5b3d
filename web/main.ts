/** The page's start: reads the link, builds what components share, mounts them. */
import { mount } from 'svelte';
import { defaultLab, findLab } from '../labs/index.ts';
import App from './App.svelte';
import { labAssets } from './assets.ts';
import { connect, hasWebAssembly } from './connect.ts';
import { parseLink } from './state/deep-link.ts';
import { openWorkbench, type Backend } from './state/workbench.ts';
import type { LabAssets } from '../worker/api.ts';
import type { FakeMode } from './dev/fake-session.ts';
import './style/fonts.css';
import './style/page.css';

async function backend(): Promise<Backend> {
  if (import.meta.env.DEV) {
    const fake = new URLSearchParams(location.search).get('fake');
    if (fake !== null) {
      const { fakeConnect } = await import('./dev/fake-session.ts');
      return {
        connect: () => fakeConnect((fake === '' ? 'plain' : fake) as FakeMode),
        assets: () => ({ ok: true, value: {} as LabAssets }),
        capable: fake !== 'nowasm',
      };
    }
  }
  return { connect, assets: labAssets, capable: hasWebAssembly() };
}

const opened = parseLink(location.hash, defaultLab.id);
const lab = findLab(opened.link.lab ?? defaultLab.id) ?? defaultLab;
const target = document.getElementById('app')!;
mount(App, { target, props: { workbench: openWorkbench(lab, opened, await backend()) } });
