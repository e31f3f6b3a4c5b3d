/** The guest image as files of this checkout, verified against the manifest. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

interface ManifestFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

interface Manifest {
  readonly files: {
    readonly bzImage: ManifestFile;
    readonly initrd: ManifestFile;
    readonly bios: ManifestFile;
    readonly vgaBios?: ManifestFile;
  };
  readonly cmdline: string;
  readonly memoryBytes: number;
}

/** Structured-cloneable: what a world thread needs to make machines. */
export interface LoadedImages {
  readonly bzImage: ArrayBuffer;
  readonly initrd: ArrayBuffer;
  readonly bios: ArrayBuffer;
  readonly vgaBios: ArrayBuffer | null;
  readonly v86Wasm: ArrayBuffer;
  readonly cmdline: string;
  readonly memoryBytes: number;
}

export const GUEST_FOLDER = join(import.meta.dirname, '..', '..', 'wasm', 'guest');

const bufferOf = (bytes: Buffer): ArrayBuffer => {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
};

/** Reads and verifies; throws one sentence when a file is missing or not the one the manifest names. */
export function loadImages(folder: string = GUEST_FOLDER): LoadedImages {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest;
  } catch {
    throw new Error(
      `The guest image has no readable manifest (${join(folder, 'manifest.json')}): check out the project again.`,
    );
  }
  const load = (name: string, file: ManifestFile): ArrayBuffer => {
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(folder, file.path));
    } catch {
      throw new Error(`The guest image's ${name} is missing (${file.path}): check out the project again.`);
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (sha256 !== file.sha256)
      throw new Error(
        `The guest image's ${name} is damaged: ${file.path} has SHA-256 ${sha256.slice(0, 12)}…, the manifest says ${file.sha256.slice(0, 12)}…; check it out again.`,
      );
    return bufferOf(bytes);
  };
  const { bzImage, initrd, bios, vgaBios } = manifest.files;
  const v86 = createRequire(import.meta.url).resolve('v86/build/v86.wasm');
  return {
    bzImage: load('kernel', bzImage),
    initrd: load('initrd', initrd),
    bios: load('BIOS', bios),
    vgaBios: vgaBios ? load('VGA BIOS', vgaBios) : null,
    v86Wasm: bufferOf(readFileSync(v86)),
    cmdline: manifest.cmdline,
    memoryBytes: manifest.memoryBytes,
  };
}
