import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PageDemo } from '../../../src/api/pages/local-guide.ts';
import { findChromium, openBrowser } from '../../support/browser.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { sized } from '../../support/size.ts';

let demo: PageDemo | null = null;
let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger({ guide: { managementUrl: 'http://127.0.0.1:8081', demo: () => demo } });
  const { licenseId, licenseKey } = await ledger.issue();
  demo = {
    organizationId: ledger.a.organizationId,
    licenseId,
    licenseKey,
    email: 'owner@demo.example',
  };
});
afterAll(() => ledger.stop());

const executable = findChromium();

/** Presses a button when it is there, without waiting until nothing moves any more. */
const press = (button: Locator) =>
  button.evaluate((element) => element.dispatchEvent(new Event('click', { bubbles: true })));

// On a busy machine a browser takes its time to start.
// The tests of the page itself run each time.
describe.runIf(executable !== null && sized(1, 0) === 1)('On /docs in a browser', { timeout: 120_000 }, () => {
  test('a list is tried without a filter, and the examples work on the demo', async () => {
    const browser = await openBrowser(executable ?? '');
    try {
      const page = await browser.newPage();
      await page.goto(`${ledger.baseUrl}/docs`);
      const tryOut = async (tag: string, operation: string) => {
        const block = page.locator(`#operations-${tag}-${operation}`);
        await press(block.locator('.opblock-summary-control'));
        await press(block.locator('.try-out__btn'));
        return block;
      };
      const list = await tryOut('Licenses', 'listLicenses');
      const fields = list.locator('tr[data-param-in="query"] input');
      expect(await fields.count()).toBeGreaterThan(5);
      const filled = await fields.evaluateAll((inputs) =>
        inputs.flatMap((input) => ('value' in input && input.value !== '' ? [input.value] : [])),
      );
      // The number of licenses on a page is no filter.
      expect(filled).toEqual(['50']);

      const validation = await tryOut('Client', 'validateLicense');
      const answer = page.waitForResponse((response) => response.url().endsWith('/v1/licenses/validate'));
      await press(validation.locator('.execute'));
      const validated = await answer;
      expect([validated.status(), await validated.json()]).toMatchObject([200, { code: expect.any(String) }]);
      expect(await validation.locator('.body-param__text').inputValue()).toContain(String(demo?.licenseKey));

      const login = await tryOut('Authentication', 'logIn');
      expect(JSON.parse(await login.locator('.body-param__text').inputValue())).toEqual({
        email: 'owner@demo.example',
        password: 'the password in demo.json',
      });
      const reading = await tryOut('Licenses', 'getLicense');
      expect(await reading.locator('tr[data-param-name="licenseId"] input').inputValue()).toBe(demo?.licenseId);
    } finally {
      await browser.close();
    }
  });
});
