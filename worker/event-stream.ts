/** Batches events onto a MessagePort: one message per turn of at most 16 ms, console bytes of the same guest joined, only the newest status. */
import type { LabEvent } from './api.ts';

const BATCH_MS = 16;

export class EventStream {
  readonly #port: MessagePort;
  #events: LabEvent[] = [];
  #pending: ReturnType<typeof setTimeout> | null = null;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  send(event: LabEvent): void {
    if (event.type === 'status' || event.type === 'progress') this.#replace(event);
    else this.#events.push(event);
    this.#pending ??= setTimeout(() => this.flush(), BATCH_MS);
  }

  /** Sends what waits at once. */
  flush(): void {
    if (this.#pending !== null) clearTimeout(this.#pending);
    this.#pending = null;
    if (this.#events.length === 0) return;
    const events = joinConsole(this.#events);
    this.#events = [];
    this.#port.postMessage(events);
  }

  close(): void {
    this.flush();
    this.#port.close();
  }

  #replace(event: LabEvent): void {
    const stale = this.#events.findIndex(
      (e) =>
        e.type === event.type &&
        (e.type !== 'progress' || event.type !== 'progress' || e.stage === event.stage),
    );
    if (stale >= 0) this.#events.splice(stale, 1);
    this.#events.push(event);
  }
}

/** Neighbouring console events of one guest become one. */
export function joinConsole(events: readonly LabEvent[]): LabEvent[] {
  const joined: LabEvent[] = [];
  for (const event of events) {
    const last = joined.at(-1);
    if (event.type === 'console' && last?.type === 'console' && last.guest === event.guest) {
      const bytes = new Uint8Array(last.bytes.length + event.bytes.length);
      bytes.set(last.bytes);
      bytes.set(event.bytes, last.bytes.length);
      joined[joined.length - 1] = { ...last, bytes };
    } else joined.push(event);
  }
  return joined;
}
