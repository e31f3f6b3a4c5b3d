import { describe, expect, it } from 'vitest';
import { latin1, latin1Bytes } from '../base/bytes.ts';
import { ManualClock } from '../time/manual-clock.ts';
import { ConsolePort } from './console-port.ts';
import { ConsoleSession, type CommandResult } from './console-session.ts';

const prompt = (code: number, host = 'vm1'): string =>
  `\x1b]133;D;${code}\x07\x1b]133;A\x07${host}:~# \x1b]133;B\x07`;

/** A shell that echoes what it gets; answers are scripted by the test. */
function setUp() {
  const clock = new ManualClock();
  const port = new ConsolePort(clock, 1_000_000);
  let typed = '';
  port.connect({ unread: () => 0, receive: (byte) => (typed += String.fromCharCode(byte)) });
  const machine = { console: port, sendConsole: (bytes: Uint8Array) => port.send(bytes) };
  const session = new ConsoleSession(machine, { clock, breathe: () => undefined });
  const commands: CommandResult[] = [];
  session.onCommand = (result) => commands.push(result);
  const out = (text: string): void => {
    for (const byte of latin1Bytes(text)) port.written(byte);
    port.flush();
  };
  const type = (text: string): void => {
    port.send(latin1Bytes(text));
    clock.advance(1_000_000);
  };
  return { clock, session, commands, out, type, typed: () => typed };
}

describe('ConsoleSession.run', () => {
  it('types at the prompt and answers output, exit code and times', async () => {
    const { clock, session, out, typed } = setUp();
    const result = session.run('false');
    clock.advance(1_000_000_000);
    expect(typed()).toBe('');
    out(`booting\r\n${prompt(0)}`);
    clock.advance(100_000_000);
    expect(typed()).toBe('false\r');
    out('false\r\n');
    clock.advance(50);
    out(`oh\r\nno\r\n${prompt(1)}`);
    const startedAt = 1_100_000_000;
    const expected = {
      command: 'false',
      output: 'oh\r\nno\r\n',
      exitCode: 1,
      startedAt,
      endedAt: startedAt + 50,
    };
    expect(await result).toEqual(expected);
  });

  it('runs queued commands one after the other', async () => {
    const { clock, session, out, typed } = setUp();
    out(prompt(0));
    const results = [session.run('a'), session.run('b')];
    clock.advance(10_000_000);
    expect(typed()).toBe('a\r');
    out(`a\r\n1\r\n${prompt(0)}`);
    clock.advance(10_000_000);
    expect(typed()).toBe('a\rb\r');
    out(`b\r\n2\r\n${prompt(0)}`);
    expect((await Promise.all(results)).map(({ output }) => output)).toEqual(['1\r\n', '2\r\n']);
  });

  it('follows a command line that the terminal’s edge breaks', async () => {
    const { clock, session, out } = setUp();
    session.columns = 20;
    out(prompt(0));
    const command = 'echo 0123456789abcdef';
    const result = session.run(command);
    clock.advance(10_000_000);
    out(`${command.slice(0, 13)}\r\r\n${command.slice(13)}\r\n0123456789abcdef\r\n${prompt(0)}`);
    expect((await result).output).toBe('0123456789abcdef\r\n');
  });

  it('refuses more than one line, and rejects what is lost when the machine goes off', async () => {
    const { clock, session, out } = setUp();
    await expect(session.run('a\nb')).rejects.toThrow(/one line/);
    out(prompt(0));
    const lost = [session.run('a'), session.run('b')];
    clock.advance(10_000_000);
    session.reset('switched off');
    await expect(lost[0]).rejects.toThrow(/a: switched off/);
    await expect(lost[1]).rejects.toThrow(/b: switched off/);
  });

  it('keeps the end of an endless output', async () => {
    const { clock, session, out } = setUp();
    out(prompt(0));
    const result = session.run('yes');
    clock.advance(10_000_000);
    out('yes\r\n');
    for (let i = 0; i < 200; i++) out('y'.repeat(1_000));
    out(`end\r\n${prompt(130)}`);
    const { output } = await result;
    expect(output.length).toBe(65_536);
    expect(output.endsWith('yend\r\n')).toBe(true);
  });
});

describe('ConsoleSession with a person at the keyboard', () => {
  it('finds the command as it stood on the screen, after corrections', () => {
    const { commands, out, type } = setUp();
    out(prompt(0));
    out('lx\b \bs -\b\b\x1b[Jl');
    type('\r');
    out(`\r\nfile\r\n${prompt(2)}`);
    expect(commands).toMatchObject([{ command: 'lsl', output: 'file\r\n', exitCode: 2 }]);
  });

  it('finds a command fetched from the history', () => {
    const { commands, out, type } = setUp();
    out(prompt(0));
    type('\x1b[A');
    out('\rvm1:~# ping 10.0.2.2\x1b[J');
    type('\r');
    out(`\r\nPING\r\n${prompt(0)}`);
    expect(commands.map(({ command }) => command)).toEqual(['ping 10.0.2.2']);
  });

  it('takes Enter alone and a list of completions for no command', () => {
    const { commands, out, type } = setUp();
    out(prompt(0));
    type('\r');
    out(`\r\n${prompt(0)}`);
    type('ls\t');
    out(`ls\r\nlsattr lscpu\r\n${prompt(0)}ls`);
    expect(commands).toEqual([]);
    type('\r');
    out(`\r\nx\r\n${prompt(0)}`);
    expect(commands.map(({ command }) => command)).toEqual(['ls']);
  });

  it('finds commands typed ahead', () => {
    const { commands, out, type } = setUp();
    out(prompt(0));
    type('sleep 5\r');
    out('sleep 5\r\n');
    type('date\r');
    out(`date\r\n${prompt(0)}date\r\nnow\r\n${prompt(0)}`);
    expect(commands.map(({ command, output }) => [command, output])).toEqual([
      ['sleep 5', 'date\r\n'],
      ['date', 'now\r\n'],
    ]);
  });

  it('tells prompts with the exit code, and passes all bytes on', () => {
    const { session, out } = setUp();
    const codes: (number | null)[] = [];
    let text = '';
    session.onPrompt = (code) => codes.push(code);
    session.onBytes = (bytes) => (text += latin1(bytes));
    const all = `a\x1b[31mb${prompt(7)}\x1b]0;title\x1b\\`;
    for (const byte of all) out(byte);
    expect(codes).toEqual([7]);
    expect(text).toBe(all);
    expect(session.atPrompt).toBe(true);
  });

  it('is not confused by broken marks', () => {
    const { session, out } = setUp();
    out(
      `\x1b]133;${'x'.repeat(10_000)}\x07\x1b\x1b]133;B\x1bq\x1b]133;D;999999999999999999999\x07${prompt(3)}`,
    );
    expect(session.atPrompt).toBe(true);
  });
});
