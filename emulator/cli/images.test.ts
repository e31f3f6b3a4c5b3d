import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GUEST_FOLDER, loadImages } from './images.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tapline-image-'));
  cpSync(join(GUEST_FOLDER, 'manifest.json'), join(folder, 'manifest.json'));
  cpSync(join(GUEST_FOLDER, 'image'), join(folder, 'image'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('loadImages', () => {
  it('takes the committed image', () => {
    const images = loadImages(folder);
    expect(images.bzImage.byteLength).toBeGreaterThan(1_000_000);
    expect(images.cmdline).toContain('console=ttyS0');
  });

  it('refuses an image with a wrong checksum, in one sentence that names it', () => {
    const file = join(folder, 'image', 'initrd.img');
    const bytes = readFileSync(file);
    bytes[100] = bytes[100]! ^ 1;
    writeFileSync(file, bytes);
    expect(() => loadImages(folder)).toThrow(/initrd is damaged: image\/initrd\.img has SHA-256/);
  });

  it('says which file is missing', () => {
    rmSync(join(folder, 'image', 'bzImage'));
    expect(() => loadImages(folder)).toThrow(/kernel is missing \(image\/bzImage\)/);
    rmSync(join(folder, 'manifest.json'));
    expect(() => loadImages(folder)).toThrow(/no readable manifest/);
  });
});

describe('the committed image', () => {
  it('is at most 8 MB, licences included', () => {
    const dir = join(GUEST_FOLDER, 'image');
    const total = readdirSync(dir, { recursive: true, encoding: 'utf8' })
      .map((name) => statSync(join(dir, name)))
      .filter((s) => s.isFile())
      .reduce((sum, s) => sum + s.size, 0);
    expect(total).toBeGreaterThan(1_000_000);
    expect(total).toBeLessThanOrEqual(8_000_000);
  });
});
