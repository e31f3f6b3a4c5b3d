/** Labs that start from the snapshot of the prompt. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { LabAction } from '../../emulator/cli/lab-script.ts';
import { loadImages } from '../../emulator/cli/images.ts';
import { bootSnapshot } from '../../emulator/cli/run-snapshot.ts';
import { runLab } from '../../emulator/cli/run-script.ts';
import {
  DEFAULT_TOPOLOGY,
  PATHS,
  type LabTopology,
  type PathKind,
} from '../../emulator/topology/topology.ts';

const MAC = '52:54:00:ab:cd:01';
const images = loadImages();
let snapshot: Uint8Array = new Uint8Array();
beforeAll(async () => {
  snapshot = await bootSnapshot(images);
});

const topology = (path: PathKind, seed = 1, id = 'vm1'): LabTopology => ({
  ...DEFAULT_TOPOLOGY,
  seed,
  guests: [{ id, path, nic: 'rtl8139', mac: MAC }],
});

const exec = (command: string): LabAction => ({ do: 'exec', command });
const ACTIONS: readonly LabAction[] = [
  { do: 'lease' },
  exec('cat /sys/class/net/eth0/address; hostname'),
  exec('ping -c 3 192.168.76.2'),
  exec('head -c 16 /dev/urandom | md5sum'),
];

async function run(start: Uint8Array | null, lab: LabTopology, actions: readonly LabAction[] = ACTIONS) {
  const outcome = await runLab(lab, actions, images, start);
  if (start === snapshot) expect(outcome.coldStart).toBeNull();
  const outputs = outcome.outcomes.flatMap((o) => (o.did === 'exec' ? [o.output] : []));
  return { ...outcome, outputs };
}

describe('a lab that starts from the snapshot', () => {
  it.each(PATHS)('has the MAC, the host name and the path %s that its topology asks for', async (path) => {
    const { outputs, outcomes, console } = await run(snapshot, topology(path, 3, 'student'));
    const native = path === 'native';
    expect(outputs[0]).toBe(native ? `${DEFAULT_TOPOLOGY.macs.beta}\nbeta\n` : `${MAC}\nstudent\n`);
    expect(outputs[1]).toContain('3 packets transmitted, 3 packets received, 0% packet loss');
    const lease = outcomes[0];
    const expected = { nat: '10.0.2.15', bridge: '192.168.76.100', native: '192.168.76.20' }[path];
    expect(lease).toEqual({ did: 'lease', address: expected });
    expect(console).toContain(native ? 'beta' : 'student');
    expect(console).not.toContain('vm1');
  });

  it('runs the same twice, and otherwise with another seed', async () => {
    const first = await run(snapshot, topology('nat'));
    const second = await run(snapshot, topology('nat'));
    expect(second.outputs).toEqual(first.outputs);
    expect(second.pcapng).toEqual(first.pcapng);
    expect(second.instructions).toBe(first.instructions);
    const other = await run(snapshot, topology('nat', 2));
    expect(other.outputs[2]).not.toBe(first.outputs[2]);
  });

  it('exchanges the machine for beta and back as fast, each from the snapshot', async () => {
    const { outputs } = await run(snapshot, topology('bridge'), [
      { do: 'lease' },
      { do: 'path', path: 'native' },
      { do: 'lease' },
      exec('hostname; cat /sys/class/net/eth0/address'),
      { do: 'path', path: 'nat' },
      { do: 'lease' },
      exec('hostname; ping -c 1 -w 3 192.168.76.2 > /dev/null && echo reached'),
    ]);
    expect(outputs).toEqual([`beta\n${DEFAULT_TOPOLOGY.macs.beta}\n`, 'vm1\nreached\n']);
  });

  it('boots cold, and says why, when the snapshot is damaged', async () => {
    const damaged = snapshot.slice();
    damaged[5_000]! ^= 1;
    const { outputs, coldStart } = await run(damaged, topology('nat'), [exec('hostname')]);
    expect(coldStart).toBe('The snapshot cannot be used, its checksum does not match: it is damaged.');
    expect(outputs).toEqual(['vm1\n']);
  });
});
