/**
 * The worker's side of `LabApi`: one session, one world. Expected failures are values; anything else becomes `internal` with its message.
 */
import type {
  ApiError,
  CommandRecord,
  Evidence,
  LabApi,
  LabAssets,
  LabInfo,
  LabStatus,
  LabTopology,
  PacketDetail,
  PacketPage,
  PacketQuery,
  PathKind,
  Result,
  RunState,
} from './api.ts';
import { EventStream } from './event-stream.ts';
import { LoadError, loadImages } from './images.ts';
import { PacketView } from './packet-view.ts';
import { SpeedMeter } from './speed.ts';
import { installRealm, type Realm } from '../emulator/machine/realm.ts';
import { MachineWorld } from '../emulator/machine/world.ts';
import type { GuestImages, GuestMachine } from '../emulator/topology/guest.ts';
import { validateTopology } from '../emulator/topology/validate.ts';
import { World, type Change } from '../emulator/topology/world.ts';

/** Status goes out this often while the world runs. */
const STATUS_MS = 200;
/** Commands kept for lab checks. */
const MAX_COMMANDS = 1_000;
/** Characters typed in one call. */
const MAX_TYPED = 65_536;

const done = <T>(value: T): Result<T> => ({ ok: true, value });
const fail = (code: ApiError['code'], message: string): Result<never> => ({
  ok: false,
  error: { code, message },
});
const NOT_OPEN = fail('not-open', 'The lab is not open yet.');

export class Session implements LabApi {
  #realm: Realm | null = null;
  #images: GuestImages | null = null;
  #world: World | null = null;
  #view: PacketView | null = null;
  #stream: EventStream | null = null;
  #state: RunState = 'loading';
  #commands: CommandRecord[] = [];
  #speed = new SpeedMeter();
  #statusTimer: ReturnType<typeof setInterval> | null = null;

