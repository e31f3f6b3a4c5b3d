/**
 * One line of a terminal, as line editors redraw it: printable bytes, backspace, carriage return, cursor left/right, erase. What stands on the line
 * when Enter is echoed is the command, whatever was typed, deleted or fetched from the history to get there.
 * Leaves out: everything that leaves the line; a line broken at the terminal's edge is one long line here (`unwrap`). Bytes are Latin-1.
 */

/** Cells kept; what a person types past that is not followed. */
const MAX_CELLS = 4096;
const ESC = 0x1b;

export interface LineScreenState {
  readonly cells: readonly string[];
  readonly cursor: number;
  readonly beforeReturn: number;
  readonly sequence: string | null;
  readonly escape: boolean;
}

export class LineScreen {
  #cells: string[] = [];
  #cursor = 0;
  /** Where the cursor stood before the last carriage return. */
  #beforeReturn = 0;
  /** Inside `ESC [ …`: its parameters so far; null outside. */
  #sequence: string | null = null;
  #escape = false;

  get cursor(): number {
    return this.#cursor;
  }

  /** Where the cursor stood when a newline (CR LF) came. */
  get widthBeforeReturn(): number {
    return this.#cursor === 0 ? this.#beforeReturn : this.#cursor;
  }

  /** The newline was only the edge of the terminal: the line goes on. */
  unwrap(): void {
    this.#cursor = this.widthBeforeReturn;
  }

  /** The line from column `from` on, without trailing blanks. */
  text(from: number): string {
    return Array.from(
      { length: Math.max(0, this.#cells.length - from) },
      (_, i) => this.#cells[from + i] ?? ' ',
    )
      .join('')
      .trimEnd();
  }

  clear(): void {
    this.#cells = [];
    this.#cursor = 0;
    this.#beforeReturn = 0;
    this.#sequence = null;
    this.#escape = false;
  }

  save(): LineScreenState {
    return {
      cells: Array.from(this.#cells, (cell: string | undefined) => cell ?? ' '),
      cursor: this.#cursor,
      beforeReturn: this.#beforeReturn,
      sequence: this.#sequence,
      escape: this.#escape,
    };
  }

  restore(state: LineScreenState): void {
    this.#cells = [...state.cells];
    this.#cursor = state.cursor;
    this.#beforeReturn = state.beforeReturn;
    this.#sequence = state.sequence;
    this.#escape = state.escape;
  }

  put(byte: number): void {
    if (this.#sequence !== null) return this.#inSequence(byte, this.#sequence);
    if (this.#escape) {
      this.#escape = false;
      if (byte === 0x5b) this.#sequence = '';
      return;
    }
    if (byte === ESC) this.#escape = true;
    else if (byte === 0x08) this.#cursor = Math.max(0, this.#cursor - 1);
    else if (byte === 0x0d) {
      if (this.#cursor > 0) this.#beforeReturn = this.#cursor;
      this.#cursor = 0;
    } else if (byte >= 0x20 && byte !== 0x7f && this.#cursor < MAX_CELLS) {
      this.#cells[this.#cursor++] = String.fromCharCode(byte);
    }
  }

  #inSequence(byte: number, parameters: string): void {
    if (byte < 0x40 || byte > 0x7e) {
      this.#sequence = parameters.length < 16 ? parameters + String.fromCharCode(byte) : parameters;
      return;
    }
    this.#sequence = null;
    const amount = Math.max(1, Number.parseInt(parameters, 10) || 1);
    switch (String.fromCharCode(byte)) {
      case 'C':
        this.#cursor = Math.min(MAX_CELLS, this.#cursor + amount);
        break;
      case 'D':
        this.#cursor = Math.max(0, this.#cursor - amount);
        break;
      case 'J':
      case 'K':
        this.#cells.length = Math.min(this.#cells.length, this.#cursor);
        break;
      case 'P':
        this.#cells.splice(this.#cursor, amount);
        break;
    }
  }
}
