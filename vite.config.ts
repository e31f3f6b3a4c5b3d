import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { guestImagePlugin } from './web/build/guest-image.ts';
import { lessonPlugin } from './web/build/lesson.ts';

export default defineConfig({
  root: 'web',
  // Relative: the built site runs under any path prefix of any plain file server.
  base: './',
  plugins: [guestImagePlugin(), lessonPlugin(), svelte({ configFile: false })],
  worker: { format: 'es' },
  // Loaded by the worker only; found at once, so that the development server does not reload the page at first use.
  optimizeDeps: { include: ['v86', 'comlink'] },
  server: { port: 5173, strictPort: true, fs: { allow: ['..'] } },
  preview: { port: 5173, strictPort: true },
  build: { outDir: '../dist', emptyOutDir: true, target: 'es2023', assetsInlineLimit: 0 },
});
