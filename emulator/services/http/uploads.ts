/**
 * What clients have uploaded: counted and hashed (SHA-256) as it comes. Content is kept as well when it is small: at most 1 MiB of
 * one upload and 16 MiB of all, the oldest going first; larger ones leave their length and hash only.
 */
import { Sha256 } from '../../base/sha256.ts';
import { ByteQueue } from '../byte-queue.ts';

export const KEEP_EACH = 0x10_0000;
const KEEP_TOTAL = 16 * KEEP_EACH;
const MAX_UPLOADS = 64;

export interface Upload {
  readonly name: string;
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** The whole content; null: too large, or dropped for newer ones. */
  readonly content: Uint8Array | null;
}

/** One line as the server answers it. */
export const uploadLine = ({ name, bytes, sha256 }: Upload): string =>
  `${name} bytes=${bytes} sha256=${sha256}\n`;

/** Letters, digits, dot, dash and underscore, at most 64; `.sha256` is the name of an upload's hash. */
export const isUploadName = (name: string): boolean =>
  /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/.test(name) && !name.endsWith('.sha256');

export class Uploads {
  /** Oldest first. */
  readonly #done = new Map<string, Upload>();
  /** Bytes of content held by finished and unfinished uploads. */
  #held = 0;

  begin(name: string): UploadInProgress {
    return new UploadInProgress(name, {
      mayHold: (more) => this.#mayHold(more),
      release: (bytes) => {
        this.#held -= bytes;
      },
      finish: (upload) => {
        this.#finish(upload);
      },
    });
  }

  get(name: string): Upload | undefined {
    return this.#done.get(name);
  }

  /** Oldest first. */
  list(): readonly Upload[] {
    return [...this.#done.values()];
  }

  /** Replaces what is finished; uploads in progress go on. */
  restore(uploads: readonly Upload[]): void {
    for (const name of [...this.#done.keys()]) this.#remove(name);
    for (const upload of uploads.slice(-MAX_UPLOADS)) {
      const size = upload.content?.length ?? 0;
      const keeps = size <= KEEP_EACH && this.#mayHold(size);
      this.#done.set(upload.name, keeps ? upload : { ...upload, content: null });
    }
  }

  #finish(upload: Upload): void {
    this.#remove(upload.name);
    this.#done.set(upload.name, upload);
    if (this.#done.size > MAX_UPLOADS) this.#remove(this.#done.keys().next().value!);
  }

  #remove(name: string): void {
    this.#held -= this.#done.get(name)?.content?.length ?? 0;
    this.#done.delete(name);
  }

  /** Counts `more` bytes as held if there is room for them, if need be by dropping the oldest contents. */
  #mayHold(more: number): boolean {
    for (const upload of this.#done.values()) {
      if (this.#held + more <= KEEP_TOTAL) break;
      if (!upload.content) continue;
      this.#held -= upload.content.length;
      this.#done.set(upload.name, { ...upload, content: null });
    }
    if (this.#held + more > KEEP_TOTAL) return false;
    this.#held += more;
    return true;
  }
}

interface Store {
  mayHold(more: number): boolean;
  release(bytes: number): void;
  finish(upload: Upload): void;
}

/** An upload that is coming in. Must be ended by `finish` or `cancel`. */
export class UploadInProgress {
  readonly #name: string;
  readonly #store: Store;
  readonly #hash = new Sha256();
  /** Null: not kept. */
  #kept: ByteQueue | null = new ByteQueue(KEEP_EACH);

  constructor(name: string, store: Store) {
    this.#name = name;
    this.#store = store;
  }

  /** Takes in `length` bytes of `b` from `at`; borrowed. */
  add(b: Uint8Array, at: number, length: number): void {
    this.#hash.update(b, at, length);
    if (!this.#kept) return;
    if (length > this.#kept.room || !this.#store.mayHold(length)) this.cancel();
    else this.#kept.push(b.subarray(at, at + length));
  }

  /** All has come: it replaces an older upload of this name. */
  finish(): Upload {
    const upload: Upload = {
      name: this.#name,
      bytes: this.#hash.length,
      sha256: this.#hash.hex(),
      content: this.#kept ? this.#kept.bytes.slice(this.#kept.from, this.#kept.to) : null,
    };
    this.#kept = null;
    this.#store.finish(upload);
    return upload;
  }

  /** Nothing of it is to be kept: it is too large, or was cut. */
  cancel(): void {
    this.#store.release(this.#kept?.length ?? 0);
    this.#kept = null;
  }
}
