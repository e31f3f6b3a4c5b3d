import { describe, expect, it } from 'vitest';
import { parseCommandLine } from './args.ts';

const messageOf = (...argv: string[]): string => {
  const parsed = parseCommandLine(argv);
  return parsed.kind === 'error' ? parsed.message : parsed.kind;
};

describe('parseCommandLine', () => {
  it('reads a full command line', () => {
    const argv = 'run --path bridge --mac 08-00-27-00-00-01 --seed 7 --pcap f.pcapng --json'.split(' ');
    expect(parseCommandLine([...argv, '--exec', 'ping -c 3 filer', '--exec', 'ip a'])).toEqual({
      kind: 'run',
      args: {
        path: 'bridge',
        exec: ['ping -c 3 filer', 'ip a'],
        mac: '08:00:27:00:00:01',
        seed: 7,
        pcap: 'f.pcapng',
        json: true,
      },
    });
  });

  it('has defaults', () => {
    expect(parseCommandLine(['run'])).toEqual({
      kind: 'run',
      args: { path: 'nat', exec: [], mac: null, seed: 1, pcap: null, json: false },
    });
  });

  it('says in one sentence what is wrong', () => {
    expect(messageOf('fly')).toContain('Unknown command "fly"');
    expect(messageOf('run', '--path', 'wifi')).toContain('Unknown path "wifi"');
    expect(messageOf('run', '--mac', '52:54')).toContain('not a MAC address');
    expect(messageOf('run', '--seed', '-1')).toMatch(/seed/);
    expect(messageOf('run', '--seed', '4294967296')).toContain('--seed');
    expect(messageOf('run', '--exec', 'a\nb')).toContain('one line');
    expect(messageOf('run', '--frobnicate')).toContain('frobnicate');
    expect(messageOf('run', 'stray')).toContain('stray');
  });

  it('shows help when asked or when nothing is asked', () => {
    expect(messageOf()).toBe('help');
    expect(messageOf('--help')).toBe('help');
    expect(messageOf('run', '--help')).toBe('help');
  });
});
