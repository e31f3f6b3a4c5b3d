/**
 * The peer of the boot: v86 as its users run it, on the real clock, with its own scheduler, unpatched and with its batches of 100,003
 * instructions. The same image and the same machine, except that v86 has no RTL8139: the guest
 * gets v86's NE2000. Runs in a worker thread of its own.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { LoadedImages } from '../../emulator/cli/images.ts';

const PATIENCE_MS = 120_000;
/** OSC 133 B: the shell's prompt is out. */
const PROMPT_END = '\x1b]133;B';

const { images } = workerData as { images: LoadedImages };

async function boot(): Promise<number> {
  const started = performance.now();
  const module = new WebAssembly.Module(images.v86Wasm);
  const { V86 } = await import('v86');
  return new Promise((resolve, reject) => {
    const impatient = setTimeout(() => reject(new Error('plain v86 shows no prompt')), PATIENCE_MS);
    let tail = '';
    const emulator = new V86({
      wasm_fn: async (imports) => (await WebAssembly.instantiate(module, imports)).exports,
      bios: { buffer: images.bios },
      ...(images.vgaBios && { vga_bios: { buffer: images.vgaBios } }),
      bzimage: { buffer: padded(images.bzImage) },
      initrd: { buffer: padded(images.initrd) },
      cmdline: `${images.cmdline} tapline.host=vm1`,
      memory_size: images.memoryBytes,
      vga_memory_size: 2 << 20,
      uart1: true,
      fastboot: true,
      autostart: true,
      disable_keyboard: true,
      disable_mouse: true,
      disable_speaker: true,
    });
    emulator.add_listener('serial0-output-byte', (byte: number) => {
      tail = (tail + String.fromCharCode(byte)).slice(-PROMPT_END.length);
      if (tail !== PROMPT_END) return;
      clearTimeout(impatient);
      resolve(performance.now() - started);
    });
  });
}

/** v86 reads files as 32-bit words. */
function padded(buffer: ArrayBuffer): ArrayBuffer {
  const copy = new Uint8Array((buffer.byteLength + 3) & ~3);
  copy.set(new Uint8Array(buffer));
  return copy.buffer;
}

parentPort?.postMessage(await boot());
