/** Loads the guest image: progress by bytes, verified against the manifest. */
import type { ApiError, ApiErrorCode, ImageFile, LabAssets, LabEvent } from './api.ts';
import { compileV86 } from '../emulator/machine/compile-v86.ts';
import type { GuestImages } from '../emulator/topology/guest.ts';

/** An expected failure while loading, with a sentence for the reader. */
export class LoadError extends Error {
  readonly code: ApiErrorCode;

  constructor(code: ApiErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  get apiError(): ApiError {
    return { code: this.code, message: this.message };
  }
}

type Progress = (event: LabEvent) => void;

async function download(
  url: string,
  expected: number,
  stage: string,
  text: string,
  progress: Progress,
): Promise<ArrayBuffer> {
  const missing = (why: string): LoadError =>
    new LoadError(
      'image-missing',
      `${text} could not be loaded (${why}). Reload the page; if that does not help, the site is incomplete.`,
    );
  let loaded = 0;
  progress({ type: 'progress', stage, text, loaded, total: expected });
  let response: Response;
  try {
    response = await fetch(url);
  } catch {
    throw missing('the server does not answer');
  }
  if (!response.ok || response.body === null) throw missing(`the server said ${response.status}`);
  const parts: Uint8Array[] = [];
  const reader = response.body.getReader();
  for (;;) {
    let part: ReadableStreamReadResult<Uint8Array>;
    try {
      part = await reader.read();
    } catch {
      throw missing('the connection broke off');
    }
    if (part.done) break;
    loaded += part.value.length;
    // An answer that is far longer than the manifest says is not our file: do not fill the memory with it.
    if (loaded > 2 * expected + 1_048_576) throw missing('it is not the file that was asked for');
    parts.push(part.value);
    progress({ type: 'progress', stage, text, loaded, total: expected });
  }
  const whole = new Uint8Array(loaded);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole.buffer;
}

/** `crypto.subtle` is there in secure contexts only; without it (plain http from another machine) lengths are all that is checked. */
async function verify(bytes: ArrayBuffer, file: ImageFile, text: string): Promise<void> {
  const damaged = (what: string): LoadError =>
    new LoadError(
      'image-corrupt',
      `${text} is damaged: ${what}. It was not started. Reload the page without the cache; if that does not help, the site needs a new copy.`,
    );
  if (bytes.byteLength !== file.bytes) throw damaged(`${bytes.byteLength} bytes instead of ${file.bytes}`);
  const subtle = globalThis.crypto.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) return;
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes));
  const sha256 = Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('');
  if (sha256 !== file.sha256) throw damaged('its SHA-256 is not the one of the manifest');
}

/** Throws `LoadError`. */
export async function loadImages(assets: LabAssets, progress: Progress): Promise<GuestImages> {
  if (typeof WebAssembly === 'undefined')
    throw new LoadError(
      'no-webassembly',
      'This browser has no WebAssembly, which the emulated machine needs. Use a current browser, or allow WebAssembly.',
    );
  const load = async (file: ImageFile, stage: string, text: string): Promise<ArrayBuffer> => {
    const bytes = await download(file.url, file.bytes, stage, text, progress);
    await verify(bytes, file, text);
    return bytes;
  };
  const [bios, vgaBios, bzImage, initrd, v86] = await Promise.all([
    load(assets.bios, 'bios', 'The BIOS'),
    assets.vgaBios ? load(assets.vgaBios, 'vgabios', 'The VGA BIOS') : null,
    load(assets.bzImage, 'kernel', 'The Linux kernel'),
    load(assets.initrd, 'initrd', "The guest's file system"),
    download(assets.v86Wasm, 2_097_152, 'v86', 'The emulator', progress),
  ]);
  let wasm: WebAssembly.Module;
  try {
    wasm = await compileV86(v86);
  } catch {
    throw new LoadError(
      'image-corrupt',
      'The emulator is damaged: it is not the module it should be. Reload the page without the cache.',
    );
  }
  return {
    images: { bios, bzImage, initrd, ...(vgaBios ? { vgaBios } : {}) },
    wasm,
    cmdline: assets.cmdline,
    memoryBytes: assets.memoryBytes,
  };
}
