/**
 * The snapshot file: a header of fixed size, then the payload as its maker compressed it. All numbers little-endian.
 *
 *     0  magic "TAPLSNAP"        20  length of the payload      32  SHA-256 of all other bytes of the file
 *     8  version                 24  its length uncompressed    64  SHA-256 of kernel, initrd, BIOS and v86.wasm,
 *    12  kind                    28  0                              by which the state was made
 *    16  compression                192  payload
 *
 * Whoever reads it compares first and allocates later: nothing here allocates by a length from the file, and the lengths that are handed out are within the
 * limits. Leaves out compressing (the platform's) and what the payload means (`state-codec.ts`).
 */
import { hex, hexBytes, latin1, latin1Bytes, put32le, u32le } from '../base/bytes.ts';
import { Sha256 } from '../base/sha256.ts';

export const SNAPSHOT_VERSION = 1;
const MAGIC = 'TAPLSNAP';
const DIGEST_AT = 32;
const DIGEST = 32;
const IMAGES_AT = DIGEST_AT + DIGEST;
/** Where the payload begins. */
export const SNAPSHOT_HEADER_BYTES = 192;
export const MAX_PAYLOAD = 64 << 20;
/** Uncompressed. A guest has 128 MiB. */
export const MAX_RAW = 192 << 20;

const KINDS = ['prompt'] as const;
/** `prompt`: a guest at its first prompt, cable unplugged, no lease, no TCP socket made. */
export type SnapshotKind = (typeof KINDS)[number];

const COMPRESSIONS = ['none', 'gzip', 'zstd'] as const;
export type SnapshotCompression = (typeof COMPRESSIONS)[number];

/** SHA-256 in hexadecimal of what the saved machine ran on: another image, another snapshot. */
export interface SnapshotImages {
  readonly bzImage: string;
  readonly initrd: string;
  readonly bios: string;
  readonly v86Wasm: string;
}

export interface SnapshotFile {
  readonly kind: SnapshotKind;
  readonly compression: SnapshotCompression;
  readonly rawLength: number;
  readonly payload: Uint8Array;
}

export type SnapshotFileResult =
  { readonly ok: true; readonly file: SnapshotFile } | { readonly ok: false; readonly error: string };

const imageList = ({ bzImage, initrd, bios, v86Wasm }: SnapshotImages): readonly string[] => [
  bzImage,
  initrd,
  bios,
  v86Wasm,
];

/** Copies the payload. Throws a RangeError when it is longer than a reader would take. */
export function writeSnapshotFile(file: SnapshotFile, images: SnapshotImages): Uint8Array<ArrayBuffer> {
  const { payload, rawLength } = file;
  if (payload.length > MAX_PAYLOAD || rawLength > MAX_RAW) throw new RangeError('the snapshot is too large');
  const bytes = new Uint8Array(SNAPSHOT_HEADER_BYTES + payload.length);
  bytes.set(latin1Bytes(MAGIC));
  put32le(bytes, 8, SNAPSHOT_VERSION);
  put32le(bytes, 12, KINDS.indexOf(file.kind));
  put32le(bytes, 16, COMPRESSIONS.indexOf(file.compression));
  put32le(bytes, 20, payload.length);
  put32le(bytes, 24, rawLength);
  imageList(images).forEach((digest, i) => {
    bytes.set(hexBytes(digest).subarray(0, DIGEST), IMAGES_AT + DIGEST * i);
  });
  bytes.set(payload, SNAPSHOT_HEADER_BYTES);
  bytes.set(digestOf(bytes), DIGEST_AT);
  return bytes;
}

/** The file's parts, or in one sentence why it is none. `payload` is a view of `bytes`. Never throws. */
export function readSnapshotFile(bytes: Uint8Array, images: SnapshotImages): SnapshotFileResult {
  if (bytes.length < MAGIC.length || latin1(bytes, 0, MAGIC.length) !== MAGIC)
    return refused('it is not a Tapline snapshot');
  if (bytes.length < SNAPSHOT_HEADER_BYTES) return refused('it is truncated');
  const version = u32le(bytes, 8);
  if (version !== SNAPSHOT_VERSION)
    return refused(`it is of version ${version}, and this Tapline reads version ${SNAPSHOT_VERSION}`);
  const payloadLength = u32le(bytes, 20);
  const rawLength = u32le(bytes, 24);
  if (payloadLength > MAX_PAYLOAD || rawLength > MAX_RAW) return refused('it claims an impossible size');
  if (bytes.length < SNAPSHOT_HEADER_BYTES + payloadLength) return refused('it is truncated');
  if (bytes.length > SNAPSHOT_HEADER_BYTES + payloadLength) return refused('something follows its end');
  const digest = hex(bytes.subarray(DIGEST_AT, DIGEST_AT + DIGEST));
  if (digest !== hex(digestOf(bytes))) return refused('its checksum does not match: it is damaged');
  const kind = KINDS[u32le(bytes, 12)];
  const compression = COMPRESSIONS[u32le(bytes, 16)];
  if (kind === undefined || compression === undefined) return refused('it is of an unknown kind');
  const same = imageList(images).every((image, i) => {
    const at = IMAGES_AT + DIGEST * i;
    return hex(bytes.subarray(at, at + DIGEST)) === image;
  });
  if (!same) return refused('it was made of another guest image');
  return { ok: true, file: { kind, compression, rawLength, payload: bytes.subarray(SNAPSHOT_HEADER_BYTES) } };
}

const refused = (why: string): SnapshotFileResult => ({
  ok: false,
  error: `The snapshot cannot be used, ${why}.`,
});

function digestOf(bytes: Uint8Array): Uint8Array {
  return new Sha256().update(bytes.subarray(0, DIGEST_AT)).update(bytes.subarray(IMAGES_AT)).digest();
}
