/** `tsx emulator/cli/make-snapshot.ts FILE`: boots the guest and writes the snapshot of its prompt. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { bootSnapshot } from './run-snapshot.ts';

const [path] = process.argv.slice(2);
if (path === undefined) {
  console.error('Which file? Usage: make-snapshot FILE');
  process.exitCode = 2;
} else {
  try {
    const file = await bootSnapshot();
    mkdirSync(dirname(path), { recursive: true });
    // Nobody reads half a file.
    writeFileSync(`${path}.new`, file);
    renameSync(`${path}.new`, path);
    console.log(`${path}: ${file.length} bytes`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 3;
  }
}
