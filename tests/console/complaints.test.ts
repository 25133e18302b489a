import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Ledger } from '../support/ledger.ts';
import { pageComplaints } from '../support/page-complaints.ts';
import { hasBrowser, openConsole, shareConsole } from './in-browser.ts';

describe.runIf(hasBrowser)('A page of the console complains', { timeout: 120_000 }, () => {
  let ledger: Ledger;
  let browser: Browser;
  beforeAll(async () => {
    ({ ledger, browser } = await shareConsole());
  }, 240_000);

  test('about an inline script or style, a request elsewhere, a stored secret and an error', async () => {
    const { page, context } = await openConsole(browser, ledger, '/sign-in');
    await page.evaluate(`
      document.body.append(Object.assign(document.createElement('script'), { textContent: 'void 0' }));
      document.body.append(Object.assign(document.createElement('style'), { textContent: 'p {}' }));
      fetch('https://elsewhere.invalid/').catch(() => undefined);
      localStorage.setItem('key', 'lgr_live_1');
      queueMicrotask(() => { throw new Error('of the page') });
    `);
    const complaints: string[] = [];
    const text = () => {
      complaints.push(...pageComplaints.splice(0));
      return complaints.join('\n');
    };
    for (const complaint of ['script-src', 'style-src', 'connect-src', 'stored a secret under key', 'of the page'])
      await expect.poll(text).toContain(complaint);
    await context.close();
    text();
  });
});
