/** Runs in a worker thread of its own: boots a guest with its cable unplugged and answers the snapshot file of its prompt. */
import { parentPort, workerData } from 'node:worker_threads';
import { PacketIds } from '../base/frame.ts';
import { NULL_LEDGER } from '../base/ledger.ts';
import type { Link } from '../base/link.ts';
import { compileV86 } from '../machine/compile-v86.ts';
import { installRealm } from '../machine/realm.ts';
import { MachineWorld } from '../machine/world.ts';
import { GuestMachine } from '../topology/guest.ts';
import { takePromptSnapshot } from '../topology/prompt-snapshot.ts';
import { DEFAULT_TOPOLOGY } from '../topology/topology.ts';
import type { LoadedImages } from './images.ts';
import { machineImages, packSnapshot } from './snapshot-file.ts';

export type SnapshotMessage =
  { readonly ok: true; readonly file: Uint8Array } | { readonly ok: false; readonly error: string };

const NOWHERE: Link = {
  transmit: () => undefined,
  ready: () => true,
  onReady: () => undefined,
  onReceive: () => undefined,
};

async function makeSnapshot(images: LoadedImages): Promise<Uint8Array> {
  const { seed, guests } = DEFAULT_TOPOLOGY;
  const { id, mac } = guests[0]!;
  const realm = installRealm({ seed });
  const machines = new MachineWorld({ realm, policy: 'fast' });
  let fail: (error: Error) => void = () => undefined;
  const failure = new Promise<never>((_, reject) => (fail = reject));
  failure.catch(() => undefined);
  machines.onFailed = (error) => fail(error);
  const { cmdline, memoryBytes } = images;
  const wasm = await compileV86(images.v86Wasm);
  const guest = await GuestMachine.powerOn(
    { name: id, mac, link: NOWHERE, images: { images: machineImages(images), wasm, cmdline, memoryBytes } },
    { ids: new PacketIds(), ledger: NULL_LEDGER },
    machines,
    {
      console: () => undefined,
      prompt: () => undefined,
      command: () => undefined,
      stage: () => undefined,
      lease: () => undefined,
      failed: (error) => fail(error),
      coldStart: () => undefined,
    },
  );
  const snapshot = await machines.drive(Promise.race([takePromptSnapshot(machines, guest, id), failure]));
  return packSnapshot(snapshot, images);
}

let message: SnapshotMessage;
try {
  message = { ok: true, file: await makeSnapshot((workerData as { images: LoadedImages }).images) };
} catch (error) {
  message = { ok: false, error: error instanceof Error ? error.message : String(error) };
}
parentPort?.postMessage(message);
