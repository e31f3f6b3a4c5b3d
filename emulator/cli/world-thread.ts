/** Runs in a worker thread of its own (one realm, one world): boots the guest under the virtual clock, fast, and performs a script. */
import { parentPort, workerData } from 'node:worker_threads';
import { SECOND } from '../base/clock.ts';
import { writePcapng } from '../capture/pcapng.ts';
import { compileV86 } from '../machine/compile-v86.ts';
import { installRealm } from '../machine/realm.ts';
import { MachineWorld } from '../machine/world.ts';
import { World } from '../topology/world.ts';
import { machineImages, openSnapshot } from './snapshot-file.ts';
import type { ActionOutcome, LabAction, LabOutcome, LabScript, ThreadMessage } from './lab-script.ts';

/** Virtual time after which a guest without a lease is given up on. */
const LEASE_PATIENCE = 60 * SECOND;
/** From the server's ACK to an address on the interface: the guest's script has to run. */
const SETTLE = SECOND;

/** Text of a console: carriage returns dropped. */
const plain = (text: string): string => text.replaceAll('\r', '');

async function perform(world: World, action: LabAction, wallNow: () => number): Promise<ActionOutcome> {
  switch (action.do) {
    case 'exec': {
      const wall = wallNow();
      const result = await world.guest.session.run(action.command);
      return {
        did: 'exec',
        command: action.command,
        output: plain(result.output),
        exitCode: result.exitCode,
        virtualMs: (result.endedAt - result.startedAt) / 1e6,
        wallMs: wallNow() - wall,
      };
    }
    case 'path':
    case 'mac': {
      const guest = world.guestId;
      const change = await (action.do === 'path'
        ? world.setPath(guest, action.path)
        : world.setMac(guest, action.mac));
      if (!change.ok) throw new Error(change.error.message);
      return { did: action.do };
    }
    case 'lease': {
      await Promise.race([world.lease(), world.sleep(LEASE_PATIENCE)]);
      const address = world.address;
      if (address === null)
        throw new Error(
          `The guest got no address within ${LEASE_PATIENCE / SECOND} s of virtual time on the path ${world.path}.`,
        );
      await world.sleep(SETTLE);
      await world.guest.session.prompt();
      return { did: 'lease', address };
    }
    case 'sleep':
      await world.sleep(action.ms * 1e6);
      return { did: 'sleep' };
  }
}

async function runScript(script: LabScript): Promise<LabOutcome> {
  const { topology, images } = script;
  const realm = installRealm({ seed: topology.seed });
  const wallNow = realm.wall.now;
  const started = wallNow();
  const machines = new MachineWorld({ realm, policy: 'fast' });
  let console = '';
  let fail: (error: Error) => void = () => undefined;
  const failure = new Promise<never>((_, reject) => (fail = reject));
  // Someone may fail before anybody waits.
  failure.catch(() => undefined);
  machines.onFailed = (error) => fail(error);
  const opened = script.snapshot ? openSnapshot(script.snapshot, images) : null;
  let coldStart = opened?.ok === false ? opened.error : null;
  const world = await World.create({
    topology,
    machines,
    images: {
      images: machineImages(images),
      snapshot: opened?.ok === true ? opened.snapshot : null,
      wasm: await compileV86(images.v86Wasm),
      cmdline: images.cmdline,
      memoryBytes: images.memoryBytes,
    },
    events: {
      console: (_guest, bytes) => (console += Buffer.from(bytes).toString('latin1')),
      prompt: () => undefined,
      command: () => undefined,
      stage: () => undefined,
      failed: (_guest, error) => fail(error),
      coldStart: (_guest, why) => (coldStart = why),
    },
  });
  let boot = 0;
  const outcomes: ActionOutcome[] = [];
  const work = async (): Promise<void> => {
    await world.guest.session.prompt();
    boot = wallNow() - started;
    for (const action of script.actions) outcomes.push(await perform(world, action, wallNow));
  };
  await machines.drive(Promise.race([work(), failure]));
  const counters = Object.fromEntries(
    world.capture.interfaces.map(({ name, counters: counts }) => [name, { ...counts }]),
  );
  return {
    outcomes,
    pcapng: writePcapng(world.capture),
    frames: world.capture.held,
    counters,
    console: plain(console),
    coldStart,
    instructions: world.guest.machine.instructions,
    virtualMs: world.now / 1e6,
    wallMs: { boot, total: wallNow() - started },
  };
}

let message: ThreadMessage;
try {
  message = { ok: true, outcome: await runScript((workerData as { script: LabScript }).script) };
} catch (error) {
  message = { ok: false, error: error instanceof Error ? error.message : String(error) };
}
parentPort?.postMessage(message);
