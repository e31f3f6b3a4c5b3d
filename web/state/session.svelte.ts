/**
 * The machine as the page knows it: one connection, its last status, its console, and the verbs a reader can use.
 * Every failure ends as a notice; the page stays usable without a machine.
 */
import type {
  ApiError,
  GuestStatus,
  LabAssets,
  LabEvent,
  LabInfo,
  LabStatus,
  LabTopology,
  PathKind,
  Result,
  RunState,
} from '../../worker/api.ts';
import type { LabConnection } from '../connect.ts';
import type { Notices } from './notices.svelte.ts';
import type { Questions } from './questions.svelte.ts';

export interface Stage {
  readonly stage: string;
  readonly text: string;
  readonly loaded: number;
  readonly total: number;
}

export interface SessionPorts {
  readonly connect: () => LabConnection;
  readonly assets: () => Result<LabAssets>;
  /** False: there is no WebAssembly here. */
  readonly capable: boolean;
  readonly notices: Notices;
  readonly questions: Questions;
}

type ConsoleListener = (bytes: Uint8Array) => void;

/** Console bytes kept for a terminal that is not there yet. */
const BACKLOG_BYTES = 256 * 1024;
/** How long Ctrl-C may take to bring the prompt back. */
const INTERRUPT_MS = 4_000;
/** A prompt event can be lost to a restart; after this the status is believed again. */
const TYPED_MS = 2_000;
const CTRL_C = Uint8Array.of(3);
/** The machine of the native path. */
const NATIVE_MACHINE = 'beta';

const encoder = new TextEncoder();

/** Next frame, or soon when the page is hidden and has no frames. */
const soon = (run: () => void): void => {
  if (typeof document === 'undefined' || document.hidden) setTimeout(run, 50);
  else requestAnimationFrame(run);
};

export class Session {
  info: LabInfo | null = $state.raw(null);
  status: LabStatus | null = $state.raw(null);
  stages: readonly Stage[] = $state.raw([]);
  error: ApiError | null = $state.raw(null);
  silent = $state(false);
  /** A change of path or MAC, or a restart, is under way: which. */
  changing: string | null = $state(null);
  /** The path to or from native that was asked for: until its machine's first prompt, that machine boots. */
  #exchange: PathKind | null = $state(null);
  /** Commands finished since the page opened: checks look again when it grows. */
  commandsSeen = $state(0);

  readonly guest: string;
  readonly #ports: SessionPorts;
  #topology: LabTopology;
  #connection: LabConnection | null = $state.raw(null);
  #typed = $state(false);
  #latest: LabStatus | null = null;
  #frameAsked = false;
  #backlog: Uint8Array[] = [];
  #backlogBytes = 0;
  // Nothing is drawn from these two.
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  readonly #listeners = new Set<ConsoleListener>();
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  readonly #promptWaiters = new Set<() => void>();

