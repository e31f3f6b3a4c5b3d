import { describe, expect, it } from 'vitest';
import type { PacketRow, Result } from '../../worker/api.ts';
import { Capture } from './capture.svelte.ts';
import type { Session } from './session.svelte.ts';

const row = (index: number): PacketRow => ({
  index,
  at: index,
  iface: index % 2,
  direction: 'in',
  packet: index,
  source: 'a',
  destination: 'b',
  protocol: 'P',
  length: 60,
  info: '',
});

/** A capture of `count` frames from index `first`, even ones at interface 0. Counts its requests. */
function backend(count: number, first = 0) {
  let epoch = 1;
  const asked: [number, number][] = [];
  let all = Array.from({ length: count }, (_, i) => row(first + i));
  const ok = <T>(value: T): Promise<Result<T>> => Promise.resolve({ ok: true, value });
  const api = {
    packets: (query: { iface: number | null }, from: number, n: number) => {
      asked.push([from, n]);
      const rows = query.iface === null ? all : all.filter((r) => r.iface === query.iface);
      return ok({ rows: rows.slice(from, from + n), total: rows.length, epoch });
    },
    packet: (index: number) => ok({ row: row(index), bytes: new Uint8Array(60), fields: [] }),
    clearCapture: () => {
      all = [];
      epoch++;
      return ok(null);
    },
  };
  const session = {
    api,
    ask: async (call: (a: typeof api) => Promise<Result<unknown>>) => {
      const result = await call(api);
      return result.ok ? result.value : null;
    },
  };
  return { capture: new Capture(session as unknown as Session), asked };
}

describe('the packet list’s window', () => {
  it('asks for what is visible and a margin, never for all', async () => {
    const { capture, asked } = backend(100_000);
    capture.follow = false;
    capture.show(50_000, 30);
    await capture.refresh();
    expect(capture.total).toBe(100_000);
    expect(capture.rowAt(50_010)?.index).toBe(50_010);
    expect(Math.max(...asked.map(([, n]) => n))).toBeLessThan(200);
  });

  it('does not ask again while the rows it holds cover the view', async () => {
    const { capture, asked } = backend(1000);
    capture.follow = false;
    capture.show(100, 30);
    await capture.refresh();
    const before = asked.length;
    capture.show(105, 30);
    expect(asked.length).toBe(before);
  });

  it('goes with the newest frames while it follows, and shows rows and total together', async () => {
    const { capture } = backend(100_000);
    capture.show(0, 30);
    await capture.refresh();
    expect(capture.total).toBe(100_000);
    expect(capture.rowAt(99_999)?.index).toBe(99_999);
    expect(capture.rowAt(99_970)?.index).toBe(99_970);
  });

  it('does not ask for ever at the end of a short list', async () => {
    const { capture, asked } = backend(5);
    capture.show(0, 40);
    await capture.refresh();
    const before = asked.length;
    capture.show(0, 40);
    expect(asked.length).toBe(before);
  });

  it('finds a frame by index when older ones are gone', async () => {
    const { capture } = backend(1000, 4000);
    await capture.refresh();
    expect(await capture.locate(4321)).toBe(321);
    expect(await capture.locate(12)).toBeNull();
    expect(await capture.locate(9999)).toBeNull();
  });

  it('keeps the selection through a filter that it passes', async () => {
    const { capture } = backend(100);
    await capture.refresh();
    await capture.selectAt(10);
    await capture.setQuery({ iface: 0, text: '' });
    expect(capture.selected).toBe(10);
    expect(capture.position).toBe(5);
    await capture.setQuery({ iface: 1, text: '' });
    expect(capture.position).toBeNull();
  });

  it('drops a filter that hides the frame a check points at', async () => {
    const { capture } = backend(100);
    await capture.setQuery({ iface: 1, text: '' });
    expect(await capture.selectIndex(10)).toBe(true);
    expect(capture.query.iface).toBeNull();
    expect(capture.position).toBe(10);
  });

  it('bounds the selection to the list', async () => {
    const { capture } = backend(10);
    await capture.refresh();
    await capture.selectAt(99);
    expect(capture.position).toBe(9);
    await capture.selectAt(-5);
    expect(capture.position).toBe(0);
  });

  it('forgets the selection when the capture is cleared', async () => {
    const { capture } = backend(10);
    await capture.refresh();
    await capture.selectAt(3);
    await capture.clear();
    expect(capture.selected).toBeNull();
    expect(capture.total).toBe(0);
  });
});
