/**
 * The line protocol on a machine's second serial port (ttyS1), spoken with the guest's agent (wasm/guest/README.md, "Control channel").
 *
 * Host to guest: `ID VERB ARGS`. Guest to host: `ID ok [TEXT]` or `ID err TEXT`; lines that begin with `!` come unasked. Requests wait until the guest
 * says `!ready`; answers are matched by ID; timeouts are virtual time and start anew with each sign of progress.
 */
import { latin1Bytes } from '../base/bytes.ts';
import { SECOND, type Nanos, type Timer } from '../base/clock.ts';
import type { ConsolePort } from './console-port.ts';
import type { SessionWorld } from './console-session.ts';
import { IncomingFile, MAX_FILE, OutgoingFile } from './control-files.ts';
import { LineReader, type LineReaderState } from './line-reader.ts';

const MAX_LINE = 4096;
const MAX_PENDING = 256;
export const DEFAULT_TIMEOUT: Nanos = 30 * SECOND;

export type ControlResult =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly error: string };

export type FileResult =
  { readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly error: string };

/** What the channel needs of a machine; `Machine` has it. */
export interface ControlMachine {
  readonly control: ConsolePort;
  sendControl(bytes: Uint8Array): void;
}

interface Request {
  readonly line: string;
  readonly timeout: Nanos;
  readonly timer: Timer;
  readonly settle: (result: ControlResult) => void;
  /** The file a `put` sends. */
  readonly file: OutgoingFile | null;
  /** A `get`: its answer is followed by the file. */
  readonly wantsFile: boolean;
}

/** The file that comes in now: as the answer to a `get`, or unasked (null). */
interface Incoming {
  readonly file: IncomingFile;
  readonly answerTo: number | null;
}

/** What outlives the realm: not the requests, whose promises cannot. */
export interface ControlChannelState {
  readonly ready: boolean;
  readonly nextId: number;
  readonly lines: LineReaderState;
}

export class ControlChannel {
  /** The guest hands out a file (`lab-get`). Owned by the callee. */
  onFile: (name: string, bytes: Uint8Array) => void = () => undefined;
  /** The guest's agent is there; again when it was restarted. */
  onReady: () => void = () => undefined;
  /** Lines that answered nothing or were no protocol, and files that did not come whole. */
  badLines = 0;
  readonly #machine: ControlMachine;
  readonly #world: SessionWorld;
  readonly #lines = new LineReader(MAX_LINE, (line) => this.#take(line));
  readonly #pending = new Map<number, Request>();
  readonly #files = new Map<number, Uint8Array | null>();
  #nextId = 1;
  #ready = false;
  /** The request that is at the guest: one at a time, because any other in the middle of a file breaks it off. */
  #active: number | null = null;
  #incoming: Incoming | null = null;

