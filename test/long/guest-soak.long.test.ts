/** The real guest's 8139too at work for long: floods of small frames, a nervous administrator, a capture inside, a reboot. */
import { describe, expect, it } from 'vitest';
import { exec, guestRun, interfaceCounters, LEASE, NO_ERRORS, REBOOT, worrying } from './guest.ts';
import { scaled } from './scale.ts';

const FILER = '192.168.76.2';
const PINGERS = 10;
const ALL_ANSWERED = /, 0% packet loss/g;

/** `count` echo requests, ten pings side by side so that bursts meet the ring; prints the statistics of each. */
const flood = (count: number): string =>
  `(for i in 0 1 2 3 4 5 6 7 8 9; do ping -q -c ${Math.ceil(count / PINGERS)} -i 0.001 -s 18 ${FILER} & done; wait)`;
const UP_AND_DOWN =
  'i=0; while [ $i -lt 100 ]; do ip link set eth0 down; ip link set eth0 up; i=$((i+1)); done';
const CAPTURE = `tcpdump -n -i eth0 -c 20 -w /tmp/t.pcap icmp 2>/dev/null & sleep 1; ping -q -c 20 -i 0.1 ${FILER} >/dev/null; wait`;

describe.concurrent('the real guest', () => {
  const count = scaled(15_000);

  it.each([
    { path: 'bridge', seed: 71 },
    { path: 'nat', seed: 72 },
  ] as const)(
    `path $path: ${2 * count} small frames, 100 times down and up, a capture, a reboot (seed $seed)`,
    async ({ path, seed }) => {
      const run = await guestRun(path, seed, [
        LEASE,
        exec(flood(count)),
        exec('cat /proc/net/dev'),
        exec(UP_AND_DOWN),
        exec('sleep 8'),
        exec(`ping -c 3 ${FILER}`),
        exec(CAPTURE),
        exec('tcpdump -n -r /tmp/t.pcap'),
        exec('ethtool -S eth0'),
        exec('dmesg -r; cat /proc/net/dev'),
        ...REBOOT,
        exec('cat /proc/uptime'),
        exec(`ping -c 4 ${FILER}`),
        exec('dmesg -r; true'),
      ]);
      expect(run.commands.map((c) => [c.command, c.exitCode]).filter(([, code]) => code !== 0)).toEqual([]);
      expect(run.output('for i in').match(ALL_ANSWERED)).toHaveLength(PINGERS);
      const counters = interfaceCounters(run.output('cat /proc/net/dev'));
      expect(counters).toMatchObject(NO_ERRORS);
      expect(counters['rx packets']).toBeGreaterThanOrEqual(count);
      expect(counters['tx packets']).toBeGreaterThanOrEqual(count);
      expect(run.output('ping -c 3')).toContain(' 0% packet loss');
      const seen = run.output('-r /tmp/t.pcap').split('\n');
      expect(seen.filter((line) => line.includes('ICMP echo request'))).toHaveLength(10);
      expect(seen.filter((line) => line.includes('ICMP echo reply'))).toHaveLength(10);
      expect(run.output('ethtool -S')).toMatch(/tx_timeouts: 0\n\s*rx_lost_in_ring: 0/);
      expect(interfaceCounters(run.output('dmesg -r; cat'))).toMatchObject(NO_ERRORS);
      expect(worrying(run.output('dmesg -r; cat'))).toEqual([]);
      // The kernel that answers now was not there three seconds before the lease.
      expect(Number(run.output('uptime').split(' ')[0])).toBeLessThan(6);
      expect(run.output('ping -c 4')).toContain(' 0% packet loss');
      expect(worrying(run.output('dmesg -r; true'))).toEqual([]);
      const [before, after] = run.addresses;
      expect(after).toBe(before);
    },
  );

  it('8139too.use_io=1: the card through its ports: floods, downloads, down and up (seed 73)', async () => {
    const pings = scaled(1_000);
    const run = await guestRun(
      'bridge',
      73,
      [
        LEASE,
        // The driver maps the memory BAR in the other mode.
        exec('grep -c rtl8139_init_one /proc/vmallocinfo; true'),
        exec(flood(pings)),
        exec(`wget -q -O - http://${FILER}/5M.bin | wc -c`),
        exec(UP_AND_DOWN),
        exec('sleep 8'),
        exec(`ping -c 3 ${FILER}`),
        exec('dmesg -r; cat /proc/net/dev'),
      ],
      '8139too.use_io=1',
    );
    expect(run.output('vmallocinfo').trim()).toBe('0');
    expect(run.output('for i in').match(ALL_ANSWERED)).toHaveLength(PINGERS);
    expect(run.output('wget').trim()).toBe(String(5 * 2 ** 20));
    expect(run.output('ping -c 3')).toContain(' 0% packet loss');
    expect(worrying(run.output('dmesg'))).toEqual([]);
    expect(interfaceCounters(run.output('dmesg'))).toMatchObject(NO_ERRORS);
  });
});
