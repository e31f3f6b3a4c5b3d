/** Wireshark's command line tools, where they are installed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const hasTool = (tool: string): boolean => spawnSync(tool, ['-v']).status === 0;

/** Without the tool a peer test is skipped and says so, but on a build server it has to be there. */
export const skipWithout = (...tools: string[]): boolean => !process.env['CI'] && !tools.every(hasTool);

/** Runs a tool on a file with these bytes; its output, and what it complained about. */
export function onFile(
  bytes: Uint8Array,
  tool: string,
  args: (path: string) => string[],
): { readonly lines: string[]; readonly complaints: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'tapline-'));
  try {
    const path = join(folder, 'file.pcapng');
    writeFileSync(path, bytes);
    const { stdout, stderr, error } = spawnSync(tool, args(path), { encoding: 'utf8', maxBuffer: 1 << 28 });
    if (error) throw error;
    const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
    const complaints = lines(stderr).filter((line) => !line.startsWith('Running as user "root"'));
    return { lines: lines(stdout), complaints };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const COLUMNS = ['Source', 'Destination', 'Protocol', 'Info'];

/** Each frame's columns, joined by tabs; names not resolved. */
export function tsharkColumns(bytes: Uint8Array): string[] {
  const fields = COLUMNS.flatMap((column) => ['-e', `_ws.col.${column}`]);
  return onFile(bytes, 'tshark', (path) => ['-n', '-r', path, '-T', 'fields', ...fields]).lines;
}
