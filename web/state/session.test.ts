import { describe, expect, it, vi } from 'vitest';
import { twoPaths } from '../../labs/two-paths/lab.ts';
import type {
  ApiError,
  LabAssets,
  LabEvent,
  LabInfo,
  LabStatus,
  PathKind,
  Result,
  RunState,
} from '../../worker/api.ts';
import type { LabConnection } from '../connect.ts';
import { Notices } from './notices.svelte.ts';
import { Questions } from './questions.svelte.ts';
import { Session } from './session.svelte.ts';

const ok = <T>(value: T): Promise<Result<T>> => Promise.resolve({ ok: true, value });
const decoder = new TextDecoder();

class Double implements LabConnection {
  onEvents: (events: readonly LabEvent[]) => void = () => {};
  onLost: (error: ApiError) => void = () => {};
  onSilent: (silent: boolean) => void = () => {};
  typed = '';
  disposed = false;
  readonly api = {
    type: (_: string, bytes: Uint8Array) => {
      this.typed += decoder.decode(bytes);
      return ok(null);
    },
    setMac: () => Promise.resolve({ ok: false, error: { code: 'bad-mac', message: 'No.' } }),
    restart: vi.fn(() => ok({ topology: twoPaths.topology, interfaces: [] })),
    pause: () => Promise.reject(new Error('boom')),
  } as unknown as { -readonly [K in keyof LabConnection['api']]: LabConnection['api'][K] };
  readonly #opened: Result<LabInfo>;

  constructor(opened: Result<LabInfo>) {
    this.#opened = opened;
  }

