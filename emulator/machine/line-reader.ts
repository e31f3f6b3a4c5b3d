/** Cuts a byte stream into lines (LF, a CR before it dropped); lines longer than a bound are dropped whole and counted. */
import { latin1 } from '../base/bytes.ts';

const LF = 0x0a;

export interface LineReaderState {
  readonly line: string;
  readonly overlong: boolean;
}

export class LineReader {
  tooLong = 0;
  readonly #maxLine: number;
  readonly #take: (line: string) => void;
  #line = '';
  #overlong = false;

  constructor(maxLine: number, take: (line: string) => void) {
    this.#maxLine = maxLine;
    this.#take = take;
  }

  feed(bytes: Uint8Array): void {
    let from = 0;
    for (;;) {
      const end = bytes.indexOf(LF, from);
      if (!this.#overlong) this.#line += latin1(bytes, from, end < 0 ? bytes.length : end);
      if (this.#line.length > this.#maxLine) {
        this.#overlong = true;
        this.#line = '';
      }
      if (end < 0) return;
      from = end + 1;
      const line = this.#line;
      this.#line = '';
      if (this.#overlong) this.tooLong++;
      else this.#take(line.endsWith('\r') ? line.slice(0, -1) : line);
      this.#overlong = false;
    }
  }

  save(): LineReaderState {
    return { line: this.#line, overlong: this.#overlong };
  }

  restore(state: LineReaderState): void {
    this.#line = state.line;
    this.#overlong = state.overlong;
  }

  reset(): void {
    this.#line = '';
    this.#overlong = false;
  }
}
