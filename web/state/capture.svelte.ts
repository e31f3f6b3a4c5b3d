/**
 * The packet list's window onto the worker's capture. Only rows that can be seen are asked for; at most one request is under
 * way, and the last wish wins. Positions count rows that pass the filter; indices are places in the capture.
 */
import type { PacketDetail, PacketPage, PacketQuery, PacketRow, Result } from '../../worker/api.ts';
import type { Session } from './session.svelte.ts';

/** Rows asked for above and below what is visible. */
const MARGIN = 20;

export class Capture {
  query: PacketQuery = $state.raw({ iface: null, text: '' });
  total = $state(0);
  /** Rows held, from position `from`. */
  rows: readonly PacketRow[] = $state.raw([]);
  from = $state(0);
  /** The list shows the newest frames, and new ones as they come. */
  follow = $state(true);
  selected: number | null = $state(null);
  /** Position of the selected row under the current filter; null: it does not pass. */
  position: number | null = $state(null);
  detail: PacketDetail | null = $state.raw(null);
  /** The field or byte range under the pointer or focus, shown in tree and bytes alike. */
  range: { readonly from: number; readonly to: number } | null = $state.raw(null);

  readonly #session: Session;
  #epoch: number | null = null;
  #view = { from: 0, count: 50 };
  #busy = false;
  #again = false;

  constructor(session: Session) {
    this.#session = session;
  }

  rowAt(position: number): PacketRow | undefined {
    return this.rows[position - this.from];
  }

  /** The list shows `count` rows from position `from`. */
  show(from: number, count: number): void {
    this.#view = { from, count };
    const held = from >= this.from && Math.min(from + count, this.total) <= this.from + this.rows.length;
    if (!held) void this.refresh();
  }

  async refresh(): Promise<void> {
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    do {
      this.#again = false;
      await this.#fetch();
    } while (this.#again);
    this.#busy = false;
  }

  async setQuery(query: PacketQuery): Promise<void> {
    this.query = query;
    this.rows = [];
    this.from = 0;
    await this.refresh();
    this.position = this.selected === null ? null : await this.locate(this.selected);
  }

  /** Selects the row at a position (bounded to the list) and fetches its bytes. */
  async selectAt(position: number): Promise<void> {
    const at = Math.max(0, Math.min(this.total - 1, position));
    const row = this.rowAt(at) ?? (await this.#row(at));
    if (!row) return;
    this.position = at;
    await this.#open(row.index);
  }

  /** Selects a frame by its place in the capture, e.g. from a check or a link. False: it is not held. */
  async selectIndex(index: number): Promise<boolean> {
    let position = await this.locate(index);
    if (position === null && (this.query.iface !== null || this.query.text !== '')) {
      await this.setQuery({ iface: null, text: '' });
      position = await this.locate(index);
    }
    if (position === null) return false;
    this.follow = false;
    this.position = position;
    await this.#open(index);
    return true;
  }

  unselect(): void {
    this.selected = null;
    this.position = null;
    this.detail = null;
    this.range = null;
  }

  async clear(): Promise<void> {
    await this.#session.ask((api) => api.clearCapture());
    this.unselect();
    await this.refresh();
  }

  async pcapng(): Promise<Uint8Array | null> {
    return this.#session.ask((api) => api.pcapng(this.query));
  }

  /** Position of a frame under the current filter: indices grow with positions, so halving finds it. */
  async locate(index: number): Promise<number | null> {
    let low = 0;
    let high = this.total - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const row = this.rowAt(middle) ?? (await this.#row(middle));
      if (!row) return null;
      if (row.index === index) return middle;
      if (row.index < index) low = middle + 1;
      else high = middle - 1;
    }
    return null;
  }

  async #row(position: number): Promise<PacketRow | undefined> {
    const page = await this.#session.api?.packets(this.query, position, 1);
    return page?.ok ? page.value.rows[0] : undefined;
  }

  async #open(index: number): Promise<void> {
    this.selected = index;
    this.range = null;
    const detail = await this.#session.ask((api) => api.packet(index));
    if (this.selected === index) this.detail = detail;
  }

  async #fetch(): Promise<void> {
    const api = this.#session.api;
    if (!api) return;
    const { query, follow } = this;
    const { count } = this.#view;
    const ask = (first: number): Promise<Result<PacketPage> | null> =>
      api.packets(query, first, count + 2 * MARGIN).catch(() => null);
    const tail = (frames: number): number => Math.max(0, frames - count - MARGIN);
    let from = follow ? tail(this.total) : Math.max(0, this.#view.from - MARGIN);
    let page = await ask(from);
    if (follow && page?.ok && page.value.total > from + page.value.rows.length) {
      // Ahead of the tail: rows and total are shown together or not at all, so that following does not flicker.
      from = tail(page.value.total);
      page = await ask(from);
    }
    if (!page?.ok || query !== this.query) return;
    const { rows, total, epoch } = page.value;
    if (this.#epoch !== null && epoch !== this.#epoch) {
      this.unselect();
      this.follow = true;
    }
    this.#epoch = epoch;
    this.total = total;
    this.from = from;
    this.rows = rows;
  }
}
