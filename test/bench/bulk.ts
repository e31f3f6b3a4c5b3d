/**
 * Twenty binary megabytes by TCP in each direction on a path, captures running as they always do. The rates are of payload: one over the wall
 * time it took to compute, one over the virtual time it took in the lab. A second download shows the rate once V8 has optimised what v86
 * translated: the first one mostly waits for that.
 */
import { createHash } from 'node:crypto';
import type { PathKind } from '../../emulator/topology/topology.ts';
import { mbits, type Figure } from './figures.ts';
import { runCommands, sameInAll, type Executed } from './lab.ts';

const BYTES = 20 * 2 ** 20;
const FILER = '192.168.76.2';

export const DOWNLOAD = `wget -q -O /dev/null http://${FILER}/20M.bin`;
const MAKE_FILE = `dd if=/dev/zero of=/tmp/f bs=65536 count=${BYTES / 65_536}`;
const UPLOAD = `(printf 'PUT /upload/x HTTP/1.0\\r\\nContent-Length: ${BYTES}\\r\\n\\r\\n'; cat /tmp/f) | nc ${FILER} 80`;

const uploaded = `bytes=${BYTES} sha256=${createHash('sha256').update(Buffer.alloc(BYTES)).digest('hex')}`;

export async function benchBulk(path: PathKind, runs: number): Promise<Figure[]> {
  const downloads: Executed[] = [];
  const again: Executed[] = [];
  const uploads: Executed[] = [];
  for (let run = 0; run < runs; run++) {
    const { executed } = await runCommands(path, [DOWNLOAD, DOWNLOAD, MAKE_FILE, UPLOAD]);
    const [download, second, , upload] = executed;
    if (!upload!.output.includes(uploaded))
      throw new Error(`path ${path}: the filer did not get the upload whole:\n${upload!.output}`);
    downloads.push(download!);
    again.push(second!);
    uploads.push(upload!);
  }
  return [
    ...figures(path, 'download', 'download', downloads),
    ...figures(path, 'again', 'the same again', again),
    ...figures(path, 'upload', 'upload', uploads),
  ];
}

function figures(path: PathKind, key: string, name: string, runs: readonly Executed[]): Figure[] {
  const id = `bulk.${path}.${key}`;
  const what = `${path}: ${name}, 20 MiB`;
  const virtualMs = sameInAll(what, runs.map((run) => run.virtualMs)); // prettier-ignore
  const wall = runs.map((run) => mbits(BYTES, run.wallMs));
  return [
    { id, what, kind: 'measured', unit: 'Mbit/s', samples: wall },
    { id: `${id}.virtual`, what, kind: 'modelled', unit: 'Mbit/s', samples: [mbits(BYTES, virtualMs)] },
  ];
}
