/** What the real-guest tests do, inside a realm of their own; each answers plain data. Usable from a Node worker thread and from a browser worker. */
import { mac } from '../../emulator/base/address.ts';
import { hex, latin1Bytes } from '../../emulator/base/bytes.ts';
import { SECOND } from '../../emulator/base/clock.ts';
import { PacketIds } from '../../emulator/base/frame.ts';
import type { Link } from '../../emulator/base/link.ts';
import { Xoshiro128 } from '../../emulator/base/random.ts';
import { Rtl8139 } from '../../emulator/device/rtl8139/rtl8139.ts';
import { compileV86 } from '../../emulator/machine/compile-v86.ts';
import { ConsoleSession, type ConsoleSessionState } from '../../emulator/machine/console-session.ts';
import { ControlChannel, type ControlChannelState } from '../../emulator/machine/control-channel.ts';
import type { DeviceSlot, Machine, MachineState } from '../../emulator/machine/machine.ts';
import type { Policy } from '../../emulator/machine/pacer.ts';
import { installRealm, type Realm } from '../../emulator/machine/realm.ts';
import { MachineWorld } from '../../emulator/machine/world.ts';
import type { GuestImage } from './guest-image.ts';

export interface ScenarioInput {
  readonly image: GuestImage;
  readonly wasm: ArrayBuffer;
  /** For scenarios that go on from a saved state. */
  readonly saved: SavedGuest | null;
}

/** A guest with a card, as another realm saved it. */
export interface SavedGuest {
  readonly machine: MachineState;
  readonly session: ConsoleSessionState;
  readonly control: ControlChannelState;
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
  { image, wasm, saved }: ScenarioInput,
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
    const machine = await world.addMachine(
      { ...image, id: `vm${i + 1}`, devices, wasm: module },
      saved?.machine ?? null,
    );
    const guest = new Guest(machine, world);
    if (saved !== null) {
      guest.session.restore(saved.session);
      guest.control.restore(saved.control);
    }
    guests.push(guest);
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

  /** Boots a guest with a card to its prompt, saves it there, and goes on. */
  async saveAndGoOn(input: ScenarioInput) {
    const { world, guests } = await lab(input, { devices: () => [silentCard()] });
    const [{ machine, session, control }] = guests as [Guest];
    const saved = await world.drive(
      (async () => {
        await session.prompt();
        await control.ping();
        await session.run('drop() { echo 3 > /proc/sys/vm/drop_caches; }; drop');
        const parts = { machine: await machine.save(), session: session.save(), control: control.save() };
        return structuredClone(parts);
      })(),
    );
    return { saved, run: await afterPrompt(world, guests[0]!) };
  },

  /** States that cannot be restored, and a cold start in the same world after each. */
  async badStates({ image, wasm, saved }: ScenarioInput) {
    const { world } = await lab({ image, wasm, saved: null }, { guests: 0 });
    const good = saved!.machine;
    const v86 = (bytes: Uint8Array): MachineState => ({
      ...good,
      processor: { ...good.processor, v86: { ...good.processor.v86, bytes } },
    });
    const { bytes } = good.processor.v86;
    const errors: string[] = [];
    const stages: string[] = [];
    const options = { ...image, id: 'vm1', devices: [silentCard()], wasm };
    for (const bad of [
      v86(bytes.slice(0, 1_000)),
      v86(new Uint8Array(64)),
      { ...good, memoryBytes: 1 << 20 },
      { ...good, devices: [] },
      { ...good, version: 2 as 1 },
    ]) {
      await world.addMachine(options, bad).catch((error: Error) => errors.push(error.message));
      const machine = await world.addMachine(options);
      stages.push(machine.stage);
      world.remove(machine);
    }
    return { errors, stages };
  },

  /** What `saveAndGoOn` does after saving, in a realm that never booted. */
  async goOn(input: ScenarioInput) {
    const { world, guests } = await lab(input, { seed: 2, devices: () => [silentCard()] });
    return { run: await afterPrompt(world, guests[0]!) };
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

/** A card with nobody on its wire. */
function silentCard(): DeviceSlot {
  const link: Link = {
    transmit: () => true,
    ready: () => true,
    onReady: () => undefined,
    onReceive: () => undefined,
  };
  return {
    slot: 0x0f,
    plug: ({ memory, interrupt, clock }) =>
      new Rtl8139({ mac: mac('52:54:00:12:34:56'), memory, interrupt, link, clock, ids: new PacketIds() }),
  };
}

/** Commands, files, time and randomness: everything in which a restored guest could differ. */
async function afterPrompt(world: MachineWorld, guest: Guest) {
  const { session, control } = guest;
  return world.drive(
    (async () => {
      const results = [];
      for (const command of [
        'cat /proc/uptime; date',
        'head -c 8 /dev/urandom | md5sum',
        'sleep 1.5',
        'i=0; while [ $i -lt 300 ]; do i=$((i+1)); done; awk "BEGIN { print $i / 7 }"',
        'ifconfig eth0; ping -c 1 -w 1 10.0.2.2; grep eth0 /proc/interrupts',
      ])
        results.push(await session.run(command));
      await control.put('/tmp/f', latin1Bytes('x'.repeat(3_000)));
      results.push(await session.run('md5sum < /tmp/f'));
      const { instructions, now } = guest.sum();
      return { results, instructions, now };
    })(),
  );
}

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
