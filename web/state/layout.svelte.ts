/** Where the dividers stand, what is hidden or maximised. Remembered; sizes are shares of the room there is (0 to 1). */
import { readStored, writeStored } from './storage.ts';

export type PanelId = 'lesson' | 'network' | 'terminal' | 'packets';
export const PANELS: readonly PanelId[] = ['lesson', 'network', 'terminal', 'packets'];

/** The tabs of the narrow page. */
export type TabId = 'lesson' | 'machine' | 'packets';

/** A divider's share is that of what lies before it; collapsing hides the lesson, the network, the packets (`dock`), the detail, the bytes. */
export type DividerId = 'lesson' | 'network' | 'dock' | 'detail' | 'bytes';

interface Sizes {
  readonly shares: Record<DividerId, number>;
  readonly collapsed: Record<DividerId, boolean>;
}

const KEY = 'tapline.layout';
const DEFAULTS: Sizes = {
  shares: { lesson: 0.28, network: 0.39, dock: 0.48, detail: 0.5, bytes: 0.52 },
  collapsed: { lesson: false, network: false, dock: false, detail: false, bytes: false },
};

function isSizes(value: unknown): value is Sizes {
  const sizes = value as Partial<Sizes> | null;
  return (
    typeof sizes === 'object' &&
    sizes !== null &&
    Object.keys(DEFAULTS.shares).every((id) => {
      const share = sizes.shares?.[id as DividerId];
      return typeof share === 'number' && share > 0 && share < 1;
    }) &&
    Object.keys(DEFAULTS.collapsed).every((id) => typeof sizes.collapsed?.[id as DividerId] === 'boolean')
  );
}

export class Layout {
  readonly shares: Record<DividerId, number>;
  readonly collapsed: Record<DividerId, boolean>;
  maximised: PanelId | null = $state(null);
  tab: TabId = $state('lesson');
  narrow = $state(false);

  constructor() {
    const stored = readStored<Sizes>(KEY, DEFAULTS, isSizes);
    this.shares = $state({ ...stored.shares });
    this.collapsed = $state({ ...stored.collapsed });
  }

  /** Follows the width at which the page becomes one column; returns the function that stops it. */
  watch(): () => void {
    const query = matchMedia('(max-width: 899px)');
    const update = (): void => {
      this.narrow = query.matches;
    };
    update();
    query.addEventListener('change', update);
    return () => query.removeEventListener('change', update);
  }

  setShare(id: DividerId, share: number): void {
    this.shares[id] = Math.min(0.85, Math.max(0.15, share));
    this.collapsed[id] = false;
    this.#remember();
  }

  toggleCollapsed(id: DividerId): void {
    this.collapsed[id] = !this.collapsed[id];
    this.#remember();
  }

  toggleMaximised(panel: PanelId): void {
    this.maximised = this.maximised === panel ? null : panel;
  }

  /** Makes sure that a panel can be seen. */
  reveal(panel: PanelId): void {
    if (this.maximised !== null && this.maximised !== panel) this.maximised = null;
    const divider = panel === 'packets' ? 'dock' : panel === 'terminal' ? null : panel;
    if (divider && this.collapsed[divider]) this.toggleCollapsed(divider);
    this.tab = panel === 'lesson' ? 'lesson' : panel === 'packets' ? 'packets' : 'machine';
  }

  reset(): void {
    Object.assign(this.shares, DEFAULTS.shares);
    Object.assign(this.collapsed, DEFAULTS.collapsed);
    this.maximised = null;
    this.#remember();
  }

  #remember(): void {
    writeStored(KEY, { shares: { ...this.shares }, collapsed: { ...this.collapsed } });
  }
}
