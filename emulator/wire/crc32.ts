/**
 * CRC-32 as Ethernet uses it for the frame check sequence.
 * Follows: IEEE 802.3 §3.2.9 (polynomial 0x04C11DB7, bits of a byte least significant first, start and end inverted).
 * Leaves out: combining partial sums; frames here are always whole.
 */

const REFLECTED_POLYNOMIAL = 0xedb88320;

/**
 * Eight tables of 256, one after the other ("slicing by eight"): table k answers for a byte that k more bytes follow, so
 * eight bytes need eight independent look-ups instead of a chain of eight.
 */
const TABLES: Int32Array = buildTables();

function buildTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? REFLECTED_POLYNOMIAL : 0);
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const previous = tables[i - 256]!;
    tables[i] = (previous >>> 8) ^ tables[previous & 0xff]!;
  }
  return tables;
}

/** The FCS of `bytes[at..end)` as an unsigned number; on the wire and in memory its least significant byte comes first. */
export function crc32(bytes: Uint8Array, at = 0, end = bytes.length): number {
  const t = TABLES;
  let crc = -1;
  let i = at;
  for (; i + 8 <= end; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc =
      t[1792 + (crc & 0xff)]! ^
      t[1536 + ((crc >>> 8) & 0xff)]! ^
      t[1280 + ((crc >>> 16) & 0xff)]! ^
      t[1024 + (crc >>> 24)]! ^
      t[768 + bytes[i + 4]!]! ^
      t[512 + bytes[i + 5]!]! ^
      t[256 + bytes[i + 6]!]! ^
      t[bytes[i + 7]!]!;
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ t[(crc ^ bytes[i]!) & 0xff]!;
  return ~crc >>> 0;
}
