import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { lessonPlugin } from './web/build/lesson.ts';

export default defineConfig({
  root: 'web',
  // Relative: the built site runs under any path prefix of any plain file server.
  base: './',
  plugins: [lessonPlugin(), svelte({ configFile: '../svelte.config.js' })],
  worker: { format: 'es' },
  server: { port: 5173, strictPort: true, fs: { allow: ['..'] } },
  preview: { port: 5173, strictPort: true },
  build: { outDir: '../dist', emptyOutDir: true, target: 'es2023', assetsInlineLimit: 0 },
});
