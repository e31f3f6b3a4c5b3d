/** Random content made as it is sent and compared as it arrives, so that its length costs no memory. */
import type { HostStream } from '../../emulator/base/host-sockets.ts';
import { Xoshiro128 } from '../../emulator/base/random.ts';

const CHUNK = 65_536;

/** The bytes of one seed, a chunk at a time. */
class Content {
  readonly chunk = new Uint8Array(CHUNK);
  readonly #random: Xoshiro128;

  constructor(seed: number) {
    this.#random = new Xoshiro128(seed);
    this.next();
  }

  next(): void {
    this.#random.fill(this.chunk);
  }
}

/** Writes `length` bytes of content into a stream, then ends it. */
export class Sender {
  sent = 0;
  #ended = false;
  readonly #content: Content;
  readonly #length: number;

  constructor(seed: number, length: number) {
    this.#content = new Content(seed);
    this.#length = length;
  }

  /** Sends as much as the stream takes now. */
  pump(stream: HostStream): void {
    while (this.sent < this.#length) {
      const at = this.sent % CHUNK;
      const n = stream.send(this.#content.chunk, at, Math.min(CHUNK - at, this.#length - this.sent));
      if (n === 0) return;
      this.sent += n;
      if (at + n === CHUNK) this.#content.next();
    }
    if (!this.#ended) this.#ended = stream.shutdownSend();
  }
}

/** Reads a stream and compares; throws at the first byte that is another. */
export class Receiver {
  received = 0;
  readonly #content: Content;
  readonly #buffer = new Uint8Array(CHUNK);

  constructor(seed: number) {
    this.#content = new Content(seed);
  }

  pump(stream: HostStream): void {
    for (;;) {
      const at = this.received % CHUNK;
      const n = stream.recv(this.#buffer, 0, CHUNK - at);
      if (n === 0) return;
      const want = this.#content.chunk;
      for (let i = 0; i < n; i++)
        if (this.#buffer[i] !== want[at + i])
          throw new Error(`byte ${this.received + i} is ${this.#buffer[i]}, ${want[at + i]} was sent`);
      this.received += n;
      if (at + n === CHUNK) this.#content.next();
    }
  }
}
