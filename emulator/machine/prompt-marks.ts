/**
 * Finds the OSC 133 marks in a terminal's byte stream: `ESC ] 133 ; D ; CODE BEL` (a command ended), `A` (a prompt begins), `B` (it ends; what follows is typed).
 * The guest's shell writes D, A, prompt, B at each prompt; there is no C mark. Also ends with ST (`ESC \`). Everything else passes as text.
 */

export type Mark =
  | { readonly kind: 'prompt-start' }
  | { readonly kind: 'prompt-end' }
  | { readonly kind: 'command-end'; readonly exitCode: number | null };

export interface MarkSink {
  /** `bytes[from..to)` are text; borrowed. */
  text(bytes: Uint8Array, from: number, to: number): void;
  mark(mark: Mark): void;
}

const ESC = 0x1b;
const BEL = 0x07;
const CLOSE_BRACKET = 0x5d;
const BACKSLASH = 0x5c;
/** Longer than any mark; a longer OSC is given up. */
const MAX_OSC = 64;

type Place = 'text' | 'escape' | 'osc' | 'osc-escape';

export interface PromptMarksState {
  readonly place: Place;
  readonly osc: string;
}

export class PromptMarks {
  readonly #sink: MarkSink;
  #place: Place = 'text';
  #osc = '';

  constructor(sink: MarkSink) {
    this.#sink = sink;
  }

  save(): PromptMarksState {
    return { place: this.#place, osc: this.#osc };
  }

  restore(state: PromptMarksState): void {
    this.#place = state.place;
    this.#osc = state.osc;
  }

  feed(bytes: Uint8Array): void {
    let textFrom = 0;
    const flush = (to: number): void => {
      if (to > textFrom) this.#sink.text(bytes, textFrom, to);
    };
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!;
      switch (this.#place) {
        case 'text':
          if (byte !== ESC) break;
          flush(i);
          this.#place = 'escape';
          break;
        case 'escape':
          if (byte === CLOSE_BRACKET) {
            this.#place = 'osc';
            this.#osc = '';
          } else {
            // Some other sequence (a colour, a cursor movement): it is text, its ESC included.
            this.#sink.text(ESCAPE, 0, 1);
            textFrom = i;
            this.#place = byte === ESC ? 'escape' : 'text';
            if (byte === ESC) textFrom = i + 1;
          }
          break;
        case 'osc':
          if (byte === BEL) textFrom = this.#finish(i);
          else if (byte === ESC) this.#place = 'osc-escape';
          else if (this.#osc.length < MAX_OSC) this.#osc += String.fromCharCode(byte);
          else textFrom = this.#giveUp(i);
          break;
        case 'osc-escape':
          textFrom = byte === BACKSLASH ? this.#finish(i) : this.#giveUp(i);
          break;
      }
    }
    if (this.#place === 'text') flush(bytes.length);
  }

  #finish(i: number): number {
    this.#place = 'text';
    const mark = parseMark(this.#osc);
    if (mark !== null) this.#sink.mark(mark);
    return i + 1;
  }

  #giveUp(i: number): number {
    this.#place = 'text';
    return i + 1;
  }
}

const ESCAPE = Uint8Array.of(ESC);

function parseMark(osc: string): Mark | null {
  const [number, letter, argument] = osc.split(';');
  if (number !== '133') return null;
  if (letter === 'A') return { kind: 'prompt-start' };
  if (letter === 'B') return { kind: 'prompt-end' };
  if (letter !== 'D') return null;
  return {
    kind: 'command-end',
    exitCode: argument !== undefined && /^\d+$/.test(argument) ? Number(argument) : null,
  };
}
