/**
 * Vite plugin for the development server: hands out the files of the guest image as they are. Without it Vite takes `bzImage`, which has no
 * extension, for a script and tries to transform it. The build copies them like every other asset.
 */
import { createReadStream, existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Plugin } from 'vite';

const FOLDER = join(import.meta.dirname, '..', '..', 'wasm', 'guest', 'image');

export function guestImagePlugin(): Plugin {
  return {
    name: 'tapline-guest-image',
    apply: 'serve',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const [path = '', query = ''] = (request.url ?? '').split('?');
        // With a query it is the import of the URL itself.
        const file = join(FOLDER, basename(path));
        if (query !== '' || !path.includes('/wasm/guest/image/') || !existsSync(file)) return next();
        response.setHeader('Content-Type', 'application/octet-stream');
        createReadStream(file).pipe(response);
      });
    },
  };
}
