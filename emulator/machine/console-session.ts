/**
 * The shell on a machine's ttyS0, by its OSC 133 marks: when it is at a prompt, what was run there, what it printed, how it ended.
 *
 * Commands of a script (`run`) and of a person at the keyboard are found the same way: the line as it stood on the screen when Enter was echoed. Times are
 * virtual: from the echo of Enter to the mark that ends the command.
 */
import { latin1, latin1Bytes } from '../base/bytes.ts';
import { MILLISECOND, type Clock, type Nanos, type Timer } from '../base/clock.ts';
import type { ConsolePort } from './console-port.ts';
import { LineScreen, type LineScreenState } from './line-screen.ts';
import { PromptMarks, type Mark, type PromptMarksState } from './prompt-marks.ts';

/** The end of a longer output is kept. */
const MAX_OUTPUT = 64 * 1024;
const MAX_QUEUED = 1024;
/** The shell still sets up the terminal when its prompt is out; what is typed earlier is echoed twice. */
const TYPING_DELAY: Nanos = 5 * MILLISECOND;
const DEFAULT_COLUMNS = 80;
const CR = 0x0d;
const LF = 0x0a;

export interface CommandResult {
  readonly command: string;
  /** Console text (Latin-1, lines end with CR LF) between the command line and the next prompt; the last 64 KiB of it. */
  readonly output: string;
  readonly exitCode: number;
  readonly startedAt: Nanos;
  readonly endedAt: Nanos;
}

/** What a session needs of a machine; `Machine` has it. */
export interface SessionMachine {
  readonly console: ConsolePort;
  sendConsole(bytes: Uint8Array): void;
}

/** What a session and a control channel need of the world; `MachineWorld` has it. */
export interface SessionWorld {
  readonly clock: Clock;
  /** A script that awaits a result goes on at the very instant of the result. */
  breathe(): void;
}

type Phase =
  /** Booting, or something runs. */
  | 'busy'
  /** Between the marks A and B. */
  | 'prompt'
  /** After B: what comes is echo. */
  | 'typing';

interface Queued {
  readonly command: string;
  readonly resolve: (result: CommandResult) => void;
  readonly reject: (error: Error) => void;
}

/** What outlives the realm: what is on the console's line, not the commands of scripts, whose promises cannot. */
export interface ConsoleSessionState {
  readonly columns: number;
  readonly phase: Phase;
  readonly exitCode: number | null;
  readonly at: Nanos;
  readonly promptAt: Nanos;
  readonly promptWidth: number;
  readonly enters: number;
  readonly entersAhead: number;
  readonly command: string;
  readonly startedAt: Nanos | null;
  readonly output: string;
  readonly marks: PromptMarksState;
  readonly line: LineScreenState;
}

