/** Stand-ins for everything around the card, which remember what it did to them. */
import { copyFrame, type Frame } from '../../../base/frame.ts';
import type { Fate, Ledger, WorkKind } from '../../../base/ledger.ts';
import { ignoreFrame, ignoreReady, type Link } from '../../../base/link.ts';
import type { DeviceEvents, GuestMemory, InterruptLine } from '../../../base/machine-ports.ts';

/** RAM from 0 that refuses everything outside, as the machine does. */
export class FakeMemory implements GuestMemory {
  readonly ram: Uint8Array;
  /** Accepted writes: address and length. */
  readonly writes: [number, number][] = [];

  constructor(size: number) {
    this.ram = new Uint8Array(size);
  }

  read(address: number, into: Uint8Array, at: number, length: number): boolean {
    if (!this.#inside(address, length, into, at)) return false;
    into.set(this.ram.subarray(address, address + length), at);
    return true;
  }

  write(address: number, from: Uint8Array, at: number, length: number): boolean {
    if (!this.#inside(address, length, from, at)) return false;
    this.ram.set(from.subarray(at, at + length), address);
    this.writes.push([address, length]);
    return true;
  }

  /** A device that names bytes outside its own buffer has a bug. */
  #inside(address: number, length: number, buffer: Uint8Array, at: number): boolean {
    if (at < 0 || length < 0 || at + length > buffer.length) throw new Error('outside the device buffer');
    return address >= 0 && address + length <= this.ram.length;
  }
}

export class FakeLine implements InterruptLine {
  level = false;
  /** Times the line went high. */
  rises = 0;
  /** Calls that changed nothing. */
  repeats = 0;
  onRise: () => void = () => undefined;

  set(asserted: boolean): void {
    if (asserted === this.level) {
      this.repeats++;
      return;
    }
    this.level = asserted;
    if (!asserted) return;
    this.rises++;
    this.onRise();
  }
}

export class FakeLink implements Link {
  /** Copies of the frames the card sent. */
  readonly sent: Frame[] = [];
  isReady = true;
  onReady: () => void = ignoreReady;
  onReceive: (frame: Frame) => void = ignoreFrame;
  /** Called from inside `transmit`, as a host that answers at once. */
  onTransmit: (frame: Frame) => void = ignoreFrame;

  ready(): boolean {
    return this.isReady;
  }

  transmit(frame: Frame): void {
    this.sent.push(copyFrame(frame));
    this.onTransmit(frame);
  }
}

export class FakeEvents implements DeviceEvents {
  readonly unknown: string[] = [];
  readonly refused: [number, number][] = [];
  changes = 0;

  unmodelled(kind: 'read' | 'write', offset: number, width: number, value: number): void {
    this.unknown.push(`${kind} ${offset.toString(16)}/${width} ${value.toString(16)}`);
  }

  badDma(address: number, length: number): void {
    this.refused.push([address, length]);
  }

  changed(): void {
    this.changes++;
  }
}

/** Writes down stages as `stage#packet fate` in the order in which they end, and adds up work. */
export class FakeLedger implements Ledger {
  readonly enabled = true;
  readonly stages: string[] = [];
  readonly work: Partial<Record<WorkKind, number>> = {};
  readonly #open: string[] = [];

  enter(stage: string, packet: number): void {
    this.#open.push(`${stage}#${packet}`);
  }

  leave(fate: Fate): void {
    this.stages.push(`${this.#open.pop() ?? 'none'} ${fate}`);
  }

  count(kind: WorkKind, amount: number): void {
    this.work[kind] = (this.work[kind] ?? 0) + amount;
  }

  carries(): void {
    // The card knows nothing of streams.
  }

  get openStages(): number {
    return this.#open.length;
  }
}
