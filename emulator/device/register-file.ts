/**
 * A device's register window: a table of registers compiled into one dispatch over its 256 byte offsets.
 *
 * A driver may use any width at any offset. Here, and nowhere else, an access that is not exactly one register is cut at
 * register borders and each piece turned into an access of the whole register, in ascending order of offsets.
 * Holes read 0 and ignore writes; an access that touches no register at all is reported.
 */

export type AccessWidth = 1 | 2 | 4;

/** What a driver may do: `locked` takes writes only while the chip's configuration is unlocked; `clear` is set to 0 by any write. */
export type RegisterAccess = 'RW' | 'RO' | 'WO' | 'W1C' | 'locked' | 'clear';

/**
 * What a write of only some bytes of a register does.
 * - `merge`: the other bytes keep their value.
 * - `zero`: the other bytes count as 0; for registers where a one acts and a zero does not.
 * - `latch`: pieces are collected and act together when the last (highest) byte is written.
 */
export type PartialWrite = 'merge' | 'zero' | 'latch';

/** One row of a register table. */
export interface Register<Chip> {
  readonly at: number;
  readonly width: AccessWidth;
  /** As the datasheet spells it. */
  readonly name: string;
  readonly access: RegisterAccess;
  /** Value after power-on. */
  readonly reset: number;
  /** One line for people. */
  readonly meaning: string;
  /** The value now. Changes nothing: panels use it as well. Absent: reads 0. */
  readonly read?: (chip: Chip) => number;
  /** Absent: writes are ignored. `value` is unsigned and as wide as the register. */
  readonly write?: (chip: Chip, value: number) => void;
  /** `merge` when absent. */
  readonly partial?: PartialWrite;
  /** What a guest's read of this byte of the register changes, after the value was taken. */
  readonly onRead?: { readonly byte: number; readonly act: (chip: Chip) => void };
}

/** A register as a panel or a generated table shows it. */
export interface RegisterView {
  readonly name: string;
  readonly offset: number;
  readonly width: AccessWidth;
  readonly access: RegisterAccess;
  readonly meaning: string;
  readonly reset: number;
  readonly value: number;
}

export type Unmodelled = (kind: 'read' | 'write', offset: number, width: number, value: number) => void;

/** Collected bytes of half-written `latch` registers: pairs of offset and value. */
export type RegisterFileState = readonly (readonly [number, number])[];

const WINDOW = 256;

const maskOf = (width: number): number => (width === 4 ? -1 : (1 << (8 * width)) - 1);

export class RegisterFile<Chip> {
  readonly #chip: Chip;
  readonly #rows: readonly Register<Chip>[];
  readonly #unmodelled: Unmodelled;
  /** The register that a byte offset belongs to. */
  readonly #owner: (Register<Chip> | null)[] = new Array<Register<Chip> | null>(WINDOW).fill(null);
  /** Half-written values by register offset. */
  readonly #latched = new Map<number, number>();

  /** Throws when two rows overlap or leave the window. */
  constructor(chip: Chip, rows: readonly Register<Chip>[], unmodelled: Unmodelled) {
    this.#chip = chip;
    this.#rows = rows;
    this.#unmodelled = unmodelled;
    for (const row of rows) {
      if (row.at < 0 || row.at + row.width > WINDOW) throw new Error(`${row.name} lies outside the window`);
      for (let i = row.at; i < row.at + row.width; i++) {
        const other = this.#owner[i];
        if (other) throw new Error(`${row.name} overlaps ${other.name}`);
        this.#owner[i] = row;
      }
    }
  }

  /** Unsigned. `offset` is taken modulo 256. */
  read(offset: number, width: AccessWidth): number {
    const at = offset & (WINDOW - 1);
    const row = this.#owner[at];
    if (!row || row.at !== at || row.width !== width) return this.#readPieces(at, width);
    const value = row.read === undefined ? 0 : row.read(this.#chip);
    if (row.onRead !== undefined) row.onRead.act(this.#chip);
    return value >>> 0;
  }

  write(offset: number, width: AccessWidth, value: number): void {
    const at = offset & (WINDOW - 1);
    const row = this.#owner[at];
    if (row && row.at === at && row.width === width) this.#writeWhole(row, value & maskOf(width));
    else this.#writePieces(at, width, value);
  }

  /** All registers with their values, without any side effect. */
  views(): RegisterView[] {
    return this.#rows.map((row) => ({
      name: row.name,
      offset: row.at,
      width: row.width,
      access: row.access,
      meaning: row.meaning,
      reset: row.reset,
      value: (row.read?.(this.#chip) ?? 0) >>> 0,
    }));
  }

  /** Forgets half-written values. */
  reset(): void {
    this.#latched.clear();
  }

  save(): RegisterFileState {
    return [...this.#latched];
  }

  restore(state: RegisterFileState): void {
    this.#latched.clear();
    for (const [at, value] of state) this.#latched.set(at, value);
  }

  #readPieces(at: number, width: number): number {
    let value = 0;
    let known = false;
    for (let i = 0; i < width;) {
      const row = this.#owner[at + i];
      if (!row) {
        i++;
        continue;
      }
      known = true;
      const skip = at + i - row.at;
      const count = Math.min(width - i, row.width - skip);
      const whole = row.read === undefined ? 0 : row.read(this.#chip);
      value |= ((whole >>> (8 * skip)) & maskOf(count)) << (8 * i);
      if (row.onRead !== undefined && row.onRead.byte >= skip && row.onRead.byte < skip + count) {
        row.onRead.act(this.#chip);
      }
      i += count;
    }
    if (!known) this.#unmodelled('read', at, width, 0);
    return value >>> 0;
  }

  #writePieces(at: number, width: number, value: number): void {
    let known = false;
    for (let i = 0; i < width;) {
      const row = this.#owner[at + i];
      if (!row) {
        i++;
        continue;
      }
      known = true;
      const skip = at + i - row.at;
      const count = Math.min(width - i, row.width - skip);
      const piece = (value >>> (8 * i)) & maskOf(count);
      if (count === row.width) this.#writeWhole(row, piece);
      else this.#writePart(row, skip, count, piece);
      i += count;
    }
    if (!known) this.#unmodelled('write', at, width, (value & maskOf(width)) >>> 0);
  }

  #writeWhole(row: Register<Chip>, value: number): void {
    if (row.partial === 'latch') this.#latched.delete(row.at);
    if (row.write !== undefined) row.write(this.#chip, value >>> 0);
  }

  #writePart(row: Register<Chip>, skip: number, count: number, piece: number): void {
    if (row.write === undefined) return;
    const shifted = piece << (8 * skip);
    if (row.partial === 'zero') {
      row.write(this.#chip, shifted >>> 0);
      return;
    }
    const latched = row.partial === 'latch' ? this.#latched.get(row.at) : undefined;
    const before = latched ?? row.read?.(this.#chip) ?? 0;
    const merged = ((before & ~(maskOf(count) << (8 * skip))) | shifted) >>> 0;
    if (row.partial === 'latch' && skip + count < row.width) this.#latched.set(row.at, merged);
    else this.#writeWhole(row, merged);
  }
}
