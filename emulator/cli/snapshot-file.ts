/** Snapshot files in Node: gzip around the encoded state, bound to the images by their SHA-256. */
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { MachineImages } from '../machine/machine.ts';
import { promptSnapshotOf, type PromptSnapshot } from '../topology/prompt-snapshot.ts';
import { readSnapshotFile, writeSnapshotFile, type SnapshotImages } from '../topology/snapshot-file.ts';
import { decodeState, encodeState } from '../topology/state-codec.ts';
import type { LoadedImages } from './images.ts';

export const machineImages = ({ bios, bzImage, initrd, vgaBios }: LoadedImages): MachineImages => ({
  bios,
  bzImage,
  initrd,
  ...(vgaBios ? { vgaBios } : {}),
});

export function snapshotImages(images: LoadedImages): SnapshotImages {
  const sha256 = (bytes: ArrayBuffer): string =>
    createHash('sha256').update(new Uint8Array(bytes)).digest('hex');
  const { bzImage, initrd, bios, v86Wasm } = images;
  return {
    bzImage: sha256(bzImage),
    initrd: sha256(initrd),
    bios: sha256(bios),
    v86Wasm: sha256(v86Wasm),
  };
}

export function packSnapshot(snapshot: PromptSnapshot, images: LoadedImages): Uint8Array<ArrayBuffer> {
  const raw = encodeState(snapshot);
  const payload = gzipSync(raw, { level: 9 });
  return writeSnapshotFile(
    { kind: 'prompt', compression: 'gzip', rawLength: raw.length, payload },
    snapshotImages(images),
  );
}

export type OpenedSnapshot =
  { readonly ok: true; readonly snapshot: PromptSnapshot } | { readonly ok: false; readonly error: string };

/** Never throws. */
export function openSnapshot(bytes: Uint8Array, images: LoadedImages): OpenedSnapshot {
  const damaged = { ok: false, error: 'The snapshot cannot be used, its contents are damaged.' } as const;
  const result = readSnapshotFile(bytes, snapshotImages(images));
  if (!result.ok) return result;
  const { payload, rawLength, compression } = result.file;
  if (compression === 'zstd')
    return { ok: false, error: 'The snapshot cannot be used, it is compressed with zstd.' };
  let raw: Uint8Array;
  try {
    raw = compression === 'gzip' ? gunzipSync(payload, { maxOutputLength: Math.max(1, rawLength) }) : payload;
  } catch {
    return damaged;
  }
  if (raw.length !== rawLength) return damaged;
  const snapshot = promptSnapshotOf(decodeState(raw)?.state);
  return snapshot === null ? damaged : { ok: true, snapshot };
}
