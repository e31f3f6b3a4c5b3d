import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { lessonPlugin } from './web/build/lesson.ts';

/** Four projects: `unit` is quick and needs nothing; `guest` boots the real image in Node; `browser` drives Chromium; `long` holds soak and fuzz counts. */
export default defineConfig({
  plugins: [lessonPlugin(), svelte({ configFile: false })],
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            '{emulator,worker,labs,web,wasm}/**/*.test.ts',
            'test/*.test.ts',
            'test/{contracts,peers,net}/**/*.test.ts',
          ],
          exclude: ['**/*.{guest,browser,long}.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'guest',
          include: ['test/**/*.guest.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          // A page on a busy machine may take seconds to show what it knows; what it shows is what is tested.
          expect: { poll: { timeout: 20_000, interval: 100 } },
          include: ['test/**/*.browser.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          include: ['test/**/*.long.test.ts'],
          testTimeout: 3_600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
