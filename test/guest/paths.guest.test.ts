/** The three paths with the real guest, through the command line as a user would run it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunReport } from '../../emulator/cli/report.ts';
import {
  DEFAULT_GUEST_MAC,
  DEFAULT_TOPOLOGY,
  PATHS,
  type PathKind,
} from '../../emulator/topology/topology.ts';
import { generatedBytes, parseSize } from '../../emulator/services/http/generated.ts';
import { addressesOf, macsOf, readPcapng } from '../harness/pcapng-read.ts';
import { hasPeer, peer, tapline } from '../harness/tapline.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'tapline-paths-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const PING = 'ping -c 20 192.168.76.2';

async function report(...args: readonly string[]): Promise<RunReport> {
  const { code, stdout, stderr } = await tapline('run', '--json', ...args);
  if (stdout === '') throw new Error(`no output, exit code ${code}: ${stderr}`);
  return JSON.parse(stdout) as RunReport;
}

/** SHA-256 of a file the filer generates. */
function sha256OfGenerated(name: string): string {
  const length = parseSize(name.replace(/\.bin$/, ''));
  if (length === null) throw new Error(name);
  const hash = createHash('sha256');
  const chunk = new Uint8Array(65_536);
  for (let at = 0; at < length; at += chunk.length) {
    const n = Math.min(chunk.length, length - at);
    generatedBytes(name, at, chunk, 0, n);
    hash.update(chunk.subarray(0, n));
  }
  return hash.digest('hex');
}

describe.each(PATHS)('path %s', (path: PathKind) => {
  it('answers 20 of 20 pings, twice with the same bytes, in a capture that tshark opens', async () => {
    const file = join(dir, `${path}.pcapng`);
    const first = await report('--path', path, '--seed', '7', '--exec', PING, '--pcap', file);
    expect(first.commands[0]).toMatchObject({ command: PING, exitCode: 0 });
    expect(first.commands[0]!.output).toContain(
      '20 packets transmitted, 20 packets received, 0% packet loss',
    );
    const bytes = readFileSync(file);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(first.pcapng.sha256);

    const second = await report('--path', path, '--seed', '7', '--exec', PING);
    expect(second.pcapng.sha256).toBe(first.pcapng.sha256);
    expect(second.commands).toEqual(first.commands);

    const frames = readPcapng(bytes);
    expect(frames).toHaveLength(first.frames);
    const echoes = frames.filter((f) => f.iface === 'filer.eth0' && f.bytes[23] === 1 && f.bytes[34] === 8);
    expect(echoes).toHaveLength(20);

    if (hasPeer('tshark') && hasPeer('capinfos')) {
      const infos = await peer('capinfos', file);
      expect(infos).toMatchObject({ code: 0, stderr: '' });
      expect(infos.stdout).toContain('nanoseconds');
      const list = await peer(
        'tshark',
        '-n',
        '-r',
        file,
        '-T',
        'fields',
        '-e',
        'frame.interface_name',
        '-e',
        'frame.protocols',
      );
      expect(list.code).toBe(0);
      expect(list.stdout.trim().split('\n')).toHaveLength(first.frames);
      const odd = await peer(
        'tshark',
        '-n',
        '-r',
        file,
        '-Y',
        '_ws.malformed || _ws.expert.severity >= 0x800000',
      );
      expect(odd.stdout).toBe('');
    }
  });

  it('downloads 20 MB and uploads 20 MB intact', async () => {
    const expected = sha256OfGenerated('20M.bin');
    const result = await report(
      '--path', path,
      '--exec', 'wget -q -O /tmp/20M.bin http://192.168.76.2/20M.bin',
      '--exec', 'sha256sum /tmp/20M.bin',
      // busybox wget's --post-file stops at the first NUL byte, so the request is put together by hand.
      '--exec', "(printf 'PUT /upload/back HTTP/1.0\\r\\nContent-Length: 20971520\\r\\n\\r\\n'; cat /tmp/20M.bin) | nc 192.168.76.2 80",
    ); // prettier-ignore
    expect(result.commands.map((c) => c.exitCode)).toEqual([0, 0, 0]);
    expect(result.commands[1]!.output).toContain(expected);
    expect(result.commands[2]!.output).toContain(`sha256=${expected}`);
  });
});

describe('what the filer sees', () => {
  const { alpha, beta } = DEFAULT_TOPOLOGY.macs;

  async function atFiler(path: PathKind): Promise<{ macs: Set<string>; addresses: Set<string> }> {
    const file = join(dir, `seen-${path}.pcapng`);
    await report('--path', path, '--exec', 'ping -c 2 192.168.76.2', '--exec', 'wget -q -O /dev/null http://192.168.76.2/1M.bin', '--pcap', file); // prettier-ignore
    const frames = readPcapng(readFileSync(file)).filter((f) => f.iface === 'filer.eth0');
    return { macs: new Set(frames.flatMap(macsOf)), addresses: new Set(frames.flatMap(addressesOf)) };
  }

  it("behind NAT: alpha's MAC, never the guest's, and no address of 10.0.2.x", async () => {
    const { macs, addresses } = await atFiler('nat');
    expect(macs).toContain(alpha);
    expect(macs).not.toContain(DEFAULT_GUEST_MAC);
    expect([...addresses].filter((a) => a.startsWith('10.'))).toEqual([]);
  });

  it("bridged: the guest's own MAC", async () => {
    const { macs } = await atFiler('bridge');
    expect(macs).toContain(DEFAULT_GUEST_MAC);
  });

  it("native: beta's MAC, never the guest's", async () => {
    const { macs } = await atFiler('native');
    expect(macs).toContain(beta);
    expect(macs).not.toContain(DEFAULT_GUEST_MAC);
  });
});

describe('the driver', () => {
  it('8139too finds the card and says nothing that worries', async () => {
    const result = await report('--path', 'bridge', '--exec', 'dmesg -r', '--exec', 'ethtool -i eth0', '--exec', 'ethtool eth0', '--exec', 'cat /proc/net/dev'); // prettier-ignore
    const [dmesg, driver, link, devices] = result.commands.map((c) => c.output);
    // <0> to <4>: emergency to warning.
    const worrying = dmesg!
      .split('\n')
      .filter((l) => /^<[0-4]>/.test(l) && /8139|eth0|NETDEV|irq 11/i.test(l));
    expect(worrying).toEqual([]);
    expect(driver).toContain('driver: 8139too');
    expect(link).toMatch(/Speed: 100Mb\/s/);
    expect(link).toMatch(/Duplex: Full/);
    expect(link).toMatch(/Link detected: yes/);
    // Bytes, packets, errs, drop, fifo, frame of the receiver; then the transmitter's.
    const counts = /eth0:\s+(.*)/.exec(devices!)![1]!.trim().split(/\s+/).map(Number);
    expect(counts[1]).toBeGreaterThan(0);
    expect([...counts.slice(2, 6), ...counts.slice(10, 16)].every((n) => n === 0)).toBe(true);
  });
});

describe('bad input to the command line', () => {
  it('gets one sentence and exit code 2', async () => {
    for (const args of [['--path', 'wifi'], ['--mac', '52:54'], ['--seed', 'x'], ['--nonsense']]) {
      const { code, stdout, stderr } = await tapline('run', ...args);
      expect(code).toBe(2);
      expect(stdout).toBe('');
      expect(stderr.trim().split('\n')).toHaveLength(1);
    }
  });

  it('passes on the first exit code that is not zero', async () => {
    const { code } = await tapline('run', '--exec', 'true', '--exec', 'sh -c "exit 7"', '--exec', 'false');
    expect(code).toBe(7);
  });
});
