import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testInFull } from '../support/in-full.ts';
import type { Ledger } from '../support/ledger.ts';
import {
  type ConsolePage,
  type ConsoleUser,
  createConsoleUser,
  expectAccessible,
  expectNoOverflow,
  hasBrowser,
  openConsole,
  shareConsole,
  signIn,
} from './in-browser.ts';

describe.runIf(hasBrowser)('On the screen of the activity', { timeout: 120_000 }, () => {
  let ledger: Ledger;
  let browser: Browser;
  let auditor: ConsoleUser;
  let auditorPage: ConsolePage;
  let organizationId: string;
  let licenseId: string;
  let licenseKey: string;
  beforeAll(async () => {
    ({ ledger, browser } = await shareConsole());
    organizationId = ledger.a.organizationId;
    ({ licenseId, licenseKey } = await ledger.issue());
    auditor = await createConsoleUser(ledger, [{ organizationId, role: 'AUDITOR' }]);
    auditorPage = await openAs(auditor, 'activity');
  }, 240_000);
  afterAll(() => auditorPage.context.close());

  const openAs = async (user: ConsoleUser, path: string, options: Parameters<typeof openConsole>[3] = {}) => {
    const opened = await openConsole(browser, ledger, `/${organizationId}/${path}`, { ...options, user });
    return opened;
  };
  const suspend = (of = licenseId) =>
    ledger.call('POST', `/v1/licenses/${of}/suspend`, { key: ledger.a.apiKey, body: { reason: { code: 'LEGAL' } } });
  const reinstate = (of = licenseId) =>
    ledger.call('POST', `/v1/licenses/${of}/reinstate`, { key: ledger.a.apiKey, body: {} });
  const live = (page: Page) => page.getByText('Live: new events appear by themselves.');

  test('events are sentences, the newest first, and news appear by themselves', async () => {
    const { page } = auditorPage;
    await page.getByText('The license was issued.').waitFor();
    await live(page).waitFor();
    await suspend();
    await page.getByText('The license was suspended for a legal reason.').waitFor();
    expect(await page.getByRole('listitem').first().innerText()).toContain('The license was suspended');
    await page.getByText('Details').first().click();
    await page.getByText('"specversion": "1.0"').first().waitFor();
    await expectAccessible(page);
    await reinstate();
    await page.getByText('The license was reinstated.').waitFor();
  });

  test('a lost stream continues after the last event', async () => {
    const { page } = auditorPage;
    await page.route('**/v1/events/stream?*', (route) => route.abort());
    await page.reload();
    await page.getByText('Connecting …').waitFor();
    await page.getByText('The license was reinstated.').waitFor();
    await ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey, fingerprint: 'first device' } });
    await page.unroute('**/v1/events/stream?*');
    await live(page).waitFor();
    await page.getByText('A device was activated: 1 of').waitFor();
    expect(await page.getByText('A device was activated: 1 of').count()).toBe(1);
  });

  test('events are filtered by kind and license, by keyboard alone', async () => {
    const { licenseId: other } = await ledger.issue();
    const { page } = auditorPage;
    await page.getByLabel('Kind of event').focus();
    await page.keyboard.type('Suspensions');
    await page.getByText('The license was issued.').waitFor({ state: 'detached' });
    await page.getByText('The license was reinstated.').waitFor();
    // A changed filter keeps the focus where it was.
    await page.keyboard.press('Tab');
    await page.keyboard.type('lic_wrong');
    await page.getByText('An id begins with lic_').waitFor();
    await page.keyboard.press('Control+a');
    await page.keyboard.type(other);
    await page.keyboard.press('Enter');
    await page.getByText('No event matches.').waitFor();
    // News of the license appear, and those of others do not.
    await live(page).waitFor();
    await suspend();
    await suspend(other);
    await page.getByText('The license was suspended for a legal reason.').waitFor();
    expect(await page.getByText('The license was suspended for a legal reason.').count()).toBe(1);
    expect(page.url()).toContain(`group=status&license=${other}`);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('The license was issued.').first().waitFor();
    expect(await page.getByLabel('Kind of event').evaluate((field) => field.matches(':focus'))).toBe(true);
    expect(await page.getByLabel('License id').inputValue()).toBe('');
  });

  test('charts have the numbers of the period, also as a table', async () => {
    const { page } = auditorPage;
    await page.goto(`${ledger.baseUrl}/console/${organizationId}/activity?days=90`);
    const chart = page.getByRole('img', { name: 'Issued licenses: 2 in all, per week' });
    await chart.waitFor();
    const columns = await chart.locator('g > title').allTextContents();
    expect([columns.length, columns.at(-1)]).toEqual([13, expect.stringMatching(/^\w{3} \d+: 2$/)]);
    await page.getByText('Show as a table').first().click();
    const numbers = await page
      .getByRole('table', { name: 'Issued licenses per week' })
      .getByRole('cell')
      .allInnerTexts();
    expect(numbers).toEqual([...Array.from({ length: 12 }, () => '0'), '2']);
    await page.getByLabel('Period').selectOption('Last 30 days');
    await page.getByRole('img', { name: 'Activated devices: 1 in all, per day' }).waitFor();
    await page.getByRole('img', { name: 'Validations: 0 in all, per day, in UTC' }).waitFor();
    for (const product of ['local_cli', 'unknown_product'])
      await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey, product } });
    await ledger.writeObservations();
    await page.reload();
    await page.getByRole('img', { name: 'Validations: 2 in all, per day, in UTC' }).waitFor();
    await expectAccessible(page);
  });

  testInFull('an organization without events, and a feed that fails, say so, in a narrow dark window', async () => {
    const user = await createConsoleUser(ledger, []);
    const { page, context } = await openConsole(browser, ledger, '', {
      viewport: { width: 320, height: 640 },
      colorScheme: 'dark',
    });
    const failing = ['**/v1/events?*', '**/v1/validations?*'];
    for (const url of failing) await page.route(url, (route) => route.fulfill({ status: 500, body: 'broken' }));
    await signIn(page, user);
    await page.getByRole('link', { name: 'Activity' }).click();
    await page.getByRole('alert').nth(2).waitFor();
    for (const url of failing) await page.unroute(url);
    for (let failures = 3; failures > 0; failures -= 1) {
      await page.getByRole('button', { name: 'Try again' }).first().click();
      await page
        .getByRole('alert')
        .nth(failures - 1)
        .waitFor({ state: 'detached' });
    }
    await page.getByText('No event matches.').waitFor();
    await page.getByRole('img', { name: 'Issued licenses: 0 in all' }).waitFor();
    await expectAccessible(page);
    await expectNoOverflow(page);
    await context.close();
  });

  testInFull('a support person has no activity, and the server refuses what is forced', async () => {
    const support = await createConsoleUser(ledger, [{ organizationId, role: 'SUPPORT' }]);
    const { page, context } = await openAs(support, 'licenses');
    await page.getByRole('link', { name: 'People and keys' }).waitFor();
    expect(await page.getByRole('link', { name: 'Activity' }).count()).toBe(0);
    const { body } = await ledger.call('POST', '/v1/auth/login', {
      body: { email: support.email, password: support.password, organizationId },
    });
    expect((await ledger.call('GET', '/v1/events', { key: String(body.accessToken) })).status).toBe(403);
    await context.close();
  });

  test('the page of a license follows its events, and not while it shows the past', async () => {
    const { page } = auditorPage;
    const { licenseId: shown } = await ledger.issue();
    const stream = page.waitForResponse((response) => response.url().includes('/v1/events/stream'));
    await page.goto(`${ledger.baseUrl}/console/${organizationId}/licenses/${shown}`);
    await page.getByText('The license was issued.').waitFor();
    await stream;
    await suspend(shown);
    await page.getByText('It was suspended for a legal reason').waitFor();
    const ended = page.waitForEvent('requestfailed', (request) => request.url().includes('/v1/events/stream'));
    await page.getByRole('button', { name: 'Earlier event' }).click();
    await page.getByText('You see the license as it was').waitFor();
    await ended;
  });
});
