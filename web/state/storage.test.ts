import { afterEach, describe, expect, it, vi } from 'vitest';
import { Layout } from './layout.svelte.ts';
import { readStored, writeStored } from './storage.ts';

const isNumber = (value: unknown): value is number => typeof value === 'number';

function stubStorage(items: Record<string, string>): void {
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => items[key] ?? null,
    setItem: (key: string, value: string) => (items[key] = value),
  });
}

afterEach(() => vi.unstubAllGlobals());

describe('what is remembered', () => {
  it('falls back when storage is denied', () => {
    const denied = (): never => {
      throw new DOMException('denied', 'SecurityError');
    };
    vi.stubGlobal('localStorage', { getItem: denied, setItem: denied });
    expect(readStored('x', 7, isNumber)).toBe(7);
    expect(() => writeStored('x', 8)).not.toThrow();
  });

  it('falls back on nonsense', () => {
    stubStorage({ broken: '{', other: '"text"' });
    expect(readStored('broken', 7, isNumber)).toBe(7);
    expect(readStored('other', 7, isNumber)).toBe(7);
  });

  it('brings the layout back, bounded', () => {
    stubStorage({});
    const layout = new Layout();
    layout.setShare('lesson', 0.99);
    layout.toggleCollapsed('dock');
    const again = new Layout();
    expect(again.shares.lesson).toBe(0.85);
    expect(again.collapsed.dock).toBe(true);
  });

  it('ignores a layout of another shape', () => {
    stubStorage({ 'tapline.layout': '{"shares":{"lesson":12}}' });
    expect(new Layout().shares.lesson).toBeLessThan(1);
  });

  it('shows a panel that was hidden or covered', () => {
    stubStorage({});
    const layout = new Layout();
    layout.toggleCollapsed('dock');
    layout.maximised = 'terminal';
    layout.reveal('packets');
    expect(layout.collapsed.dock).toBe(false);
    expect(layout.maximised).toBeNull();
    expect(layout.tab).toBe('packets');
  });
});