  readonly state: RunState = $derived.by(() => {
    if (this.error) return 'failed';
    const state = this.status?.state ?? 'loading';
    return state === 'running' && this.#exchange !== null ? 'booting' : state;
  });
  readonly guestStatus: GuestStatus | null = $derived(
    this.status?.guests.find((g) => g.id === this.guest) ?? null,
  );
  readonly path: PathKind = $derived(this.guestStatus?.path ?? this.#guestTopology.path);
  readonly mac: string = $derived(this.guestStatus?.mac ?? this.#guestTopology.mac);
  /** The machine behind the terminal: the guest itself, or beta on the native path. */
  readonly machine: string = $derived(this.#machineOn(this.#exchange ?? this.path));
  /** Commands can be sent to the guest. */
  readonly usable = $derived(this.state === 'running' && this.#connection !== null);
  readonly atPrompt = $derived(!this.#typed && (this.guestStatus?.atPrompt ?? false));

  constructor(guest: string, topology: LabTopology, ports: SessionPorts) {
    this.guest = guest;
    this.#topology = topology;
    this.#ports = ports;
  }

  get api(): LabConnection['api'] | null {
    return this.#connection?.api ?? null;
  }

  get #guestTopology(): LabTopology['guests'][number] {
    const { guests } = this.info?.topology ?? this.#topology;
    return guests.find((g) => g.id === this.guest) ?? guests[0]!;
  }

  /** Boots the lab; after a failure, boots it anew. */
  async start(): Promise<void> {
    const { notices, capable } = this.#ports;
    this.dispose();
    this.error = null;
    this.silent = false;
    this.status = null;
    this.stages = [];
    if (this.#backlogBytes > 0) this.#rule(`${this.guest} is switched on anew`);
    for (const id of ['machine-failed', 'image-missing', 'image-corrupt']) notices.dismiss(id);
    if (!capable)
      return this.#fail(
        {
          code: 'no-webassembly',
          message:
            'WebAssembly is missing or switched off, and the machine runs on it. You can read the lesson. Use a current browser, or allow WebAssembly for this page (some privacy modes switch it off), and reload.',
        },
        false,
      );
    const assets = this.#ports.assets();
    if (!assets.ok) return this.#fail(assets.error, false);
    const connection = this.#ports.connect();
    this.#connection = connection;
    connection.onEvents = (events) => this.#take(events);
    connection.onLost = (error) => this.#fail(error);
    connection.onSilent = (silent) => this.#setSilent(silent);
    const opened = await this.#settle(connection.open(this.#topology, assets.value));
    if (this.#connection !== connection) return;
    if (opened.ok) this.info = opened.value;
    else this.#fail(opened.error);
  }

  dispose(): void {
    this.#connection?.dispose();
    this.#connection = null;
    this.#latest = null;
    this.#exchange = null;
    this.#typed = false;
    // What a dead worker was asked is never answered.
    this.changing = null;
  }

  /** Console bytes from now on, after what there was already. Returns the function that stops it. */
  onConsole(listener: ConsoleListener): () => void {
    for (const bytes of this.#backlog) listener(bytes);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async type(text: string): Promise<void> {
    if (this.state !== 'running' && this.state !== 'booting') return;
    // Between two machines there is none that could take it.
    if (this.#exchange !== null && this.changing !== null) return;
    await this.#verb((api) => api.type(this.guest, encoder.encode(text)));
  }

  async resize(rows: number, columns: number): Promise<void> {
    if (this.#connection && this.info) await this.#connection.api.resize(this.guest, rows, columns);
  }

  /** Types a command at the prompt; offers to stop what runs there first. */
  async run(command: string): Promise<void> {
    if (!this.usable) return;
    if (!this.atPrompt) {
      const stop = await this.#ports.questions.ask({
        title: `${this.guest} is busy`,
        text: `Something is running in ${this.guest}’s terminal, or it has not reached its prompt. Stop it (Ctrl-C) and run “${command}”?`,
        confirm: 'Stop it and run',
      });
      if (!stop || !(await this.#interrupt())) return;
    }
    this.#typed = true;
    setTimeout(() => (this.#typed = false), TYPED_MS);
    await this.type(`${command}\r`);
  }

  async pause(): Promise<void> {
    await this.#verb((api) => api.pause());
  }

  async resume(): Promise<void> {
    await this.#verb((api) => api.resume());
  }

  /** Asks first: the guest's state and the capture are lost. */
  async restart(): Promise<void> {
    if (this.#connection === null || this.error !== null) return this.start();
    const yes = await this.#ports.questions.ask({
      title: 'Restart the lab?',
      text: 'The guest is powered off and on, files made in it are lost, and the capture is emptied. Path and MAC address stay, and so does your progress in the lesson.',
      confirm: 'Restart',
    });
    if (yes) await this.#change('restart', (api) => api.restart(this.info?.topology ?? this.#topology));
  }

  async setPath(path: PathKind): Promise<void> {
    if (path === this.path || this.changing !== null) return;
    if (this.#machineOn(path) !== this.#machineOn(this.path)) {
      this.#exchange = path;
      this.stages = this.stages.filter((s) => s.stage !== 'boot');
    }
    if (!(await this.#change('path', (api) => api.setPath(this.guest, path)))) this.#exchange = null;
  }

  async setMac(mac: string): Promise<boolean> {
    return this.#change('mac', (api) => api.setMac(this.guest, mac));
  }

  /** Calls the API; a fault becomes a notice and null. */
  async ask<T>(call: (api: LabConnection['api']) => Promise<Result<T>>): Promise<T | null> {
    const result = await this.#verb(call);
    return result?.ok ? result.value : null;
  }

  async #change(
    what: string,
    call: (api: LabConnection['api']) => Promise<Result<LabInfo>>,
  ): Promise<boolean> {
    if (this.changing !== null) return false;
    this.changing = what;
    const result = await this.#verb(call);
    this.changing = null;
    if (!result?.ok) return false;
    this.info = result.value;
    this.#topology = result.value.topology;
    return true;
  }

  async #verb<T>(call: (api: LabConnection['api']) => Promise<Result<T>>): Promise<Result<T> | null> {
    const connection = this.#connection;
    if (!connection) return null;
    const result = await this.#settle(call(connection.api));
    if (this.#connection !== connection) return null;
    if (!result.ok) this.#ports.notices.fault(result.error);
    return result;
  }

  async #settle<T>(promise: Promise<Result<T>>): Promise<Result<T>> {
    try {
      return await promise;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      return {
        ok: false,
        error: {
          code: 'internal',
          message: `The machine could not do that (${reason}). Nothing was changed; try once more, and restart the machine if it happens again.`,
        },
      };
    }
  }

  async #interrupt(): Promise<boolean> {
    const back = new Promise<boolean>((resolve) => {
      const waiter = (): void => {
        clearTimeout(timer);
        this.#promptWaiters.delete(waiter);
        resolve(true);
      };
      const timer = setTimeout(() => {
        this.#promptWaiters.delete(waiter);
        resolve(this.atPrompt);
      }, INTERRUPT_MS);
      this.#promptWaiters.add(waiter);
    });
    await this.#verb((api) => api.type(this.guest, CTRL_C));
    if (await back) return true;
    this.#ports.notices.show({
      id: 'busy',
      kind: 'warning',
      title: `${this.guest} did not stop`,
      text: 'Ctrl-C brought no prompt back, so the command was not typed. Wait for what runs there, or restart the machine.',
    });
    return false;
  }

  #take(events: readonly LabEvent[]): void {
    for (const event of events) {
      switch (event.type) {
        case 'console':
          if (event.guest === this.guest) this.#print(event.bytes);
          break;
        case 'prompt':
          if (event.guest !== this.guest) break;
          this.#typed = false;
          this.#arrived();
          for (const waiter of [...this.#promptWaiters]) waiter();
          break;
        case 'command':
          this.commandsSeen++;
          break;
        case 'progress':
          this.stages = [...this.stages.filter((s) => s.stage !== event.stage), event];
          break;
        case 'status':
          this.#takeStatus(event.status);
          break;
        case 'failed':
          this.#stopped(event.error);
          break;
      }
    }
  }

  #takeStatus(status: LabStatus): void {
    const before = this.#latest;
    this.#latest = status;
    this.#askFrame();
    if (this.#guestIn(status)?.atPrompt) this.#arrived();
    if (before === null) return;
    const [was, is] = [before, status].map((s) => this.#machineOn(this.#guestIn(s)?.path ?? 'nat'));
    if (was !== is) this.#rule(`${was} is switched off, ${is} boots`);
    else if (status.state === 'booting' && before.state !== 'booting' && before.state !== 'loading')
      this.#rule(`${is} boots`);
  }

  /** The machine that was exchanged for another is at its prompt; a last prompt of the old one does not count. */
  #arrived(): void {
    if (this.#latest && this.#guestIn(this.#latest)?.path === this.#exchange) this.#exchange = null;
  }

  #guestIn(status: LabStatus): GuestStatus | undefined {
    return status.guests.find((g) => g.id === this.guest);
  }

  #machineOn(path: PathKind): string {
    return path === 'native' ? NATIVE_MACHINE : this.guest;
  }

  /** A line of the page's own in the terminal, where one machine's output ends; whatever that one had set is undone. */
  #rule(text: string): void {
    this.#print(encoder.encode(`\x1b[?47l\x1b[!p\x1b[0m\r\n──── ${text} ────\r\n`));
  }

  #print(bytes: Uint8Array): void {
    this.#backlog.push(bytes);
    this.#backlogBytes += bytes.length;
    while (this.#backlogBytes > BACKLOG_BYTES && this.#backlog.length > 1)
      this.#backlogBytes -= this.#backlog.shift()!.length;
    for (const listener of this.#listeners) listener(bytes);
  }

  /** However many statuses arrive, one a frame is shown. */
  #askFrame(): void {
    if (this.#frameAsked) return;
    this.#frameAsked = true;
    soon(() => {
      this.#frameAsked = false;
      if (this.#latest) this.status = this.#latest;
    });
  }

  /** The machine is gone and its worker with it. `again`: another go may help. */
  #fail(error: ApiError, again = error.code !== 'no-webassembly'): void {
    this.dispose();
    this.#stopped(error, again);
  }

  /** The machine is gone; its worker, if it lives, still has the capture. */
  #stopped(error: ApiError, again = true): void {
    this.error = error;
    this.#exchange = null;
    this.#ports.notices.fault(
      error,
      again ? [{ label: 'Restart the machine', run: () => void this.start() }] : [],
    );
  }

  #setSilent(silent: boolean): void {
    this.silent = silent;
    if (!silent) return this.#ports.notices.dismiss('silent');
    this.#ports.notices.show({
      id: 'silent',
      kind: 'warning',
      title: 'The machine does not answer',
      text: 'Its worker has been silent for 20 seconds. It may be busy: you can wait. Restarting loses what runs in the guest.',
      actions: [{ label: 'Restart the machine', run: () => void this.start() }],
    });
  }
}