  open(topology: LabTopology, assets: LabAssets, port: MessagePort): Promise<Result<LabInfo>> {
    return this.#guarded(async () => {
      const checked = validateTopology(topology);
      if (!checked.ok) return fail('bad-topology', checked.faults.join(' '));
      this.#stream?.close();
      const stream = new EventStream(port);
      this.#stream = stream;
      this.#realm ??= installRealm({ seed: checked.value.seed });
      this.#images = await loadImages(assets, (event) => stream.send(event));
      return this.#start(checked.value);
    });
  }

  pause(): Promise<Result<null>> {
    return this.#with((world) => {
      if (this.#state !== 'failed') {
        world.machines.pause();
        this.#enter('paused');
      }
      return done(null);
    });
  }

  resume(): Promise<Result<null>> {
    return this.#with((world) => {
      if (this.#state === 'paused') {
        world.machines.run();
        this.#enter(world.guestIfAny?.session.atPrompt || this.#commands.length > 0 ? 'running' : 'booting');
      }
      return done(null);
    });
  }

  restart(topology: LabTopology): Promise<Result<LabInfo>> {
    return this.#guarded(async () => {
      if (this.#images === null) return NOT_OPEN;
      const checked = validateTopology(topology);
      if (!checked.ok) return fail('bad-topology', checked.faults.join(' '));
      return this.#start(checked.value);
    });
  }

  type(guest: string, bytes: Uint8Array): Promise<Result<null>> {
    return this.#withGuest(guest, (machine) => {
      machine.machine.sendConsole(bytes.subarray(0, MAX_TYPED));
      return done(null);
    });
  }

  resize(guest: string, rows: number, columns: number): Promise<Result<null>> {
    return this.#withGuest(guest, (machine) => {
      const size = [rows, columns].map((n) => Math.min(Math.max(Math.trunc(n) || 1, 1), 1_000));
      // Nobody waits for the answer: a guest that is still booting is told when it can listen.
      void machine.control.winsize(size[0]!, size[1]!);
      machine.session.columns = size[1]!;
      return done(null);
    });
  }

  setPath(guest: string, path: PathKind): Promise<Result<LabInfo>> {
    return this.#changed((world) => world.setPath(guest, path));
  }

  setMac(guest: string, mac: string): Promise<Result<LabInfo>> {
    return this.#changed((world) => world.setMac(guest, mac));
  }

  packets(query: PacketQuery, from: number, count: number): Promise<Result<PacketPage>> {
    return this.#withView((view) => done(view.page(query, from, count)));
  }

  packet(index: number): Promise<Result<PacketDetail>> {
    return this.#withView((view) => {
      const detail = view.detail(index);
      return detail
        ? done(detail)
        : fail(
            'internal',
            `Frame ${index + 1} is no longer in the capture: newer frames have taken its place.`,
          );
    });
  }

  clearCapture(): Promise<Result<null>> {
    return this.#with((world) => {
      world.capture.clear();
      this.#sendStatus();
      return done(null);
    });
  }

  pcapng(query: PacketQuery): Promise<Result<Uint8Array>> {
    return this.#withView((view) => done(view.pcapng(query)));
  }

  evidence(): Promise<Result<Evidence>> {
    return this.#with((world) =>
      done({
        topology: world.topology,
        now: world.now,
        packets: this.#view?.evidence() ?? [],
        commands: [...this.#commands],
      }),
    );
  }

  async #start(topology: LabTopology): Promise<Result<LabInfo>> {
    const realm = this.#realm;
    const images = this.#images;
    if (realm === null || images === null) return NOT_OPEN;
    this.#close();
    realm.reseed(topology.seed);
    const machines = new MachineWorld({ realm, policy: 'paced' });
    machines.onFailed = (error) => this.#failed(error);
    const world = await World.create({
      topology,
      machines,
      images,
      events: {
        console: (guest, bytes) => this.#stream?.send({ type: 'console', guest, bytes }),
        prompt: (guest, exitCode) => {
          if (this.#state === 'booting') this.#enter('running');
          this.#stream?.send({ type: 'prompt', guest, exitCode });
        },
        command: (guest, result, path) => {
          const record: CommandRecord = {
            guest,
            path,
            ...result,
            output: result.output.replaceAll('\r', ''),
          };
          this.#commands.push(record);
          if (this.#commands.length > MAX_COMMANDS) this.#commands.shift();
          this.#stream?.send({ type: 'command', record });
        },
        stage: (_guest, stage) => this.#stage(stage),
        failed: (_guest, error) => this.#failed(error),
      },
    });
    this.#world = world;
    this.#view = new PacketView(world.capture, realm.wall.now);
    this.#speed = new SpeedMeter();
    machines.run();
    this.#enter('booting');
    this.#stage('bios');
    this.#statusTimer = setInterval(() => this.#sendStatus(), STATUS_MS);
    return done(this.#info(world));
  }

  #close(): void {
    if (this.#statusTimer !== null) clearInterval(this.#statusTimer);
    this.#statusTimer = null;
    this.#world?.machines.pause();
    this.#world?.dispose();
    this.#world?.machines.dispose();
    this.#world = null;
    this.#view = null;
    this.#commands = [];
  }

  #stage(stage: string): void {
    // The other machine was switched on, or the guest reboots.
    if (stage === 'off' && this.#state === 'running') this.#enter('booting');
    const steps = ['bios', 'kernel', 'userland'];
    const step = steps.indexOf(stage);
    if (step < 0) return;
    const text = ['The BIOS starts', 'Linux unpacks itself and starts', 'The shell starts'][step]!;
    this.#stream?.send({ type: 'progress', stage: 'boot', text, loaded: step + 1, total: steps.length });
    if (stage === 'bios' && this.#state === 'running') this.#enter('booting');
  }

  #info(world: World): LabInfo {
    return {
      topology: world.topology,
      interfaces: world.capture.interfaces.map(({ id, name, description }) => ({ id, name, description })),
    };
  }

  #enter(state: RunState): void {
    this.#state = state;
    this.#sendStatus();
  }

  #failed(error: Error): void {
    this.#state = 'failed';
    this.#world?.machines.pause();
    const message = `The machine stopped with an error (${error.message}). What was captured can still be saved; restart the lab to go on.`;
    this.#stream?.send({ type: 'failed', error: { code: 'machine-failed', message } });
    this.#sendStatus();
    this.#stream?.flush();
  }

  #sendStatus(): void {
    const world = this.#world;
    if (world === null || this.#realm === null) return;
    const { capture } = world;
    const guest = world.topology.guests[0]!;
    const machine = world.guestIfAny;
    const status: LabStatus = {
      state: this.#state,
      now: world.now,
      speed: this.#state === 'paused' ? 0 : this.#speed.update(world.now, this.#realm.wall.now()),
      guests: [
        {
          id: guest.id,
          path: guest.path,
          mac: machine?.mac ?? guest.mac,
          linkUp: machine?.linkUp ?? false,
          address: world.address,
          atPrompt: machine?.session.atPrompt ?? false,
        },
      ],
      wires: capture.interfaces.map(({ name, counters }) => ({ name, ...counters })),
      frames: capture.held,
      framesLost: capture.lost,
    };
    this.#stream?.send({ type: 'status', status });
  }

  async #changed(change: (world: World) => Promise<Change>): Promise<Result<LabInfo>> {
    return this.#guarded(async () => {
      const world = this.#world;
      if (world === null) return NOT_OPEN;
      if (this.#state === 'paused' || this.#state === 'failed')
        return fail('guest-not-ready', 'The machine stands still: resume it first, then change it.');
      const result = await change(world);
      this.#sendStatus();
      return result.ok ? done(this.#info(world)) : { ok: false, error: result.error };
    });
  }

  #with<T>(work: (world: World) => Result<T>): Promise<Result<T>> {
    return this.#guarded(() => Promise.resolve(this.#world === null ? NOT_OPEN : work(this.#world)));
  }

  #withGuest<T>(guest: string, work: (machine: GuestMachine) => Result<T>): Promise<Result<T>> {
    return this.#with((world) => {
      const machine = world.guestIfAny;
      if (world.guestId !== guest) return fail('not-open', `There is no guest "${guest}" in this lab.`);
      return machine === null
        ? fail('guest-not-ready', 'One machine is being exchanged for the other: try again in a moment.')
        : work(machine);
    });
  }

  #withView<T>(work: (view: PacketView) => Result<T>): Promise<Result<T>> {
    return this.#guarded(() => Promise.resolve(this.#view === null ? NOT_OPEN : work(this.#view)));
  }

  async #guarded<T>(work: () => Promise<Result<T>>): Promise<Result<T>> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof LoadError) return { ok: false, error: error.apiError };
      return fail('internal', error instanceof Error ? error.message : String(error));
    }
  }
}
