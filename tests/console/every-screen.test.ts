import type { Browser, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Role, roles } from '../../src/domain/organization/events.ts';
import { testInFull } from '../support/in-full.ts';
import type { Ledger } from '../support/ledger.ts';
import {
  createConsoleUser,
  expectAccessible,
  expectNoOverflow,
  hasBrowser,
  openConsole,
  shareConsole,
} from './in-browser.ts';

describe.runIf(hasBrowser)('On every screen of the console,', { timeout: 600_000 }, () => {
  let ledger: Ledger;
  let browser: Browser;
  let screens: readonly string[];
  beforeAll(async () => {
    ({ ledger, browser } = await shareConsole());
    const productId = await create('/v1/products', { code: 'local_cli', name: 'Local CLI' });
    const policyId = await create('/v1/policies', { name: 'Team', tier: 'PRO', products: ['local_cli'] });
    const { licenseId, licenseKey } = await ledger.issue({
      products: ['local_cli'],
      holderOrganizationId: ledger.b.organizationId,
    });
    const device = { licenseKey, fingerprint: 'a device', product: 'local_cli' };
    expect((await ledger.call('POST', '/v1/licenses/activate', { body: device })).status).toBe(201);
    screens = [
      ...['licenses', `licenses/${licenseId}`, 'licenses/new', `why?license=${licenseId}`, 'first-steps'],
      ...['catalog', `catalog/products/${productId}`, 'catalog/policies/new'],
      ...[`catalog/policies/${policyId}`, `catalog/policies/${policyId}/change`],
      ...['customers', `customers/${ledger.b.organizationId}`, 'activity', 'proof', 'people'],
    ];
  }, 240_000);

  const create = async (path: string, body: object): Promise<string> => {
    const created = await ledger.call('POST', path, { key: ledger.a.apiKey, body });
    expect(created.status).toBe(201);
    return String(created.body.id);
  };

  /** A page on which a user of this role has signed in. */
  const openAs = async (role: Role, options: Parameters<typeof openConsole>[3] = {}) => {
    const user = await createConsoleUser(ledger, [{ organizationId: ledger.a.organizationId, role }]);
    return openConsole(browser, ledger, `/${ledger.a.organizationId}/licenses`, { ...options, user });
  };
  const visit = async (page: Page, screen: string) => {
    await page.goto(`${ledger.baseUrl}/console/${ledger.a.organizationId}/${screen}`);
    await untilComplete(page);
  };
  const untilComplete = async (page: Page) => {
    await page.locator('main').waitFor();
    await expect.poll(() => page.getByText('Loading …').count(), { timeout: 20_000 }).toBe(0);
  };
  const alerts = (page: Page) => page.getByRole('alert').allInnerTexts();

  test('an owner sees no failure, and no secret is stored', async () => {
    const { page, context } = await openAs('OWNER');
    for (const screen of screens) {
      await visit(page, screen);
      await page.locator('h1').waitFor();
      expect([screen, await alerts(page)]).toEqual([screen, []]);
      const stored = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])');
      expect([screen, stored]).toEqual([screen, expect.not.stringMatching(/eyJ|lgr_|LL-/)]);
    }
    await context.close();
  });

  // A page that sends a request beyond the rights of its user fails the test.
  test('a guest sees no screen that the role may not see, and sends no request for one', async () => {
    const { page, context } = await openAs('GUEST');
    for (const screen of screens.filter((address) => address !== 'people')) {
      await visit(page, screen);
      await page.getByText('Your role may not see this page.').waitFor();
    }
    await page.getByRole('link', { name: 'License Ledger' }).click();
    await page.getByRole('heading', { name: 'Your sessions' }).waitFor();
    expect(await page.getByRole('navigation').getByRole('link').allInnerTexts()).toEqual(['People and keys']);
    await page.keyboard.press('Control+k');
    expect([await page.getByRole('dialog').count(), await alerts(page)]).toEqual([0, []]);
    await context.close();
  });

  testInFull('nothing overflows at 320 pixels or at a zoom of 200 %, in the dark', async () => {
    const { page, context } = await openAs('OWNER', { colorScheme: 'dark' });
    for (const screen of screens) {
      for (const width of [320, 640]) {
        await page.setViewportSize({ width, height: 450 });
        await visit(page, screen);
        await expectNoOverflow(page);
      }
      await expectAccessible(page);
    }
    await context.close();
  });

  testInFull.each(roles.map((role) => [role]))('the role %s gets an answer, and no page breaks', async (role) => {
    const { page, context } = await openAs(role);
    for (const screen of screens) {
      await visit(page, screen);
      expect([screen, (await page.locator('main').innerText()).length]).not.toEqual([screen, 0]);
      expect([screen, await page.getByText('The page failed.').count()]).toEqual([screen, 0]);
    }
    await context.close();
  });

  testInFull('a server that fails, is slow or is gone leads to a message and another try', async () => {
    const { page, context } = await openAs('OWNER');
    const network = await context.newCDPSession(page);
    const slow = { offline: false, downloadThroughput: -1, uploadThroughput: -1 };
    const requests = /\/v1\/(?!auth\/browser-session|auth\/switch|auth\/me|organizations|events\/stream)/;
    for (const screen of screens.filter((each) => !/policies\/new|people/.test(each))) {
      for (const fail of [() => ({ status: 500, body: '' }), null]) {
        await page.route(requests, (route) => (fail === null ? route.abort() : route.fulfill(fail())));
        await page.goto(`${ledger.baseUrl}/console/${ledger.a.organizationId}/${screen}`);
        await page.getByRole('alert').first().waitFor();
        await page.unroute(requests);
        await network.send('Network.emulateNetworkConditions', { ...slow, latency: 300 });
        // A part that fails after the first click is tried again, too.
        const remaining = async () => {
          for (const retry of await page.getByRole('button', { name: 'Try again' }).all())
            await retry.click({ timeout: 1_000 }).catch(() => undefined);
          return [screen, ...(await alerts(page))];
        };
        await expect.poll(remaining, { timeout: 60_000, interval: 500 }).toEqual([screen]);
        await untilComplete(page);
        await network.send('Network.emulateNetworkConditions', { ...slow, latency: 0 });
      }
    }
    await context.close();
  });
});
