/**
 * Makes sure there is a Chromium: one already installed; else Playwright's own download; else Debian's package when root.
 * Also the switches a Chromium needs here: root has no sandbox, and nothing may talk to the outside.
 */
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { run } from './steps.ts';

export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
] as const;

function installed(): string | null {
  const candidates = [
    process.env['CHROMIUM'],
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/usr/bin/google-chrome-stable',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    chromium.executablePath(),
  ];
  return candidates.find((path) => path !== undefined && path !== '' && existsSync(path)) ?? null;
}

/** Path of a Chromium; installs one when there is none. Throws a sentence when that fails. */
export async function ensureBrowser(): Promise<string> {
  const found = installed();
  if (found) return found;
  console.log('No Chromium found; asking Playwright for one …');
  await run(['playwright-core', 'install', 'chromium'], { echo: true });
  const downloaded = installed();
  if (downloaded) return downloaded;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log("Installing Debian's chromium …");
    await run(['apt-get', 'update'], { echo: true });
    await run(['apt-get', 'install', '-y', '--no-install-recommends', 'chromium'], {
      echo: true,
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    });
  }
  const packaged = installed();
  if (packaged) return packaged;
  throw new Error(
    'The page cannot be tested: no Chromium was found and none could be installed. Install one, or set CHROMIUM to its path.',
  );
}
