/** That a saved state is plain data, shown by taking it through a copy that allows nothing else. */

/** A deep copy, as it would come out of a snapshot. Throws on anything but plain objects, arrays, Maps, byte arrays and primitive values. */
export function plainCopy<T>(value: T): T {
  return copy(value) as T;
}

function copy(value: unknown): unknown {
  if (typeof value === 'function' || typeof value === 'symbol')
    throw new Error(`not plain data: a ${typeof value}`);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return value.map(copy);
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [copy(k), copy(v)]));
  if (Object.getPrototypeOf(value) !== Object.prototype)
    throw new Error('not plain data: an object of a class');
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, copy(v)]));
}
