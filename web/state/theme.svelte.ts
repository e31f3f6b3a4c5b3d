/** Light or dark: follows the system until the reader chooses. */
import { readStored, writeStored } from './storage.ts';

export type ThemeChoice = 'system' | 'light' | 'dark';

const KEY = 'tapline.theme';
const isChoice = (value: unknown): value is ThemeChoice =>
  value === 'system' || value === 'light' || value === 'dark';

export class Theme {
  choice: ThemeChoice = $state(readStored<ThemeChoice>(KEY, 'system', isChoice));
  #systemDark = $state(false);
  readonly dark = $derived(this.choice === 'system' ? this.#systemDark : this.choice === 'dark');

  /** Follows the system's setting; returns the function that stops it. */
  watch(): () => void {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const update = (): void => {
      this.#systemDark = query.matches;
    };
    update();
    query.addEventListener('change', update);
    return () => query.removeEventListener('change', update);
  }

  toggle(): void {
    this.choice = this.dark ? 'light' : 'dark';
    writeStored(KEY, this.choice);
  }
}
