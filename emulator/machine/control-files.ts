/** Files on the control channel: base64 lines in both directions, with the guest's progress notices as flow control when it receives. */
import { decodeBase64, encodeBase64 } from './base64.ts';

/** Bytes in a line of 64 characters. */
const LINE_BYTES = 48;
/** Bytes under way beyond the guest's last progress notice: with newlines below the 2 KiB its buffers are sure to hold. */
const WINDOW_BYTES = 1_440;
/** Longest file taken from a guest. */
export const MAX_FILE = 64 << 20;

/** A file on its way to the guest. */
export class OutgoingFile {
  readonly #bytes: Uint8Array;
  #sent = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes.slice();
  }

  /** The guest has taken `taken` bytes: the lines it may be sent now. */
  linesAfter(taken: number): string {
    let lines = '';
    while (this.#sent < this.#bytes.length && this.#sent - taken < WINDOW_BYTES) {
      const end = Math.min(this.#sent + LINE_BYTES, this.#bytes.length);
      lines += `${encodeBase64(this.#bytes.subarray(this.#sent, end))}\n`;
      this.#sent = end;
    }
    return lines;
  }
}

/** A file on its way from the guest, told its length beforehand. */
export class IncomingFile {
  readonly name: string;
  readonly #bytes: Uint8Array;
  #have = 0;
  #broken = false;

  constructor(name: string, length: number) {
    this.name = name;
    this.#bytes = new Uint8Array(length);
  }

  line(text: string): void {
    const part = decodeBase64(text);
    if (part === null || this.#have + part.length > this.#bytes.length) {
      this.#broken = true;
      return;
    }
    this.#bytes.set(part, this.#have);
    this.#have += part.length;
  }

  /** The whole file; null when it did not come whole. */
  finish(): Uint8Array | null {
    return this.#broken || this.#have !== this.#bytes.length ? null : this.#bytes;
  }
}
