/** The page against its stand-in machine: what a reader does, what goes wrong, small windows, keyboard, both themes. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { twoPaths } from '../../labs/two-paths/lab.ts';
import { solution } from '../../labs/two-paths/solution.ts';
import { ready, Site, type OpenOptions, type Visit } from './harness.ts';

let site: Site;
beforeAll(async () => {
  site = await Site.start();
});
afterAll(() => site.stop());

/** Opens, runs, closes; a fault in the page's console fails the test. */
async function visit(options: OpenOptions, act: (page: Page, visit: Visit) => Promise<void>): Promise<void> {
  const opened = await site.open(options);
  try {
    await act(opened.page, opened);
    expect(opened.faults).toEqual([]);
  } finally {
    await opened.close();
  }
}

const terminalText = (page: Page): Promise<string> => page.locator('.xterm-rows').innerText();
const notice = (page: Page, id: string) => page.locator(`[data-notice=${id}]`);
const chip = (page: Page, command: string) => page.locator('button.chip', { hasText: command }).first();
const prompt = async (page: Page, count: number): Promise<void> => {
  await expect
    .poll(async () => (await terminalText(page)).split('~ #').length - 1, { timeout: 10_000 })
    .toBe(count);
};

describe('the first lab', () => {
  it('is passed by its solution, step by step', async () => {
    await visit({}, async (page) => {
      await ready(page);
      const check = (step: string) => page.locator(`[data-step=${step}] [data-status]`);
      for (const action of solution) {
        if (action.do === 'run') {
          await page.locator('.xterm-helper-textarea').focus();
          await page.keyboard.type(`${action.command}\n`);
          await expect
            .poll(() => terminalText(page).then((t) => t.trimEnd().endsWith('~ #')), { timeout: 15_000 })
            .toBe(true);
        } else if (action.do === 'path') {
          await page.locator(`input[name=path][value=${action.path}]`).check({ force: true });
          await expect
            .poll(() => page.locator('.where').innerText(), { timeout: 10_000 })
            .toMatch(action.path === 'native' ? /on beta.*\.20/s : /192\.168\.76\.101/);
          await ready(page);
        } else if (action.do === 'mac') {
          await page.fill('#mac', action.mac);
          await page.getByRole('button', { name: 'Set', exact: true }).click();
          await page.getByRole('button', { name: 'Who is that?' }).click();
          await expect.poll(() => page.locator('[data-testid=verdict]').innerText()).toContain('VMware');
          await expect.poll(() => page.locator('.where').innerText()).toContain('192.168.76.101');
        } else {
          await page.locator(`[data-step=${action.step}] h3 button`).click();
          if (action.step === 'timing') {
            // The stand-in makes NAT's download the longest.
            await page.locator('[data-step=timing] input[value=nat]').check();
          } else {
            await page.fill(`#answer-${action.step}`, String(action.value));
            await page.locator(`[data-step=${action.step}]`).getByRole('button', { name: 'Check' }).click();
          }
          await expect.poll(() => check(action.step).getAttribute('data-status')).toBe('pass');
        }
      }
      const total = twoPaths.steps.length;
      await expect
        .poll(() => page.locator('[data-testid=progress]').innerText(), { timeout: 5_000 })
        .toContain(`${total} of ${total}`);
      const done = page.locator('[data-testid=done]');
      expect(await done.innerText()).toContain('the filer knows only alpha');
      await expect
        .poll(() => done.evaluate((e) => e.getBoundingClientRect().bottom <= innerHeight))
        .toBe(true);
      // Remembered across a reload, and forgotten on request, with undo.
      await page.reload();
      await ready(page);
      expect(await page.locator('[data-testid=progress]').innerText()).toContain(`${total} of ${total}`);
      await page.getByRole('button', { name: 'Reset', exact: true }).click();
      await page.getByRole('button', { name: 'Undo' }).click();
      expect(await page.locator('[data-testid=progress]').innerText()).toContain(`${total} of ${total}`);
    });
  });

  it('does not say whose address it is before it is asked, and remembers having been asked', async () => {
    await visit({}, async (page) => {
      await ready(page);
      const ask = page.getByRole('button', { name: 'Who is that?' });
      const network = page.locator('[data-panel=network]');
      expect(await network.innerText()).not.toMatch(/QEMU|KVM/);
      await ask.focus();
      await page.keyboard.press('Enter');
      await expect.poll(() => network.locator('[data-testid=verdict]').innerText()).toContain('QEMU/KVM');
      await page.reload();
      await ready(page);
      expect(await ask.getAttribute('aria-expanded')).toBe('true');
    });
  });

  it('says that beta boots, and afterwards that vm1 does', async () => {
    await visit({}, async (page) => {
      await ready(page);
      for (const [path, machine] of [
        ['native', 'beta'],
        ['nat', 'vm1'],
      ] as const) {
        await page.locator(`input[name=path][value=${path}]`).check({ force: true });
        await expect
          .poll(() => page.locator('[data-testid=stages]').innerText())
          .toContain(`${machine} boots`);
        expect(await chip(page, 'ping -c 3').isDisabled()).toBe(true);
        await ready(page);
        expect(await terminalText(page)).toContain(`${machine} boots`);
      }
    });
  });

  it('fits its tables into the lesson', async () => {
    for (const width of [1440, 1024, 390])
      await visit({ at: '?fake#step=timing', viewport: { width, height: 844 } }, async (page) => {
        await ready(page);
        for (const command of ['ping -c 10', 'wget']) {
          if (width === 390)
            await page.getByRole('navigation').getByRole('button', { name: 'Lesson' }).click();
          await chip(page, command).click();
          await page.waitForTimeout(300);
          await expect
            .poll(() => terminalText(page).then((t) => t.trimEnd().endsWith('~ #')), { timeout: 15_000 })
            .toBe(true);
        }
        if (width === 390) await page.getByRole('navigation').getByRole('button', { name: 'Lesson' }).click();
        const table = page.getByRole('region', { name: /^Your timings/ });
        await expect.poll(() => table.innerText(), { timeout: 5_000 }).toMatch(/n = 10[^]*\d\.\d{3} s/);
        const cut = () =>
          page
            .getByRole('region')
            .evaluateAll((all) =>
              all.flatMap((e) =>
                e.querySelector('table') && e.scrollWidth > e.clientWidth ? [e.ariaLabel] : [],
              ),
            );
        expect(await cut()).toEqual([]);
        await page.locator('[data-step=platform] h3 button').click();
        expect(await cut()).toEqual([]);
      });
  });

  it('takes the selected frame as an answer and leads back to it', async () => {
    await visit({ at: '?fake#step=filer' }, async (page) => {
      await ready(page);
      await chip(page, 'ping -c 3 192.168.76.2').click();
      await prompt(page, 2);
      await page.selectOption('[data-testid=point]', { label: 'filer.eth0' });
      await page.locator('[data-testid=packets]').focus();
      await page.keyboard.press('Home');
      await page.getByRole('button', { name: /^Use frame \d+/ }).click();
      const result = page.locator('[data-step=filer] [data-status]');
      await expect.poll(() => result.getAttribute('data-status')).toBe('pass');
      await page.keyboard.press('Escape');
      await result.getByRole('button').click();
      await expect.poll(() => page.locator('[role=row][aria-selected=true]').count()).toBe(1);
    });
  });

  it('offers to stop what runs before it types a command', async () => {
    await visit({}, async (page) => {
      await ready(page);
      await page.locator('.xterm-helper-textarea').focus();
      await page.keyboard.type('sleep 100\n');
      await page.waitForTimeout(300);
      await chip(page, 'ip addr show eth0').click();
      await page.getByRole('button', { name: 'Stop it and run' }).click();
      await expect.poll(() => terminalText(page)).toContain('link/ether');
      expect(await terminalText(page)).toContain('^C');
    });
  });
});