  constructor(machine: ControlMachine, world: SessionWorld) {
    this.#machine = machine;
    this.#world = world;
    machine.control.onOutput = (bytes) => this.#lines.feed(bytes);
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Sends a request; the answer's text, or why there is none. Never rejects. */
  request(verb: string, args = '', timeout: Nanos = DEFAULT_TIMEOUT): Promise<ControlResult> {
    return new Promise((settle) => this.#start(verb, args, timeout, settle, null, false));
  }

  ping(): Promise<ControlResult> {
    return this.request('ping');
  }

  hostname(name: string): Promise<ControlResult> {
    return this.request('hostname', name);
  }

  /** Mixes up to 512 bytes, in hexadecimal, into the guest's random pool. */
  seed(hex: string): Promise<ControlResult> {
    return this.request('seed', hex);
  }

  /** The network driver lets go of the card and takes it again, which reads its EEPROM anew. Text: `eth0 MAC`. */
  rebind(): Promise<ControlResult> {
    return this.request('rebind');
  }

  /** Drops the DHCP lease and asks for a new one. */
  renew(): Promise<ControlResult> {
    return this.request('renew');
  }

  winsize(rows: number, columns: number): Promise<ControlResult> {
    return this.request('winsize', `${rows} ${columns}`);
  }

  /** Writes a file in the guest; `mode` as in chmod. Copies the bytes. */
  put(
    path: string,
    bytes: Uint8Array,
    mode = 0o644,
    timeout: Nanos = DEFAULT_TIMEOUT,
  ): Promise<ControlResult> {
    const args = `${path} ${mode.toString(8)} ${bytes.length}`;
    return new Promise((settle) => this.#start('put', args, timeout, settle, new OutgoingFile(bytes), false));
  }

  /** Reads a file of the guest. */
  get(path: string, timeout: Nanos = DEFAULT_TIMEOUT): Promise<FileResult> {
    return new Promise((resolve) => {
      const settle = (result: ControlResult): void => {
        const bytes = this.#files.get(id);
        this.#files.delete(id);
        if (!result.ok) resolve(result);
        else resolve(bytes ? { ok: true, bytes } : { ok: false, error: `${path} did not come whole` });
      };
      const id = this.#start('get', path, timeout, settle, null, true);
    });
  }

  /** The machine was switched off: what waits for an answer gets `reason`. */
  reset(reason: string): void {
    this.#ready = false;
    this.#active = null;
    this.#lines.reset();
    this.#incoming = null;
    for (const id of [...this.#pending.keys()]) this.#settle(id, refused(reason));
  }

  save(): ControlChannelState {
    return { ready: this.#ready, nextId: this.#nextId, lines: this.#lines.save() };
  }

  /** Requests made meanwhile go out if the guest's agent was there. Answers to those of the saved channel count as bad lines. */
  restore(state: ControlChannelState): void {
    this.#ready = state.ready;
    this.#nextId = Math.max(this.#nextId, state.nextId);
    this.#lines.restore(state.lines);
    this.#sendNext();
  }

  #start(
    verb: string,
    args: string,
    timeout: Nanos,
    settle: (result: ControlResult) => void,
    file: OutgoingFile | null,
    wantsFile: boolean,
  ): number {
    const id = this.#nextId++;
    const line = `${id} ${verb}${args === '' ? '' : ` ${args}`}`;
    if (/[\r\n]/.test(line) || line.length > MAX_LINE) settle(refused('a request is one line'));
    else if (this.#pending.size >= MAX_PENDING) settle(refused('too many requests are waiting'));
    else {
      const timer = this.#world.clock.timer(() => this.#settle(id, refused('no answer in time')));
      this.#pending.set(id, { line, timeout, timer, settle, file, wantsFile });
      timer.arm(this.#world.clock.now() + timeout);
      this.#sendNext();
    }
    return id;
  }

  /** Requests go out in the order in which they were made. */
  #sendNext(): void {
    if (!this.#ready || this.#active !== null) return;
    const [next] = this.#pending;
    if (next === undefined) return;
    this.#active = next[0];
    this.#send(`${next[1].line}\n`);
  }

  #send(text: string): void {
    if (text !== '') this.#machine.sendControl(latin1Bytes(text));
  }

  #settle(id: number, result: ControlResult): void {
    const request = this.#pending.get(id);
    if (request === undefined) {
      this.badLines++;
      return;
    }
    this.#pending.delete(id);
    request.timer.dispose();
    this.#world.breathe();
    request.settle(result);
    if (this.#active === id) this.#active = null;
    this.#sendNext();
  }

  #take(line: string): void {
    if (this.#incoming !== null && this.#takeData(line, this.#incoming)) return;
    if (line === '') return;
    if (line.startsWith('!')) return this.#notice(line.slice(1));
    const match = /^(\d{1,15}) (ok|err)(?: (.*))?$/.exec(line);
    if (match === null) {
      this.badLines++;
      return;
    }
    const id = Number(match[1]);
    const text = match[3] ?? '';
    if (match[2] === 'err') return this.#settle(id, refused(text));
    const length = Number.parseInt(text, 10);
    if (this.#pending.get(id)?.wantsFile !== true) this.#settle(id, { ok: true, text });
    else if (!(length >= 0 && length <= MAX_FILE))
      this.#settle(id, refused('a file of an impossible length'));
    else this.#incoming = { file: new IncomingFile('', length), answerTo: id };
  }

  /** A line while a file comes in; false when it is not part of it. */
  #takeData(line: string, incoming: Incoming): boolean {
    const { file, answerTo } = incoming;
    if (line === (answerTo === null ? '!end' : '.')) {
      this.#incoming = null;
      const bytes = file.finish();
      if (bytes === null) this.badLines++;
      if (answerTo !== null) {
        this.#files.set(answerTo, bytes);
        this.#settle(answerTo, { ok: true, text: '' });
        this.#files.delete(answerTo);
      } else if (bytes !== null) this.onFile(file.name, bytes);
      return true;
    }
    // The agent was restarted in the middle, or something else than a file comes.
    if (!/^[A-Za-z0-9+/=]+$/.test(line)) return false;
    file.line(line);
    if (answerTo !== null) this.#progress(answerTo);
    return true;
  }

  #notice(text: string): void {
    if (text === 'ready') return this.#becomeReady();
    const [verb, first = '', second = ''] = text.split(' ');
    const amount = /^\d{1,9}$/.test(second) ? Number(second) : -1;
    if (verb === 'put' && amount >= 0) this.#progress(Number(first), amount);
    else if (verb === 'get' && amount >= 0 && amount <= MAX_FILE) {
      this.#incoming = { file: new IncomingFile(first, amount), answerTo: null };
    }
  }

  /** The request goes on: its time begins anew, and a `put` may send more. */
  #progress(id: number, taken = 0): void {
    const request = this.#pending.get(id);
    if (request === undefined) return;
    request.timer.arm(this.#world.clock.now() + request.timeout);
    if (request.file !== null) this.#send(request.file.linesAfter(taken));
  }

  /** Also after a restart of the agent, which has forgotten what it was asked. */
  #becomeReady(): void {
    const restarted = this.#ready;
    this.#ready = true;
    this.#incoming = null;
    if (restarted) {
      for (const id of [...this.#pending.keys()]) this.#settle(id, refused('the agent was restarted'));
    }
    this.#sendNext();
    this.#world.breathe();
    this.onReady();
  }
}

const refused = (error: string): ControlResult => ({ ok: false, error });
