/** What the real-guest tests do, inside a realm of their own; each answers plain data. Usable from a Node worker thread and from a browser worker. */
import { hex, latin1Bytes } from '../../emulator/base/bytes.ts';
import { SECOND } from '../../emulator/base/clock.ts';
import { Xoshiro128 } from '../../emulator/base/random.ts';
import { compileV86 } from '../../emulator/machine/compile-v86.ts';
import { ConsoleSession } from '../../emulator/machine/console-session.ts';
import { ControlChannel } from '../../emulator/machine/control-channel.ts';
import type { DeviceSlot, Machine } from '../../emulator/machine/machine.ts';
import type { Policy } from '../../emulator/machine/pacer.ts';
import { installRealm, type Realm } from '../../emulator/machine/realm.ts';
import { MachineWorld } from '../../emulator/machine/world.ts';
import type { GuestImage } from './guest-image.ts';

export interface ScenarioInput {
  readonly image: GuestImage;
  readonly wasm: ArrayBuffer;
}

/** FNV-1a over all console bytes and the virtual times at which they came. */
class Digest {
  #hash = 0x811c9dc5;

  add(bytes: Uint8Array): void {
    for (const byte of bytes) this.#hash = Math.imul(this.#hash ^ byte, 0x01000193) >>> 0;
  }

  addTime(at: number): void {
    this.add(new Uint8Array(Float64Array.of(at).buffer));
  }

  toString(): string {
    return this.#hash.toString(16).padStart(8, '0');
  }
}

class Guest {
  readonly machine: Machine;
  readonly session: ConsoleSession;
  readonly control: ControlChannel;
  readonly digest = new Digest();
  readonly stages: string[] = [];
  readonly failures: string[] = [];

  constructor(machine: Machine, world: MachineWorld) {
    this.machine = machine;
    this.session = new ConsoleSession(machine, world);
    this.control = new ControlChannel(machine, world);
    this.session.onBytes = (bytes, at) => {
      this.digest.add(bytes);
      this.digest.addTime(at);
    };
    machine.onStage = (stage) => this.stages.push(stage);
    machine.onFailed = (error) => this.failures.push(error.message);
  }

  sum() {
    return {
      digest: String(this.digest),
      instructions: this.machine.instructions,
      now: this.machine.localNow,
    };
  }
}

interface Lab {
  readonly realm: Realm;
  readonly world: MachineWorld;
  readonly guests: Guest[];
}

async function lab(
  { image, wasm }: ScenarioInput,
  options: {
    guests?: number;
    policy?: Policy;
    seed?: number;
    devices?: (guest: number) => DeviceSlot[];
  } = {},
): Promise<Lab> {
  const realm = installRealm({ seed: options.seed ?? 1 });
  const world = new MachineWorld({ realm, policy: options.policy ?? 'fast' });
  const module = await compileV86(wasm);
  const guests: Guest[] = [];
  for (let i = 0; i < (options.guests ?? 1); i++) {
    const devices = options.devices?.(i) ?? [];
    const machine = await world.addMachine({ ...image, id: `vm${i + 1}`, devices, wasm: module });
    guests.push(new Guest(machine, world));
  }
  return { realm, world, guests };
}

