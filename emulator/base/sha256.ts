/**
 * SHA-256, incremental. Follows FIPS 180-4 §4.1.2, §5.1.1, §5.3.3, §6.2.
 * Written here because the emulator is compiled without a platform library and the platform's own digest is neither incremental
 * nor synchronous; for checking transfers, not for secrets. Leaves out: messages of 2^53 bytes and more.
 */
import { put32be, u32be } from './bytes.ts';

const BLOCK = 64;

/** §4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const K = fractions((prime) => Math.cbrt(prime), 64);
/** §5.3.3: the same of the square roots of the first eight primes. */
const H0 = fractions((prime) => Math.sqrt(prime), 8);

/**
 * The first 32 bits are the same on every engine: no root used here lies nearer than 0.005 to the edge of its last bit, and a root
 * that is off by a whole unit in the last place moves by 0.000004.
 */
function fractions(root: (prime: number) => number, count: number): Int32Array {
  const words = new Int32Array(count);
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) {
    if (primes.some((p) => n % p === 0)) continue;
    words[primes.length] = (root(n) % 1) * 0x1_0000_0000;
    primes.push(n);
  }
  return words;
}

/** Plain-data state: the eight words, the bytes of an unfinished block, the bytes hashed so far. */
export interface Sha256State {
  readonly h: readonly number[];
  readonly tail: readonly number[];
  readonly length: number;
}

export class Sha256 {
  readonly #h = H0.slice();
  readonly #w = new Int32Array(BLOCK);
  /** Holds `length % 64` bytes. */
  readonly #tail = new Uint8Array(BLOCK);
  #length = 0;

  /** Bytes hashed so far. */
  get length(): number {
    return this.#length;
  }

  /** Takes in `length` bytes of `bytes` from `at`; borrowed until the call returns. */
  update(bytes: Uint8Array, at = 0, length = bytes.length - at): this {
    const end = at + length;
    const held = this.#length % BLOCK;
    this.#length += length;
    let p = at;
    if (held > 0) {
      const take = Math.min(BLOCK - held, length);
      for (let i = 0; i < take; i++) this.#tail[held + i] = bytes[p++]!;
      if (held + take < BLOCK) return this;
      this.#block(this.#tail, 0);
    }
    for (; p + BLOCK <= end; p += BLOCK) this.#block(bytes, p);
    for (let i = 0; p < end; i++) this.#tail[i] = bytes[p++]!;
    return this;
  }

  /** The digest of what was taken in so far, 32 bytes owned by the caller; more may be taken in afterwards. */
  digest(): Uint8Array {
    const last = new Sha256();
    last.restore(this.save());
    const held = this.#length % BLOCK;
    const padding = new Uint8Array(held < 56 ? BLOCK - held : 2 * BLOCK - held);
    padding[0] = 0x80;
    put32be(padding, padding.length - 8, Math.floor(this.#length / 0x2000_0000));
    put32be(padding, padding.length - 4, (this.#length * 8) % 0x1_0000_0000);
    last.update(padding);
    const out = new Uint8Array(32);
    last.#h.forEach((word, i) => {
      put32be(out, 4 * i, word);
    });
    return out;
  }

  /** The digest in lower-case hexadecimal, as `sha256sum` prints it. */
  hex(): string {
    let text = '';
    for (const byte of this.digest()) text += byte.toString(16).padStart(2, '0');
    return text;
  }

  save(): Sha256State {
    return {
      h: [...this.#h],
      tail: [...this.#tail.subarray(0, this.#length % BLOCK)],
      length: this.#length,
    };
  }

  restore(state: Sha256State): void {
    this.#h.set(state.h);
    this.#tail.set(state.tail);
    this.#length = state.length;
  }

  /** §6.2.2 on one block. */
  #block(bytes: Uint8Array, at: number): void {
    const h = this.#h;
    const w = this.#w;
    for (let t = 0; t < 16; t++) w[t] = u32be(bytes, at + 4 * t);
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15]!;
      const y = w[t - 2]!;
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[t] = (s1 + w[t - 7]! + s0 + w[t - 16]!) | 0;
    }
    let a = h[0]!;
    let b = h[1]!;
    let c = h[2]!;
    let d = h[3]!;
    let e = h[4]!;
    let f = h[5]!;
    let g = h[6]!;
    let k = h[7]!;
    for (let t = 0; t < 64; t++) {
      const S1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (k + S1 + ((e & f) ^ (~e & g)) + K[t]! + w[t]!) | 0;
      const S0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (S0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      k = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    h[0] = (h[0]! + a) | 0;
    h[1] = (h[1]! + b) | 0;
    h[2] = (h[2]! + c) | 0;
    h[3] = (h[3]! + d) | 0;
    h[4] = (h[4]! + e) | 0;
    h[5] = (h[5]! + f) | 0;
    h[6] = (h[6]! + g) | 0;
    h[7] = (h[7]! + k) | 0;
  }
}

/** The SHA-256 of `bytes` in lower-case hexadecimal. */
export const sha256Hex = (bytes: Uint8Array): string => new Sha256().update(bytes).hex();
