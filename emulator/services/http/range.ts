/** One byte range of a representation. Follows RFC 9110 §14.1.2, §14.2. Leaves out: several ranges (the whole is sent, as allowed). */

export interface ByteRange {
  readonly from: number;
  /** After the last byte. */
  readonly to: number;
}

/** The range that `Range: …` asks of `size` bytes; null: to be ignored; `unsatisfiable`: no such bytes. */
export function parseRange(header: string, size: number): ByteRange | 'unsatisfiable' | null {
  const match = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(header);
  if (!match || (match[1] === '' && match[2] === '')) return null;
  if (match[1] === '') {
    const last = Number(match[2]);
    return last === 0 || size === 0 ? 'unsatisfiable' : { from: Math.max(0, size - last), to: size };
  }
  const from = Number(match[1]);
  const to = match[2] === '' ? size : Math.min(Number(match[2]) + 1, size);
  if (match[2] !== '' && Number(match[2]) < from) return null;
  return from >= size ? 'unsatisfiable' : { from, to };
}