export class ConsoleSession {
  /** The shell is at a prompt; `exitCode` is that of the command before it (null when unknown). */
  onPrompt: (exitCode: number | null, at: Nanos) => void = () => undefined;
  /** A command ended, whoever typed it. */
  onCommand: (result: CommandResult) => void = () => undefined;
  /** All console bytes, for the terminal. Owned by the callee. */
  onBytes: (bytes: Uint8Array, at: Nanos) => void = () => undefined;
  /** Width of the terminal, as the guest was told: where the shell breaks long command lines. */
  columns = DEFAULT_COLUMNS;
  readonly #machine: SessionMachine;
  readonly #world: SessionWorld;
  readonly #typing: Timer;
  readonly #marks = new PromptMarks({
    text: (bytes, from, to) => this.#text(bytes, from, to),
    mark: (mark) => this.#mark(mark),
  });
  readonly #line = new LineScreen();
  readonly #queue: Queued[] = [];
  #running: Queued | null = null;
  #phase: Phase = 'busy';
  #exitCode: number | null = null;
  #at: Nanos = 0;
  #promptAt: Nanos = 0;
  #promptWidth = 0;
  /** Enters typed at this prompt, and those typed ahead of it (programs may have read some of these). */
  #enters = 0;
  #entersAhead = 0;
  #command = '';
  #startedAt: Nanos | null = null;
  #output = '';
  #waiters: (() => void)[] = [];

  constructor(machine: SessionMachine, world: SessionWorld) {
    this.#machine = machine;
    this.#world = world;
    this.#typing = world.clock.timer(() => this.#typeNext());
    machine.console.onOutput = (bytes, at) => {
      this.#at = at;
      this.#marks.feed(bytes);
      this.onBytes(bytes, at);
    };
    machine.console.onInput = (byte) => {
      if (byte !== CR && byte !== LF) return;
      if (this.#phase === 'typing') {
        this.#entersAhead = 0;
        this.#enters++;
      } else this.#entersAhead++;
    };
  }

  get atPrompt(): boolean {
    return this.#phase === 'typing';
  }

  /** Resolves when the shell is at a prompt (at once when it is). */
  prompt(): Promise<void> {
    if (this.atPrompt && this.#running === null) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Types `command` and Enter at the next free prompt. One line, Latin-1. */
  run(command: string): Promise<CommandResult> {
    if (/[\r\n]/.test(command)) return Promise.reject(new Error('a command is one line'));
    if (this.#queue.length >= MAX_QUEUED) return Promise.reject(new Error('too many commands are waiting'));
    return new Promise((resolve, reject) => {
      this.#queue.push({ command, resolve, reject });
      this.#runNext();
    });
  }

  dispose(): void {
    this.reset('the session has ended');
    this.#typing.dispose();
    this.#machine.console.onOutput = () => undefined;
    this.#machine.console.onInput = () => undefined;
  }

  /** The machine was switched off: commands that wait or run fail. */
  reset(reason: string): void {
    const lost = this.#running === null ? this.#queue.splice(0) : [this.#running, ...this.#queue.splice(0)];
    this.#running = null;
    this.#phase = 'busy';
    this.#startedAt = null;
    this.#enters = 0;
    this.#entersAhead = 0;
    this.#typing.cancel();
    this.#line.clear();
    for (const { reject, command } of lost) reject(new Error(`${command}: ${reason}`));
  }

  save(): ConsoleSessionState {
    return {
      columns: this.columns,
      phase: this.#phase,
      exitCode: this.#exitCode,
      at: this.#at,
      promptAt: this.#promptAt,
      promptWidth: this.#promptWidth,
      enters: this.#enters,
      entersAhead: this.#entersAhead,
      command: this.#command,
      startedAt: this.#startedAt,
      output: this.#output,
      marks: this.#marks.save(),
      line: this.#line.save(),
    };
  }

  /** Whoever waits for a prompt has it, if there was one; commands that wait are typed. */
  restore(state: ConsoleSessionState): void {
    this.columns = state.columns;
    this.#phase = state.phase;
    this.#exitCode = state.exitCode;
    this.#at = state.at;
    this.#promptAt = state.promptAt;
    this.#promptWidth = state.promptWidth;
    this.#enters = state.enters;
    this.#entersAhead = state.entersAhead;
    this.#command = state.command;
    this.#startedAt = state.startedAt;
    this.#output = state.output;
    this.#marks.restore(state.marks);
    this.#line.restore(state.line);
    if (!this.atPrompt || this.#running !== null) return;
    for (const resolve of this.#waiters.splice(0)) resolve();
    this.#runNext();
  }

  /** Types the next command when the shell has been at its prompt for a moment. */
  #runNext(): void {
    if (this.#running !== null || this.#phase !== 'typing' || this.#queue.length === 0) return;
    this.#typing.arm(Math.max(this.#world.clock.now(), this.#promptAt + TYPING_DELAY));
  }

  #typeNext(): void {
    if (this.#running !== null || this.#phase !== 'typing') return;
    const next = this.#queue.shift();
    if (next === undefined) return;
    this.#running = next;
    this.#machine.sendConsole(latin1Bytes(`${next.command}\r`));
  }

  #text(bytes: Uint8Array, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      if (this.#phase === 'busy') return this.#keep(latin1(bytes, i, to));
      const byte = bytes[i]!;
      if (byte !== LF) this.#line.put(byte);
      else if (this.#phase === 'typing') this.#newline();
    }
  }

  /** Enter was echoed, or the shell broke a long line, or it lists completions. */
  #newline(): void {
    const width = this.#line.widthBeforeReturn;
    const typed = width - this.#promptWidth;
    const atEdge = width > this.#promptWidth && width % this.columns === 0;
    if (atEdge && (this.#running === null || typed < this.#running.command.length)) this.#line.unwrap();
    else if (this.#enters > 0 || this.#entersAhead > 0) this.#entered();
  }

  /** Enter was echoed: the line is the command. */
  #entered(): void {
    this.#command = this.#running?.command ?? this.#line.text(this.#promptWidth).trim();
    if (this.#enters > 0) this.#enters--;
    else this.#entersAhead--;
    this.#phase = 'busy';
    this.#startedAt = this.#at;
    this.#output = '';
  }

  #keep(text: string): void {
    if (this.#startedAt === null) return;
    this.#output += text;
    if (this.#output.length > 2 * MAX_OUTPUT) this.#output = this.#output.slice(-MAX_OUTPUT);
  }

  #mark(mark: Mark): void {
    if (mark.kind === 'command-end') {
      this.#exitCode = mark.exitCode;
      this.#entersAhead += this.#enters;
      this.#enters = 0;
      this.#ended();
    } else if (mark.kind === 'prompt-start') {
      this.#phase = 'prompt';
      this.#line.clear();
    } else {
      this.#phase = 'typing';
      this.#promptWidth = this.#line.cursor;
      this.#promptAt = this.#at;
      this.#world.breathe();
      this.onPrompt(this.#exitCode, this.#at);
      for (const resolve of this.#waiters.splice(0)) resolve();
      this.#runNext();
    }
  }

  /** An empty line (Enter alone) is no command. */
  #ended(): void {
    const startedAt = this.#startedAt;
    this.#startedAt = null;
    if (startedAt === null) return;
    const result: CommandResult = {
      command: this.#command,
      output: this.#output.slice(-MAX_OUTPUT),
      exitCode: this.#exitCode ?? -1,
      startedAt,
      endedAt: this.#at,
    };
    this.#output = '';
    const running = this.#running;
    this.#running = null;
    this.#world.breathe();
    if (result.command !== '') this.onCommand(result);
    running?.resolve(result);
  }
}
