/**
 * The page's end of the worker: starts it, wraps its API, and notices when it is gone or silent.
 * One place disposes: `dispose()` closes port, proxy and worker.
 */
import * as Comlink from 'comlink';
import type { ApiError, LabApi, LabAssets, LabEvent, LabInfo, LabTopology, Result } from '../worker/api.ts';

/** A running session, real or fake. Everything but `open` is the worker's API as it is. */
export interface LabConnection {
  readonly api: Omit<LabApi, 'open'>;
  open(topology: LabTopology, assets: LabAssets): Promise<Result<LabInfo>>;
  /** Batches of events, in order. */
  onEvents: (events: readonly LabEvent[]) => void;
  /** The session is gone (`machine-failed`) and will not come back. */
  onLost: (error: ApiError) => void;
  /** True: it has not answered for a while; false: it answers again. */
  onSilent: (silent: boolean) => void;
  dispose(): void;
}

/** How often the worker is asked for a sign of life, and how long an answer may take. */
const HEARTBEAT_MS = 5_000;
const SILENT_AFTER_MS = 20_000;

export const hasWebAssembly = (): boolean =>
  typeof WebAssembly === 'object' && typeof WebAssembly.instantiate === 'function';

class WorkerConnection implements LabConnection {
  onEvents: (events: readonly LabEvent[]) => void = () => {};
  onLost: (error: ApiError) => void = () => {};
  onSilent: (silent: boolean) => void = () => {};
  readonly api: Comlink.Remote<LabApi>;
  readonly #worker: Worker;
  readonly #channel = new MessageChannel();
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #lastHeard = 0;
  /** It has sent or answered something: its program was loaded. */
  #started = false;
  #silent = false;
  #disposed = false;

  constructor() {
    this.#worker = new Worker(new URL('../worker/main.ts', import.meta.url), { type: 'module' });
    this.api = Comlink.wrap<LabApi>(this.#worker);
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.#lose(event.message || 'its program could not be loaded');
    });
    this.#worker.addEventListener('messageerror', () => this.#lose('a message from it could not be read'));
    this.#channel.port1.onmessage = (message: MessageEvent<readonly LabEvent[]>) => {
      this.#started = true;
      this.#heard();
      this.onEvents(message.data);
    };
  }

  async open(topology: LabTopology, assets: LabAssets): Promise<Result<LabInfo>> {
    this.#heard();
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    const port = this.#channel.port2;
    return await this.api.open(topology, assets, Comlink.transfer(port, [port]));
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    clearInterval(this.#heartbeat);
    this.#channel.port1.close();
    this.api[Comlink.releaseProxy]();
    this.#worker.terminate();
  }

  #beat(): void {
    // An answer of any kind is a sign of life.
    const sign = (): void => this.#heard();
    void this.api.packets({ iface: null, text: '' }, 0, 0).then(sign, sign);
    // A hidden page's timers are held back: silence then says nothing about the worker.
    if (document.hidden) this.#lastHeard = performance.now();
    if (performance.now() - this.#lastHeard > SILENT_AFTER_MS) this.#setSilent(true);
  }

  #heard(): void {
    this.#lastHeard = performance.now();
    this.#setSilent(false);
  }

  #setSilent(silent: boolean): void {
    if (silent === this.#silent || this.#disposed) return;
    this.#silent = silent;
    this.onSilent(silent);
  }

  #lose(reason: string): void {
    if (this.#disposed) return;
    this.dispose();
    this.onLost({
      code: 'machine-failed',
      message: this.#started
        ? `The machine’s worker stopped (${reason}). What ran in the guest is lost; the lesson and your progress are not. Restart the machine to go on.`
        : `The machine’s worker did not start (${reason}). The lesson can be read. Check the connection, then restart the machine, or reload the page.`,
    });
  }
}

export const connect = (): LabConnection => new WorkerConnection();
