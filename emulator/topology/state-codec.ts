/**
 * Plain data as bytes and back: what `save()` gives, as JSON with the byte arrays behind it. Layout: length of the JSON part (32 bits, little-endian), the JSON part in
 * Latin-1 (other characters are escaped), the bytes of all typed arrays.
 *
 * JSON knows neither typed arrays nor Maps nor infinite numbers: these are objects with the one key `$`. Leaves out Sets, Dates, bigints and cycles: encoding one
 * throws, as it is a mistake of the part that saves.
 */
import { latin1, latin1Bytes, put32le, u32le } from '../base/bytes.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const ARRAYS = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f64: Float64Array,
} as const;
type ArrayKind = keyof typeof ARRAYS;
const NUMBERS = { Infinity, '-Infinity': -Infinity, NaN } as const;
const MAX_DEPTH = 64;

export function encodeState(state: unknown): Uint8Array<ArrayBuffer> {
  const blobs: Uint8Array[] = [];
  let blobBytes = 0;
  const encode = (value: unknown): Json => {
    if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
    if (typeof value === 'number') {
      // JSON would make -0 a 0, too.
      if (Object.is(value, -0)) return { $: ['number', '-0'] };
      return Number.isFinite(value) ? value : { $: ['number', String(value)] };
    }
    if (Array.isArray(value)) return value.map(encode);
    if (ArrayBuffer.isView(value)) {
      const kind = (Object.keys(ARRAYS) as ArrayKind[]).find((name) => value instanceof ARRAYS[name]);
      if (kind === undefined) throw new TypeError(`a state holds a ${value.constructor.name}`);
      const at = blobBytes;
      blobs.push(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      blobBytes += value.byteLength;
      return { $: [kind, at, value.byteLength] };
    }
    if (value instanceof Map) return { $: ['map', [...value].map((entry) => entry.map(encode))] };
    if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
      if ('$' in value) throw new TypeError('a state holds the key $');
      return Object.fromEntries(
        Object.entries(value).flatMap(([key, part]) => (part === undefined ? [] : [[key, encode(part)]])),
      );
    }
    throw new TypeError(`a state holds a ${typeof value}`);
  };
  const text = JSON.stringify(encode(state)).replace(
    /[^\0-\xff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const json = latin1Bytes(text);
  const bytes = new Uint8Array(4 + json.length + blobBytes);
  put32le(bytes, 0, json.length);
  bytes.set(json, 4);
  let at = 4 + json.length;
  for (const blob of blobs) {
    bytes.set(blob, at);
    at += blob.length;
  }
  return bytes;
}

/** What `encodeState` was given, in new objects; null when the bytes are nothing it made. Never throws. */
export function decodeState(bytes: Uint8Array): { readonly state: unknown } | null {
  if (bytes.length < 4) return null;
  const start = 4 + u32le(bytes, 0);
  if (start > bytes.length) return null;
  /** Bytes may be named more than once: all arrays together are no longer than the file. */
  let room = bytes.length - start;
  const special = (parts: Json, depth: number): unknown => {
    if (!Array.isArray(parts)) throw new TypeError('malformed');
    const [kind, a, b] = parts;
    if (kind === 'number' && a === '-0') return -0;
    if (kind === 'number' && Object.hasOwn(NUMBERS, String(a))) return NUMBERS[a as keyof typeof NUMBERS];
    if (kind === 'map' && Array.isArray(a))
      return new Map(a.map((entry) => decode(entry, depth) as [unknown, unknown]));
    if (typeof kind !== 'string' || !Object.hasOwn(ARRAYS, kind)) throw new TypeError('malformed');
    const Typed = ARRAYS[kind as ArrayKind];
    const whole = Number.isInteger(a) && Number.isInteger(b);
    if (!whole || typeof a !== 'number' || typeof b !== 'number') throw new TypeError('malformed');
    room -= b;
    if (a < 0 || b < 0 || room < 0 || start + a + b > bytes.length || b % Typed.BYTES_PER_ELEMENT !== 0)
      throw new TypeError('malformed');
    // Not the slice of a subclass: Node's Buffer does not copy.
    const copy = new Uint8Array(b);
    copy.set(bytes.subarray(start + a, start + a + b));
    return new Typed(copy.buffer);
  };
  const decode = (value: Json, depth: number): unknown => {
    if (depth > MAX_DEPTH) throw new TypeError('malformed');
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map((part) => decode(part, depth + 1));
    if ('$' in value) return special(value['$']!, depth + 1);
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, decode(part, depth + 1)]));
  };
  try {
    return { state: decode(JSON.parse(latin1(bytes, 4, start)) as Json, 0) };
  } catch {
    return null;
  }
}
