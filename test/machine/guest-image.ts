/** Finds the guest image for tests that boot it; null when it was not built or fetched. `TAPLINE_GUEST` names another folder. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MachineImages } from '../../emulator/machine/machine.ts';

const root = join(import.meta.dirname, '../..');

export interface GuestImage {
  readonly images: MachineImages;
  readonly cmdline: string;
  readonly memoryBytes: number;
}

interface Manifest {
  readonly files: Record<'bzImage' | 'initrd' | 'bios', { readonly path: string }>;
  readonly cmdline: string;
  readonly memoryBytes: number;
}

const folder = (): string => process.env['TAPLINE_GUEST'] ?? join(root, 'wasm/guest');

export const guestImageExists = (): boolean => existsSync(join(folder(), 'manifest.json'));

export function loadGuestImage(): GuestImage {
  const manifest = JSON.parse(readFileSync(join(folder(), 'manifest.json'), 'utf8')) as Manifest;
  const file = (name: keyof Manifest['files']): ArrayBuffer =>
    arrayBuffer(readFileSync(join(folder(), manifest.files[name].path)));
  return {
    images: { bios: file('bios'), bzImage: file('bzImage'), initrd: file('initrd') },
    cmdline: manifest.cmdline,
    memoryBytes: manifest.memoryBytes,
  };
}

export const loadWasm = (): ArrayBuffer =>
  arrayBuffer(readFileSync(join(root, 'node_modules/v86/build/v86.wasm')));

const arrayBuffer = (bytes: Buffer): ArrayBuffer =>
  bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
