/** Makes a v86 emulator with nothing that touches the page: no screen, keyboard, mouse, speaker, network card or scheduler of its own. */
import { latin1 } from '../base/bytes.ts';
import { compileV86 } from './compile-v86.ts';
import { checkInternals, type V86Emulator } from './internals.ts';
import type { MachineOptions } from './machine.ts';
import type { Realm } from './realm.ts';

/** Wall time after which v86 is taken to have failed inside its own asynchronous start (it reports nothing). */
const START_TIMEOUT_MS = 30_000;
/** The smallest frame buffer that SeaBIOS and v86's VGA are content with. */
const VGA_MEMORY_BYTES = 2 << 20;

/** Linux boot protocol: "HdrS" at 0x202. */
const KERNEL_MAGIC_AT = 0x202;
const KERNEL_MAGIC = 'HdrS';

/** Resolves when v86 has loaded the images into the machine's memory; the processor has not run yet. */
export async function startV86(realm: Realm, options: MachineOptions): Promise<V86Emulator> {
  const V86 = await realm.loadV86();
  const { images, wasm } = options;
  if (images.bzImage !== undefined && !isKernel(images.bzImage)) {
    throw new Error(`${options.id}: the kernel image is not a bzImage`);
  }
  const module = wasm instanceof WebAssembly.Module ? wasm : await compileV86(wasm);
  return new Promise((resolve, reject) => {
    const cancel = realm.wall.sleep(
      () => reject(new Error(`${options.id}: v86 did not start`)),
      START_TIMEOUT_MS,
    );
    // v86 writes the command line's address into the kernel's header, so each machine gets a copy of its own.
    const file = (buffer: ArrayBuffer): object => ({ buffer: padded(buffer) });
    const emulator: unknown = new V86({
      wasm_fn: async (imports: WebAssembly.Imports) => {
        try {
          return (await realm.instantiate(module, imports)).exports;
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
          throw error;
        }
      },
      bios: file(images.bios),
      ...(images.vgaBios && { vga_bios: file(images.vgaBios) }),
      ...(images.bzImage && { bzimage: file(images.bzImage) }),
      ...(images.initrd && { initrd: file(images.initrd) }),
      cmdline: options.cmdline,
      memory_size: options.memoryBytes,
      vga_memory_size: VGA_MEMORY_BYTES,
      net_device: { type: 'none' },
      uart1: true,
      fastboot: true,
      autostart: false,
      disable_keyboard: true,
      disable_mouse: true,
      disable_speaker: true,
    });
    (emulator as V86Emulator).add_listener('emulator-loaded', () => {
      cancel();
      try {
        checkInternals(emulator);
        resolve(emulator);
      } catch (error) {
        reject(error as Error);
      }
    });
  });
}

const isKernel = (image: ArrayBuffer): boolean =>
  image.byteLength >= KERNEL_MAGIC_AT + KERNEL_MAGIC.length &&
  latin1(new Uint8Array(image), KERNEL_MAGIC_AT, KERNEL_MAGIC_AT + KERNEL_MAGIC.length) === KERNEL_MAGIC;

/** v86 reads files as 32-bit words. */
function padded(buffer: ArrayBuffer): ArrayBuffer {
  const copy = new Uint8Array((buffer.byteLength + 3) & ~3);
  copy.set(new Uint8Array(buffer));
  return copy.buffer;
}