describe('the packet list', () => {
  it('draws only what is visible of 100,000 frames, and reaches the last by keyboard', async () => {
    await visit({ at: '?fake=bulk' }, async (page) => {
      await ready(page);
      const list = page.locator('[data-testid=packets]');
      await expect.poll(() => page.locator('[data-testid=total]').innerText()).toContain('100k');
      await list.focus();
      await page.keyboard.press('Home');
      await page.keyboard.press('End');
      await expect.poll(() => page.locator('[role=row][aria-selected=true]').innerText()).toContain('100004');
      expect(await list.locator('[role=row]').count()).toBeLessThan(60);
      await page.keyboard.press('ArrowUp');
      await expect.poll(() => page.locator('[role=row][aria-selected=true]').innerText()).toContain('100003');
    });
  });

  it('links fields and bytes both ways', async () => {
    await visit({ at: '?fake#packet=2' }, async (page) => {
      await ready(page);
      const marked = () => page.locator('.hex .marked').allInnerTexts();
      await page.locator('[role=treeitem] .line', { hasText: 'Source: 52:55:0a:00:02:02' }).click();
      await expect.poll(marked).toEqual(['52', '55', '0a', '00', '02', '02']);
      await page.locator('.hex [data-at="13"]').click();
      await expect.poll(() => page.locator('.line.marked').innerText()).toContain('Type: IPv4');
    });
  });

  it('filters by tap point and text, says when nothing passes, and comes back', async () => {
    await visit({}, async (page) => {
      await ready(page);
      await page.keyboard.press('/');
      await page.keyboard.type('ack');
      await expect.poll(() => page.locator('[data-testid=total]').innerText()).toMatch(/^1 of/);
      await page.keyboard.type(' nothing like this');
      await page.getByRole('button', { name: 'Show all frames' }).click();
      await expect.poll(() => page.locator('[data-testid=total]').innerText()).toContain('4 frames');
      await page.getByRole('button', { name: /^Packets at filer.eth0/ }).click();
      await expect.poll(() => page.locator('[data-testid=total]').innerText()).toMatch(/^0 of/);
    });
  });

  it('asks before it clears, and saves a file', async () => {
    await visit({}, async (page) => {
      await ready(page);
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: 'pcapng' }).click();
      expect((await download).suggestedFilename()).toBe('two-paths.pcapng');
      await page.getByRole('button', { name: 'Clear', exact: true }).click();
      await page.getByRole('button', { name: 'Cancel' }).click();
      expect(await page.locator('[data-testid=total]').innerText()).toContain('4 frames');
      await page.getByRole('button', { name: 'Clear', exact: true }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Clear' }).click();
      await expect.poll(() => page.getByText('No frames yet').isVisible()).toBe(true);
    });
  });
});

