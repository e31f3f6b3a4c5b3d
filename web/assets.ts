/**
 * Where the guest image and v86's code are. A file that is missing is an error for the reader to see, not one of the build:
 * the globs below simply match nothing then.
 */
import v86Wasm from 'v86/build/v86.wasm?url';
import type { ImageFile, LabAssets, Result } from '../worker/api.ts';

interface Manifest {
  readonly files: Readonly<
    Record<string, { readonly path: string; readonly bytes: number; readonly sha256: string }>
  >;
  readonly cmdline: string;
  readonly memoryBytes: number;
}

const manifests = import.meta.glob<Manifest>('../wasm/guest/manifest.json', {
  eager: true,
  import: 'default',
});
const urls = import.meta.glob<string>('../wasm/guest/image/*', {
  eager: true,
  query: '?url',
  import: 'default',
});

const absolute = (url: string): string => new URL(url, document.baseURI).href;

function imageFile(manifest: Manifest, name: string): ImageFile | null {
  const entry = manifest.files[name];
  const url = entry && urls[`../wasm/guest/${entry.path}`];
  return url && entry ? { url: absolute(url), bytes: entry.bytes, sha256: entry.sha256 } : null;
}

export function labAssets(): Result<LabAssets> {
  const manifest = Object.values(manifests)[0];
  const missing = (what: string): Result<LabAssets> => ({
    ok: false,
    error: {
      code: 'image-missing',
      message: `This copy of Tapline has no ${what}, so no machine can boot. The lessons can be read. Build the site again with the guest image in wasm/guest.`,
    },
  });
  if (!manifest) return missing('guest image manifest');
  const bios = imageFile(manifest, 'bios');
  const bzImage = imageFile(manifest, 'bzImage');
  const initrd = imageFile(manifest, 'initrd');
  if (!bios) return missing('firmware (bios.bin)');
  if (!bzImage) return missing('guest kernel (bzImage)');
  if (!initrd) return missing('guest file system (initrd.img)');
  const vgaBios = imageFile(manifest, 'vgaBios');
  return {
    ok: true,
    value: {
      v86Wasm: absolute(v86Wasm),
      bios,
      ...(vgaBios && { vgaBios }),
      bzImage,
      initrd,
      cmdline: manifest.cmdline,
      memoryBytes: manifest.memoryBytes,
    },
  };
}
