/** The built page with the real guest: boots, takes typing, and the guided lab is completed on all three paths. */
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { twoPaths } from '../../labs/two-paths/lab.ts';
import { solution } from '../../labs/two-paths/solution.ts';
import { CHROMIUM_ARGS, ensureBrowser } from '../harness/browser.ts';
import { BuiltSite } from './built-site.ts';

let site: BuiltSite;
let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: await ensureBrowser(), args: [...CHROMIUM_ARGS] });
  site = await BuiltSite.start();
});
afterAll(async () => {
  await browser.close();
  site.stop();
});

const BOOT = { timeout: 90_000 };
const COMMAND = { timeout: 120_000, interval: 200 };

const terminalText = (page: Page): Promise<string> => page.locator('.xterm-rows').innerText();
/** The last line with text on it is the shell's prompt, with nothing typed behind it. */
const atPrompt = async (page: Page): Promise<boolean> =>
  /(vm1|beta):~#\s*$/.test((await terminalText(page)).trimEnd());

async function run(page: Page, command: string): Promise<void> {
  await page.locator('.xterm-helper-textarea').focus();
  await page.keyboard.type(`${command}\n`, { delay: 5 });
  await page.waitForTimeout(500);
  await expect.poll(() => atPrompt(page), COMMAND).toBe(true);
}

const where = (page: Page): Promise<string> => page.locator('.where').innerText();

async function open(faults: string[], requests: string[]): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(site.url);
  return page;
}

describe('the built site', () => {
  it('keeps the page’s own code within 300 KB gzipped, without v86 and the image', () => {
    const files = site.files().filter(({ name }) => /\.(js|css|html)$/.test(name));
    const own = files.filter(({ name }) => !/v86/i.test(name));
    expect(own.length).toBeGreaterThan(1);
    expect(own.reduce((sum, f) => sum + f.gzipped, 0)).toBeLessThan(300_000);
  });

  it('boots from a plain file server under a path prefix, takes typing, and asks nobody else for anything', async () => {
    const faults: string[] = [];
    const requests: string[] = [];
    const page = await open(faults, requests);
    await expect.poll(() => atPrompt(page), BOOT).toBe(true);
    await run(page, 'uname -s; echo $((6*7))');
    expect(await terminalText(page)).toMatch(/Linux\s+42/);
    expect(faults).toEqual([]);
    expect(
      requests.filter(
        (url) => !url.startsWith(site.url) && !url.startsWith('blob:') && !url.startsWith('data:'),
      ),
    ).toEqual([]);
    await page.close();
  });

  it('says so in one message when the image is damaged, and stays usable', async () => {
    const page = await browser.newPage();
    await page.route('**/bzImage*', async (route) => {
      const response = await route.fetch();
      const body = await response.body();
      body[1000] = body[1000]! ^ 0xff;
      await route.fulfill({ response, body });
    });
    await page.goto(site.url);
    await expect.poll(() => page.locator('[data-notice]').count(), { timeout: 30_000 }).toBe(1);
    await page.locator('[data-step=bridge] h3 button').click();
    expect(await page.locator('[data-step=bridge]').innerText()).toContain('tap device');
    await page.close();
  });
});

describe('the first lab with the real guest', () => {
  it('is completed by its solution on all three paths', async () => {
    const faults: string[] = [];
    const page = await open(faults, []);
    await expect.poll(() => atPrompt(page), BOOT).toBe(true);
    await expect.poll(() => where(page), BOOT).toContain('10.0.2.15');
    for (const action of solution) {
      if (action.do === 'run') await run(page, action.command);
      else if (action.do === 'path') {
        await page.locator(`input[name=path][value=${action.path}]`).check({ force: true });
        const address = {
          nat: /on alpha.*10\.0\.2\.15/s,
          bridge: /on alpha.*192\.168\.76\.1\d\d/s,
          native: /on beta.*192\.168\.76\.20/s,
        };
        await expect.poll(() => where(page), BOOT).toMatch(address[action.path]);
        const host = action.path === 'native' ? 'beta' : 'vm1';
        await expect
          .poll(async () => (await terminalText(page)).trimEnd().endsWith(`${host}:~#`), BOOT)
          .toBe(true);
      } else if (action.do === 'mac') {
        await page.fill('#mac', action.mac);
        await page.getByRole('button', { name: 'Set', exact: true }).click();
        await page.getByRole('button', { name: 'Who is that?' }).click();
        await expect.poll(() => page.locator('[data-testid=verdict]').innerText()).toContain('VMware');
        await expect.poll(() => where(page), BOOT).toMatch(/192\.168\.76\.\d+/);
        await page.waitForTimeout(1_000);
      } else {
        await page.locator(`[data-step=${action.step}] h3 button`).click();
        if (typeof action.value === 'function') {
          // A question about figures: the answer is among the radio buttons; the check knows which one the table shows.
          const step = page.locator(`[data-step=${action.step}]`);
          for (const radio of await step.locator('input[type=radio]').all()) {
            await radio.check();
            await page.waitForTimeout(1_000);
            if ((await step.locator('[data-status]').getAttribute('data-status')) === 'pass') break;
          }
        } else {
          await page.fill(`#answer-${action.step}`, action.value);
          await page.locator(`[data-step=${action.step}]`).getByRole('button', { name: 'Check' }).click();
        }
      }
    }
    const total = twoPaths.steps.length;
    if (process.env['TAPLINE_SHOTS'])
      await page.screenshot({ path: `${process.env['TAPLINE_SHOTS']}/lab-done.png` });
    await expect
      .poll(() => page.locator('[data-testid=progress]').innerText(), { timeout: 10_000 })
      .toContain(`${total} of ${total}`);
    expect(faults).toEqual([]);
    await page.close();
  }, 600_000);
});
