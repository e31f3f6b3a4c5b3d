/** Keys that work anywhere: F6 goes round the panels, single keys act on the page unless something is being typed. */
import type { Layout, PanelId } from '../state/layout.svelte.ts';
import { PANELS } from '../state/layout.svelte.ts';

export interface ShortcutPorts {
  readonly layout: Layout;
  readonly singleKeys: () => boolean;
  readonly onKeys: () => void;
}

/** Where the focus goes in each panel. */
const ENTRY: Readonly<Record<PanelId, string>> = {
  lesson: '[aria-expanded=true]',
  network: 'input[type=radio]:checked, [role=button]',
  terminal: '.xterm-helper-textarea',
  packets: '[role=grid], select',
};

const panelOf = (element: Element | null): PanelId | null =>
  (element?.closest<HTMLElement>('[data-panel]')?.dataset['panel'] as PanelId | undefined) ?? null;

/** After the next drawing: the panel may have to appear first. */
function focusSoon(selector: string): void {
  const focus = (): void => document.querySelector<HTMLElement>(selector)?.focus();
  // At once, so that what is typed next arrives there; again when a panel that was hidden has been drawn.
  focus();
  if (!document.activeElement?.matches(selector)) requestAnimationFrame(focus);
}

/** Moves the focus to the next (or previous) panel. */
export function cyclePanels(layout: Layout, forward: boolean): void {
  const from = panelOf(document.activeElement);
  const at = from === null ? (forward ? -1 : 0) : PANELS.indexOf(from);
  const panel = PANELS[(at + (forward ? 1 : -1) + PANELS.length) % PANELS.length]!;
  layout.reveal(panel);
  focusSoon(`[data-panel=${panel}] :is(${ENTRY[panel]})`);
}

export function handleKey(event: KeyboardEvent, { layout, singleKeys, onKeys }: ShortcutPorts): void {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === 'F6') {
    event.preventDefault();
    return cyclePanels(layout, !event.shiftKey);
  }
  const target = event.target as HTMLElement;
  if (!singleKeys() || target.closest('input, textarea, select, dialog, .xterm')) return;
  const actions: Record<string, () => void> = {
    '?': onKeys,
    '/': () => {
      layout.reveal('packets');
      focusSoon('[data-filter]');
    },
    m: () => {
      const panel = panelOf(target);
      if (panel) layout.toggleMaximised(panel);
    },
    l: () => layout.toggleCollapsed('lesson'),
  };
  const act = actions[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}