export const scenarios = {
  async boot(input: ScenarioInput) {
    const { realm, world, guests } = await lab(input);
    const [guest] = guests as [Guest];
    const wall = realm.wall.now();
    await world.drive(guest.session.prompt());
    return { ...guest.sum(), stages: guest.stages, wallMs: realm.wall.now() - wall };
  },

  /** Boot, then commands, files and time: everything that could depend on the host. */
  async commands(input: ScenarioInput) {
    const { world, guests } = await lab(input);
    const [{ session, control }] = guests as [Guest];
    return world.drive(
      (async () => {
        await session.prompt();
        const results = [];
        for (const command of ['cat /proc/uptime', 'head -c 8 /dev/urandom | md5sum', 'sleep 1.5', 'date']) {
          results.push(await session.run(command));
        }
        await control.put('/tmp/f', latin1Bytes('x'.repeat(3_000)));
        const sum = await session.run('md5sum < /tmp/f');
        const back = await control.get('/tmp/f');
        const length = back.ok ? back.bytes.length : -1;
        return { results, sum: sum.output, length, ...guests[0]!.sum() };
      })(),
    );
  },

  async twoGuests(input: ScenarioInput) {
    const { world, guests } = await lab(input, { guests: 2 });
    return world.drive(
      (async () => {
        const prompts = await Promise.all(
          guests.map(async (guest) => {
            await guest.session.prompt();
            return guest.sum();
          }),
        );
        const results = await Promise.all([
          guests[0]!.session.run('sleep 2'),
          guests[1]!.session.run('for i in 1 2 3 4 5 6 7 8 9; do md5sum /bin/busybox; done | tail -n 1'),
        ]);
        return {
          prompts,
          sums: guests.map((guest) => guest.sum()),
          lasted: results.map(({ startedAt, endedAt }) => endedAt - startedAt),
          now: world.clock.now(),
        };
      })(),
    );
  },

  /** Text pasted into `cat`, faster than any line could carry it. */
  async paste(input: ScenarioInput) {
    const { world, guests } = await lab(input);
    const [{ session, machine }] = guests as [Guest];
    const random = new Xoshiro128(5);
    let text = '';
    while (text.length < 4_096) {
      for (let i = random.below(70); i >= 0; i--) text += String.fromCharCode(0x61 + random.below(26));
      text += '\n';
    }
    const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(latin1Bytes(text)));
    const output = await world.drive(
      (async () => {
        await session.prompt();
        const done = session.run('cat > /tmp/f');
        world.injectAt(world.clock.now() + SECOND, () => machine.sendConsole(latin1Bytes(`${text}\x04`)));
        await done;
        return (await session.run('sha256sum < /tmp/f')).output;
      })(),
    );
    return { expected: hex(new Uint8Array(digest)), output };
  },

  async sleepFast(input: ScenarioInput) {
    const { realm, world, guests } = await lab(input);
    const [{ session }] = guests as [Guest];
    return world.drive(
      (async () => {
        await session.prompt();
        const wall = realm.wall.now();
        const { startedAt, endedAt } = await session.run('sleep 20');
        return { virtualMs: (endedAt - startedAt) / 1e6, wallMs: realm.wall.now() - wall };
      })(),
    );
  },

  /** Virtual against wall time, looked at from the event loop while a guest sleeps. */
  async sleepPaced(input: ScenarioInput) {
    const { realm, world, guests } = await lab(input);
    const [{ session }] = guests as [Guest];
    await world.drive(session.prompt());
    world.setPolicy('paced');
    const wall = realm.wall.now();
    const virtual = world.clock.now();
    let aheadMs = -Infinity;
    let looks = 0;
    const timer = setInterval(() => {
      looks++;
      aheadMs = Math.max(aheadMs, (world.clock.now() - virtual) / 1e6 - (realm.wall.now() - wall));
    }, 20);
    const { startedAt, endedAt } = await world.drive(session.run('sleep 1'));
    clearInterval(timer);
    return { virtualMs: (endedAt - startedAt) / 1e6, wallMs: realm.wall.now() - wall, aheadMs, looks };
  },

  /** While paused, no virtual time passes, and what was typed meanwhile arrives after. */
  async pause(input: ScenarioInput) {
    const { world, guests } = await lab(input, { policy: 'paced' });
    const [{ session, machine }] = guests as [Guest];
    await world.drive(session.prompt());
    const before = { now: world.clock.now(), instructions: machine.instructions };
    const done = session.run('echo later');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const after = { now: world.clock.now(), instructions: machine.instructions };
    const { output, startedAt } = await world.drive(done);
    return { before, after, output, gapMs: (startedAt - before.now) / 1e6 };
  },

  /** The guest resets itself: the machine is switched off and on again. */
  async reboot(input: ScenarioInput) {
    const { world, guests } = await lab(input);
    const [guest] = guests as [Guest];
    const { session, machine, stages } = guest;
    machine.onStage = (stage) => {
      stages.push(stage);
      if (stage === 'off') session.reset('the guest was reset');
    };
    return world.drive(
      (async () => {
        await session.prompt();
        const lost = await session.run('reboot -f').catch((error: Error) => error.message);
        await session.prompt();
        const { output } = await session.run('cut -d. -f1 /proc/uptime');
        return { lost, stages, output };
      })(),
    );
  },

  /** A device with a bug in one guest; the other one goes on. */
  async brokenDevice(input: ScenarioInput) {
    const { world, guests } = await lab(input, {
      guests: 2,
      devices: (guest) => (guest === 0 ? [brokenCard] : []),
    });
    const [broken, sound] = guests as [Guest, Guest];
    await world.drive(sound.session.prompt());
    return { failures: broken.failures, stage: broken.machine.stage, other: sound.machine.stage };
  },
};

/** Looks like an RTL8139 to the guest's driver, which reads its registers. */
const brokenCard: DeviceSlot = {
  slot: 0x0f,
  plug: () => {
    const configSpace = new Uint8Array(256);
    configSpace.set([0xec, 0x10, 0x39, 0x81, 0, 0, 0, 0, 0x10, 0, 0, 2]);
    configSpace[0x3d] = 1;
    return {
      name: 'broken',
      configSpace,
      bars: [
        { kind: 'io', size: 256 },
        { kind: 'memory', size: 256 },
      ],
      read: () => {
        throw new Error('a bug in the device');
      },
      write: () => undefined,
      powerOnReset: () => undefined,
    };
  },
};

export type ScenarioName = keyof typeof scenarios;
