/** One guest, led another way and given another address again and again, at rest and in traffic: a lease each time, and the network works. */
import { describe, expect, it } from 'vitest';
import type { LabAction } from '../../emulator/cli/lab-script.ts';
import type { PathKind } from '../../emulator/topology/topology.ts';
import { exec, guestRun, interfaceCounters, LEASE, REBOOT, worrying } from './guest.ts';
import { scaled } from './scale.ts';

const PING = exec('ping -c 2 192.168.76.2');
const OWN_MAC = exec('cat /sys/class/net/eth0/address');
const macOf = (i: number): string =>
  `08:00:27:${[i >> 16, i >> 8, i].map((b) => (b & 255).toString(16).padStart(2, '0')).join(':')}`;
const DMESG = exec('dmesg -r');

describe.concurrent('a running guest', () => {
  it('is led to NAT and bridge in turn 20 times, then to beta and back, with a lease each time (seed 81)', async () => {
    const switches = 2 * scaled(10);
    const paths = Array.from({ length: switches }, (_, i): PathKind => (i % 2 === 0 ? 'bridge' : 'nat'));
    const to = (path: PathKind): LabAction[] => [{ do: 'path', path }, LEASE, PING];
    const run = await guestRun('nat', 81, [
      LEASE,
      PING,
      ...paths.flatMap(to),
      DMESG,
      ...to('native'),
      ...to('bridge'),
    ]);
    const expected = paths.map((path) => (path === 'nat' ? '10.0.2.15' : '192.168.76.100'));
    expect(run.addresses).toEqual(['10.0.2.15', ...expected, '192.168.76.20', '192.168.76.100']);
    const pings = run.commands.filter((c) => c.command.startsWith('ping'));
    expect(pings).toHaveLength(switches + 3);
    expect(pings.filter((c) => !c.output.includes(' 0% packet loss')).map((c) => c.output)).toEqual([]);
    expect(worrying(run.output('dmesg'))).toEqual([]);
  });

  it.each([
    { path: 'bridge', seed: 82 },
    { path: 'nat', seed: 83 },
  ] as const)(
    'gets another MAC 10 times on path $path, and a lease for it (seed $seed)',
    async ({ path, seed }) => {
      const macs = Array.from({ length: scaled(10) }, (_, i) => macOf(0x0a0b01 + i));
      const change = (mac: string): LabAction[] => [{ do: 'mac', mac }, LEASE, OWN_MAC, PING];
      const run = await guestRun(path, seed, [LEASE, ...macs.flatMap(change), DMESG]);
      const own = run.commands.filter((c) => c.command.startsWith('cat')).map((c) => c.output.trim());
      expect(own).toEqual(macs);
      expect(run.addresses).toHaveLength(macs.length + 1);
      const pings = run.commands.filter((c) => c.command.startsWith('ping'));
      expect(pings.filter((c) => !c.output.includes(' 0% packet loss')).map((c) => c.output)).toEqual([]);
      expect(worrying(run.output('dmesg'))).toEqual([]);
    },
  );

  it('takes changes of path, address and carrier in the middle of its traffic, and a reboot (seed 84)', async () => {
    const loop = (command: string): string => `while [ -e /tmp/go ]; do ${command}; usleep 100000; done &`;
    const traffic = `touch /tmp/go; (${loop('timeout 3 wget -q -O /dev/null http://192.168.76.2/300K.bin')} ${loop('ping -q -c 50 -w 2 -i 0.01 -s 1400 192.168.76.2')}) >/dev/null 2>&1`;
    const stir = (i: number): LabAction[] => [
      { do: 'sleep', ms: 700 + 130 * i },
      { do: 'path', path: i % 2 === 0 ? 'bridge' : 'nat' },
      { do: 'sleep', ms: 90 * i },
      { do: 'mac', mac: macOf(0x0c0000 + i) },
      LEASE,
      exec('ip link set eth0 down; ip link set eth0 up'),
      { do: 'sleep', ms: 50 * i },
    ];
    const rounds = scaled(4);
    const run = await guestRun('nat', 84, [
      LEASE,
      exec(traffic),
      ...Array.from({ length: rounds }, (_, i) => stir(i)).flat(),
      exec('rm /tmp/go; sleep 8; dmesg -r'),
      PING,
      exec('cat /proc/net/dev'),
      exec(traffic),
      ...REBOOT,
      exec('ping -c 3 192.168.76.2'),
    ]);
    expect(run.addresses).toHaveLength(rounds + 2);
    // The traffic was there.
    expect(run.counters['vm1.eth0']!.framesIn).toBeGreaterThan(1000 * rounds);
    expect(worrying(run.output('dmesg'))).toEqual([]);
    expect(run.output('ping -c 2')).toContain(' 0% packet loss');
    expect(interfaceCounters(run.output('/proc/net/dev'))).toMatchObject({ 'rx errs': 0, 'rx frame': 0 });
    expect(run.output('ping -c 3')).toContain(' 0% packet loss');
  });
});