  open = () => Promise.resolve(this.#opened);
  dispose = () => {
    this.disposed = true;
  };

  async status(state: RunState, atPrompt: boolean, path: PathKind = 'nat'): Promise<void> {
    const status: LabStatus = {
      state,
      now: 0,
      speed: 1,
      guests: [{ id: 'vm1', path, mac: '', linkUp: true, address: null, atPrompt }],
      wires: [],
      frames: 0,
      framesLost: 0,
    };
    this.onEvents([{ type: 'status', status }]);
    await new Promise((resolve) => setTimeout(resolve, 70));
  }

  prompt(): void {
    this.onEvents([{ type: 'prompt', guest: 'vm1', exitCode: 0 }]);
  }
}

const opens: Result<LabInfo> = { ok: true, value: { topology: twoPaths.topology, interfaces: [] } };

function setUp({ capable = true, opened = opens } = {}) {
  const connections: Double[] = [];
  const notices = new Notices();
  const questions = new Questions();
  const session = new Session('vm1', twoPaths.topology, {
    connect: () => {
      const connection = new Double(opened);
      connections.push(connection);
      return connection;
    },
    assets: () => ({ ok: true, value: {} as LabAssets }),
    capable,
    notices,
    questions,
  });
  return { session, notices, questions, connections };
}

describe('a session', () => {
  it('types a command at the prompt', async () => {
    const { session, connections } = setUp();
    await session.start();
    await connections[0]!.status('running', true);
    await session.run('ls');
    expect(connections[0]!.typed).toBe('ls\r');
  });

  it('offers to stop what runs first, and types nothing when refused', async () => {
    const { session, connections, questions } = setUp();
    await session.start();
    await connections[0]!.status('running', false);
    const running = session.run('ls');
    expect(questions.current?.text).toContain('ls');
    questions.answer(false);
    await running;
    expect(connections[0]!.typed).toBe('');
  });

  it('sends Ctrl-C and waits for the prompt before it types', async () => {
    const { session, connections, questions } = setUp();
    await session.start();
    const double = connections[0]!;
    await double.status('running', false);
    const running = session.run('ls');
    questions.answer(true);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(double.typed).toBe('\x03');
    double.prompt();
    await running;
    expect(double.typed).toBe('\x03ls\r');
  });

  it('takes a command just typed for a busy terminal until the next prompt', async () => {
    const { session, connections } = setUp();
    await session.start();
    await connections[0]!.status('running', true);
    await session.run('ls');
    expect(session.atPrompt).toBe(false);
    connections[0]!.prompt();
    expect(session.atPrompt).toBe(true);
  });

  it('does not start without WebAssembly, and says so', async () => {
    const { session, notices, connections } = setUp({ capable: false });
    await session.start();
    expect(connections).toHaveLength(0);
    expect(session.state).toBe('failed');
    expect(notices.list[0]?.id).toBe('no-webassembly');
    expect(notices.list[0]?.actions).toEqual([]);
  });

  it('offers a restart when the worker is gone, and comes back with a new one', async () => {
    const { session, notices, connections } = setUp();
    await session.start();
    await connections[0]!.status('running', true);
    connections[0]!.onLost({ code: 'machine-failed', message: 'Gone.' });
    expect(session.state).toBe('failed');
    expect(connections[0]!.disposed).toBe(true);
    notices.list[0]!.actions[0]!.run();
    await connections[1]!.status('running', true);
    expect(session.state).toBe('running');
    expect(notices.list).toEqual([]);
  });

  it('keeps the worker of a machine that failed: its capture can still be saved', async () => {
    const { session, connections, notices } = setUp();
    await session.start();
    const double = connections[0]!;
    await double.status('running', true);
    double.onEvents([{ type: 'failed', error: { code: 'machine-failed', message: 'Triple fault.' } }]);
    expect(session.state).toBe('failed');
    expect([double.disposed, session.api]).toEqual([false, double.api]);
    notices.list[0]!.actions[0]!.run();
    expect(double.disposed).toBe(true);
    expect(connections).toHaveLength(2);
  });

  it('does not wait for ever for what a dead worker was asked', async () => {
    const { session, connections } = setUp();
    await session.start();
    const double = connections[0]!;
    await double.status('running', true);
    double.api.setPath = () => new Promise(() => {});
    void session.setPath('bridge');
    expect(session.changing).toBe('path');
    double.onLost({ code: 'machine-failed', message: 'Gone.' });
    expect(session.changing).toBeNull();
  });

  describe('while one machine is exchanged for another', () => {
    async function toNative(answer: Result<LabInfo> = opens) {
      const all = setUp();
      await all.session.start();
      const double = all.connections[0]!;
      await double.status('running', true);
      let settle = (): void => {};
      double.api.setPath = () => new Promise((resolve) => (settle = () => resolve(answer)));
      let screen = '';
      all.session.onConsole((bytes) => (screen += decoder.decode(bytes)));
      const done = all.session.setPath('native');
      return { ...all, double, done, settle: () => settle(), screen: () => screen };
    }

    it('calls it booting until the new machine’s prompt, whatever the old one still says', async () => {
      const { session, double, done, settle, screen } = await toNative();
      expect([session.state, session.machine]).toEqual(['booting', 'beta']);
      double.prompt();
      expect(session.state).toBe('booting');
      await session.type('x');
      expect(double.typed).toBe('');
      await double.status('running', false, 'native');
      expect(screen()).toContain('vm1 is switched off, beta boots');
      settle();
      await done;
      expect(session.state).toBe('booting');
      double.prompt();
      expect([session.state, session.machine]).toEqual(['running', 'beta']);
    });

    it('is as before when the path is refused', async () => {
      const { session, done, settle, screen } = await toNative({
        ok: false,
        error: { code: 'bad-path', message: 'No.' },
      });
      settle();
      await done;
      expect([session.state, session.machine]).toEqual(['running', 'vm1']);
      expect(screen()).toBe('');
    });
  });

  it('draws a line in the terminal where a restart ends what was there', async () => {
    const { session, connections } = setUp();
    await session.start();
    let screen = '';
    session.onConsole((bytes) => (screen += decoder.decode(bytes)));
    await connections[0]!.status('booting', false);
    await connections[0]!.status('running', true);
    expect(screen).toBe('');
    await connections[0]!.status('booting', false);
    expect(screen).toContain('vm1 boots');
  });

  it('shows a refused opening as a notice with the way out', async () => {
    const { session, notices } = setUp({
      opened: { ok: false, error: { code: 'image-corrupt', message: 'Damaged.' } },
    });
    await session.start();
    expect(session.state).toBe('failed');
    expect(notices.list).toMatchObject([{ id: 'image-corrupt', text: 'Damaged.' }]);
    expect(notices.list[0]!.actions).toHaveLength(1);
  });

  it('turns faults and exceptions of verbs into notices', async () => {
    const { session, notices, connections } = setUp();
    await session.start();
    await connections[0]!.status('running', true);
    expect(await session.setMac('x')).toBe(false);
    await session.pause();
    expect(notices.list.map((n) => n.id)).toEqual(['bad-mac', 'internal']);
    expect(notices.list[1]!.text).toContain('boom');
  });

  it('asks before it restarts', async () => {
    const { session, questions, connections } = setUp();
    await session.start();
    await connections[0]!.status('running', true);
    const restart = connections[0]!.api.restart as ReturnType<typeof vi.fn>;
    let asked = session.restart();
    questions.answer(false);
    await asked;
    expect(restart).not.toHaveBeenCalled();
    asked = session.restart();
    questions.answer(true);
    await asked;
    expect(restart).toHaveBeenCalledOnce();
  });

  it('replays the console to a terminal that comes late', async () => {
    const { session, connections } = setUp();
    await session.start();
    const bytes = new TextEncoder().encode('boot');
    connections[0]!.onEvents([{ type: 'console', guest: 'vm1', bytes }]);
    const seen: string[] = [];
    const stop = session.onConsole((b) => seen.push(decoder.decode(b)));
    connections[0]!.onEvents([{ type: 'console', guest: 'vm1', bytes }]);
    stop();
    connections[0]!.onEvents([{ type: 'console', guest: 'vm1', bytes }]);
    expect(seen).toEqual(['boot', 'boot']);
  });
});
