/** Serves the page from source and drives it with the installed Chromium. */
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { CHROMIUM_ARGS, ensureBrowser } from '../harness/browser.ts';

const root = join(import.meta.dirname, '../..');

export interface OpenOptions extends BrowserContextOptions {
  /** Query and hash, e.g. `?fake#step=bridge`. */
  readonly at?: string;
  /** Runs in the page before anything else. */
  readonly before?: string;
}

/** A page with what it complained about and asked for. */
export interface Visit {
  readonly page: Page;
  readonly faults: string[];
  readonly requests: string[];
  close(): Promise<void>;
}

export class Site {
  readonly url: string;
  readonly #server: ViteDevServer;
  readonly #browser: Browser;

  private constructor(server: ViteDevServer, browser: Browser) {
    this.#server = server;
    this.#browser = browser;
    this.url = server.resolvedUrls!.local[0]!;
  }

  static async start(): Promise<Site> {
    const server = await createServer({
      configFile: join(root, 'vite.config.ts'),
      root: join(root, 'web'),
      logLevel: 'error',
      // node_modules may be a link to somewhere else.
      server: { port: 0, strictPort: false, hmr: false, watch: null, fs: { strict: false } },
    });
    await server.listen();
    const executablePath = await ensureBrowser();
    return new Site(server, await chromium.launch({ executablePath, args: [...CHROMIUM_ARGS] }));
  }

  async open({ at = '?fake', before, ...options }: OpenOptions = {}): Promise<Visit> {
    const context = await this.#browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    const page = await context.newPage();
    const faults: string[] = [];
    const requests: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    page.on('request', (request) => requests.push(request.url()));
    if (before) await page.addInitScript(before);
    await page.goto(new URL(at, this.url).href);
    await page.waitForSelector('[data-testid=state]');
    return { page, faults, requests, close: () => context.close() };
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await this.#server.close();
  }
}

/** Waits for the stand-in's prompt. */
export const ready = async (page: Page): Promise<void> => {
  await page.waitForSelector('[data-testid=state].running');
};