describe('what goes wrong', () => {
  it('is told for a link that does not fit, and the lab runs', async () => {
    await visit({ at: '?fake#lab=two-paths&path=bogus' }, async (page) => {
      await ready(page);
      expect(await notice(page, 'link').innerText()).toContain('nat, bridge and native');
      expect(await page.locator('input[name=path]:checked').getAttribute('value')).toBe('nat');
    });
  });

  it('is told for a malformed MAC before it is sent', async () => {
    await visit({}, async (page) => {
      await ready(page);
      await page.fill('#mac', '52:54:00');
      expect(await page.getByRole('alert').innerText()).toContain('52:54:00:12:34:56');
      expect(await page.getByRole('button', { name: 'Set', exact: true }).isDisabled()).toBe(true);
    });
  });

  it('leaves the page readable without WebAssembly', async () => {
    await visit({ at: '?fake=nowasm' }, async (page) => {
      expect(await notice(page, 'no-webassembly').innerText()).toContain('WebAssembly');
      expect(await page.locator('[data-step=nat] .prose').first().isVisible()).toBe(true);
      expect(await chip(page, 'ping -c 3').isDisabled()).toBe(true);
    });
  });

  it('offers another go when the image is damaged', async () => {
    await visit({ at: '?fake=corrupt' }, async (page) => {
      await expect.poll(() => notice(page, 'image-corrupt').isVisible()).toBe(true);
      expect(await notice(page, 'image-corrupt').innerText()).toContain('SHA-256');
      expect(
        await notice(page, 'image-corrupt').getByRole('button', { name: 'Restart the machine' }).count(),
      ).toBe(1);
    });
  });

  it('comes back from a worker that died', async () => {
    await visit({ at: '?fake=dies' }, async (page) => {
      await notice(page, 'machine-failed').waitFor();
      expect(await page.locator('[data-testid=state]').innerText()).toContain('stopped');
      await page.getByRole('button', { name: 'Restart the machine' }).click();
      await ready(page);
    });
  });

  it('is nothing when storage is denied', async () => {
    const before = `Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });`;
    await visit({ before }, async (page) => {
      await ready(page);
      await page.getByRole('button', { name: 'Dark theme' }).click();
      await chip(page, 'ping -c 3 192.168.76.2').click();
      await prompt(page, 2);
    });
  });

  it('shows stage and bytes while it loads', async () => {
    await visit({ at: '?fake=slow' }, async (page) => {
      await expect
        .poll(() => page.locator('[data-testid=stages]').innerText(), { timeout: 5_000 })
        .toMatch(/MB of 2\.1 MB/);
    });
  });
});

