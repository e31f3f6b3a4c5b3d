/** Path and MAC changed while the guest runs: it gets a new lease by itself, and the filer sees what it should. */
import { describe, expect, it } from 'vitest';
import type { ActionOutcome } from '../../emulator/cli/lab-script.ts';
import { runLab } from '../../emulator/cli/run-script.ts';
import { DEFAULT_TOPOLOGY } from '../../emulator/topology/topology.ts';
import { macsOf, readPcapng } from '../harness/pcapng-read.ts';

const outputs = (outcomes: readonly ActionOutcome[]): string[] =>
  outcomes.flatMap((o) => (o.did === 'exec' ? [o.output] : []));
const addresses = (outcomes: readonly ActionOutcome[]): string[] =>
  outcomes.flatMap((o) => (o.did === 'lease' ? [o.address] : []));

describe('a running guest', () => {
  it('goes from NAT to the bridge, takes another MAC, goes back, and leaves the place to beta', async () => {
    const { outcomes, pcapng } = await runLab(DEFAULT_TOPOLOGY, [
      { do: 'lease' },
      { do: 'path', path: 'bridge' },
      { do: 'lease' },
      { do: 'exec', command: 'ping -c 2 filer.lab' },
      { do: 'mac', mac: '00:0c:29:11:22:33' },
      { do: 'lease' },
      { do: 'exec', command: 'cat /sys/class/net/eth0/address; ping -c 2 192.168.76.2' },
      { do: 'path', path: 'nat' },
      { do: 'lease' },
      { do: 'exec', command: 'ping -c 2 192.168.76.2' },
      { do: 'path', path: 'native' },
      { do: 'lease' },
      { do: 'exec', command: 'hostname; cat /sys/class/net/eth0/address; ping -c 2 192.168.76.2' },
    ]);
    expect(addresses(outcomes)).toEqual([
      '10.0.2.15',
      '192.168.76.100',
      '192.168.76.101',
      '10.0.2.15',
      '192.168.76.20',
    ]);
    const said = outputs(outcomes);
    for (const text of said) expect(text).toContain('2 packets received, 0% packet loss');
    expect(said[1]).toContain('00:0c:29:11:22:33');
    expect(said[3]).toMatch(/^beta\n00:1b:78:0a:00:20\n/);
    const atFiler = new Set(readPcapng(pcapng).filter((f) => f.iface === 'filer.eth0').map((f) => macsOf(f)[0])); // prettier-ignore
    for (const mac of ['52:54:00:12:34:56', '00:0c:29:11:22:33', '00:14:22:0a:00:10', '00:1b:78:0a:00:20'])
      expect(atFiler).toContain(mac);
  });

  it('is not changed to an address or path that cannot be', async () => {
    await expect(runLab(DEFAULT_TOPOLOGY, [{ do: 'mac', mac: '01:00:5e:00:00:01' }])).rejects.toThrow(
      /group address/,
    );
    await expect(runLab(DEFAULT_TOPOLOGY, [{ do: 'mac', mac: DEFAULT_TOPOLOGY.macs.filer }])).rejects.toThrow(
      /belongs to another machine/,
    );
  });
});
