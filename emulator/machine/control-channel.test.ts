import { describe, expect, it } from 'vitest';
import { latin1Bytes } from '../base/bytes.ts';
import { SECOND } from '../base/clock.ts';
import { ManualClock } from '../time/manual-clock.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { ConsolePort } from './console-port.ts';
import { ControlChannel } from './control-channel.ts';

function setUp() {
  const clock = new ManualClock();
  const port = new ConsolePort(clock, 1e9);
  let sent = '';
  const machine = {
    control: port,
    sendControl: (bytes: Uint8Array) => (sent += String.fromCharCode(...bytes)),
  };
  const channel = new ControlChannel(machine, { clock, breathe: () => undefined });
  const say = (text: string): void => {
    for (const byte of latin1Bytes(text)) port.written(byte);
    port.flush();
  };
  const taken = (): string => {
    const text = sent;
    sent = '';
    return text;
  };
  return { clock, channel, say, taken };
}

describe('ControlChannel', () => {
  it('holds requests until the guest is ready, then sends one at a time in order', async () => {
    const { channel, say, taken } = setUp();
    const results = [channel.ping(), channel.hostname('kermit')];
    expect(taken()).toBe('');
    say('!ready\n');
    expect(taken()).toBe('1 ping\n');
    say('1 ok\r\n');
    expect(taken()).toBe('2 hostname kermit\n');
    say('2 err not a host name\n');
    expect(await Promise.all(results)).toEqual([
      { ok: true, text: '' },
      { ok: false, error: 'not a host name' },
    ]);
  });

  it('gives up in virtual time, and goes on with the next request', async () => {
    const { clock, channel, say, taken } = setUp();
    say('!ready\n');
    const [first, second] = [channel.request('ping', '', 2 * SECOND), channel.rebind()];
    taken();
    clock.advance(2 * SECOND);
    expect(await first).toEqual({ ok: false, error: 'no answer in time' });
    expect(taken()).toBe('2 rebind\n');
    say('1 ok\n2 ok eth0 52:54:00:12:34:56\n');
    expect(await second).toEqual({ ok: true, text: 'eth0 52:54:00:12:34:56' });
    expect(channel.badLines).toBe(1);
    expect(clock.leftover).toBe(0);
  });

  it('counts what is no protocol and drops lines without end', () => {
    const { channel, say } = setUp();
    say(`hello\n99 ok\n${'x'.repeat(100_000)}\n!unknown thing\n\n`);
    expect(channel.badLines).toBe(2);
  });

  it('refuses line breaks', async () => {
    const { channel } = setUp();
    expect((await channel.hostname('a\nb')).ok).toBe(false);
  });

  it('sends a file in lines, never more than the window beyond what the guest has taken', async () => {
    const { channel, say, taken } = setUp();
    const bytes = Uint8Array.from({ length: 5_000 }, (_, i) => (i * 7) & 0xff);
    say('!ready\n');
    const result = channel.put('/tmp/x', bytes, 0o755);
    expect(taken()).toBe('1 put /tmp/x 755 5000\n');
    const got: number[] = [];
    say('!put 1 0\n');
    for (;;) {
      const text = taken();
      expect(text.length).toBeLessThanOrEqual(2_048);
      for (const line of text.split('\n').filter(Boolean)) got.push(...decodeBase64(line)!);
      if (got.length >= 5_000) break;
      say(`!put 1 ${got.length}\n`);
    }
    expect(Uint8Array.from(got)).toEqual(bytes);
    say('1 ok\n');
    expect((await result).ok).toBe(true);
  });

  it('reads a file, and says so when it did not come whole', async () => {
    const { channel, say } = setUp();
    say('!ready\n');
    const first = channel.get('/etc/hostname');
    say(`1 ok 4\n${encodeBase64(latin1Bytes('vm1\n'))}\n.\n`);
    expect(await first).toEqual({ ok: true, bytes: latin1Bytes('vm1\n') });
    const second = channel.get('/x');
    say('2 ok 4\ndm0=\n.\n');
    expect((await second).ok).toBe(false);
    const third = channel.get('/y');
    say('3 err /y: No such file or directory\n');
    expect(await third).toMatchObject({ ok: false, error: '/y: No such file or directory' });
    const fourth = channel.get('/z');
    say('4 ok 99999999999\n');
    expect((await fourth).ok).toBe(false);
  });

  it('takes a file that the guest hands out', () => {
    const { channel, say } = setUp();
    const files: [string, Uint8Array][] = [];
    channel.onFile = (name, bytes) => files.push([name, bytes]);
    say(`!ready\n!get a.txt 3\n${encodeBase64(latin1Bytes('abc'))}\n!end\n!get b 5\nYWJj\n!end\n`);
    expect(files).toEqual([['a.txt', latin1Bytes('abc')]]);
    expect(channel.badLines).toBe(1);
  });

  it('fails what waits when the agent is restarted or the machine goes off', async () => {
    const { clock, channel, say } = setUp();
    say('!ready\n');
    const first = channel.ping();
    say('!ready\n');
    expect(await first).toEqual({ ok: false, error: 'the agent was restarted' });
    const second = channel.ping();
    channel.reset('switched off');
    expect(await second).toEqual({ ok: false, error: 'switched off' });
    expect(channel.ready).toBe(false);
    expect(clock.leftover).toBe(0);
  });
});

describe('base64', () => {
  it('goes there and back for every length, as Node does it', () => {
    for (let length = 0; length < 20; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 89 + length * 31) & 0xff);
      const text = encodeBase64(bytes);
      expect(text).toBe(Buffer.from(bytes).toString('base64'));
      expect(decodeBase64(text)).toEqual(bytes);
    }
  });

  it('is null for anything else', () => {
    for (const text of ['a', 'abc', 'ab=c', 'ab c', '====', 'abc\n']) expect(decodeBase64(text)).toBeNull();
  });
});