describe('under the hand', () => {
  it('moves, collapses and remembers dividers by keyboard', async () => {
    await visit({}, async (page) => {
      await ready(page);
      const bar = page.getByRole('separator', { name: 'Lesson and machine' });
      const width = async () => (await page.locator('[data-panel=lesson]').boundingBox())?.width ?? 0;
      const before = await width();
      await bar.focus();
      await page.keyboard.press('Shift+ArrowRight');
      expect(await width()).toBeGreaterThan(before + 50);
      await page.keyboard.press('Enter');
      expect(await page.locator('[data-panel=lesson]').isVisible()).toBe(false);
      await page.reload();
      await ready(page);
      expect(await page.locator('[data-panel=lesson]').isVisible()).toBe(false);
      await bar.dblclick();
      expect(await width()).toBeGreaterThan(before + 50);
    });
  });

  it('goes round the panels with F6, also out of the terminal', async () => {
    await visit({}, async (page) => {
      await ready(page);
      const where = () =>
        page.evaluate(() => document.activeElement?.closest('[data-panel]')?.getAttribute('data-panel'));
      const seen = [];
      for (let i = 0; i < 4; i++) {
        await page.keyboard.press('F6');
        await page.waitForTimeout(60);
        seen.push(await where());
      }
      expect(seen).toEqual(['lesson', 'network', 'terminal', 'packets']);
    });
  });

  it('maximises a panel and puts it into the link', async () => {
    await visit({}, async (page) => {
      await ready(page);
      await page.getByRole('button', { name: 'Maximise Packets' }).click();
      expect(page.url()).toContain('panel=packets');
      await page.reload();
      await ready(page);
      expect(await page.getByRole('button', { name: 'Restore Packets' }).isVisible()).toBe(true);
    });
  });

  it('asks before a restart and starts the clock anew', async () => {
    await visit({}, async (page) => {
      await ready(page);
      await page.waitForTimeout(1500);
      await page.getByRole('button', { name: 'Restart the lab' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click();
      await expect.poll(() => page.locator('[data-testid=clock]').innerText()).toMatch(/^00:00:0[01]/);
    });
  });

  it('asks nobody else for anything', async () => {
    await visit({}, async (page, { requests }) => {
      await ready(page);
      expect(requests.filter((url) => !url.startsWith(site.url) && !url.startsWith('data:'))).toEqual([]);
    });
  });
});

describe('a small window', () => {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true } as const;

  it('has one column, tabs and keys for the terminal', async () => {
    await visit(phone, async (page) => {
      await ready(page);
      await chip(page, 'ping -c 3 192.168.76.2').click();
      await expect.poll(() => terminalText(page)).toContain('packets received');
      await page.getByRole('button', { name: 'Escape' }).click();
      for (const tab of ['Lesson', 'Machine', 'Packets']) {
        await page.getByRole('navigation').getByRole('button', { name: tab }).click();
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
      }
    });
  });

  it('holds Ctrl for one key', async () => {
    await visit(phone, async (page) => {
      await ready(page);
      await page.getByRole('navigation').getByRole('button', { name: 'Machine' }).click();
      await page.locator('.xterm-helper-textarea').focus();
      await page.getByRole('button', { name: 'Ctrl', exact: true }).click();
      await page.locator('.xterm-helper-textarea').focus();
      await page.keyboard.type('c');
      await expect.poll(() => terminalText(page)).toContain('^C');
    });
  });
});

/** Text whose contrast with its ground is below 4.5, as `ratio text`. Runs in the page. */
function faintText(): string[] {
  const parse = (colour: string): number[] => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]: number[]): number => {
    const [x, y, z] = [r!, g!, b!].map((c) => {
      const s = c / 255;
      return s <= 0.03928 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x! + 0.7152 * y! + 0.0722 * z!;
  };
  const ground = (element: Element | null): number[] => {
    for (let e = element; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if ((c[3] ?? 1) > 0.99 && c.length >= 3) return c;
    }
    return [255, 255, 255];
  };
  const faint: string[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement!;
    const text = (node.textContent ?? '').trim();
    if (text === '' || element.closest('svg, .xterm, :disabled, fieldset:disabled, script, noscript, option'))
      continue;
    if (!element.checkVisibility()) continue;
    const [a, b] = [luminance(parse(getComputedStyle(element).color)), luminance(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${text.slice(0, 40)}`);
  }
  return faint;
}

describe.each(['light', 'dark'] as const)('the %s theme', (colorScheme) => {
  it('follows the system and keeps every text at 4.5:1', async () => {
    await visit({ colorScheme, at: '?fake#path=bogus&packet=3' }, async (page) => {
      await ready(page);
      expect(await page.locator('html').getAttribute('data-theme')).toBe(colorScheme);
      await page.locator('[data-testid=detail]').waitFor();
      for (const step of twoPaths.steps) {
        await page.locator(`[data-step=${step.id}] h3 button`).click();
        expect(await page.evaluate(faintText)).toEqual([]);
      }
      await page.getByRole('button', { name: 'As a table' }).click();
      await page.getByRole('button', { name: 'Keys' }).click();
      expect(await page.evaluate(faintText)).toEqual([]);
    });
  });
});
