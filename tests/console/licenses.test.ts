import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testInFull } from '../support/in-full.ts';
import type { Ledger, TestOrganization } from '../support/ledger.ts';
import {
  type ConsolePage,
  createConsoleUser,
  expectAccessible,
  expectNoOverflow,
  hasBrowser,
  openConsole,
  shareConsole,
} from './in-browser.ts';

describe.runIf(hasBrowser)('The list of licenses', { timeout: 240_000 }, () => {
  let ledger: Ledger;
  let browser: Browser;
  let vendor: TestOrganization;
  let auditor: ConsolePage;
  beforeAll(async () => {
    ({ ledger, browser } = await shareConsole());
    vendor = await ledger.createVendor('Listing Inc.');
    const { organizationId, apiKey: key } = vendor;
    const issue = async (externalRef: string, fields: object = {}) =>
      (await ledger.issue({ externalRef, ...fields }, vendor)).licenseId;
    await issue('usual');
    await issue('ends soon', { term: { duration: 'P20D' } });
    const unpaid = await issue('unpaid');
    await ledger.call('POST', `/v1/licenses/${unpaid}/suspend`, { key, body: { reason: { code: 'PAYMENT' } } });
    const full = await ledger.issue({ externalRef: 'full', limits: { activations: 1 } }, vendor);
    const body = { licenseKey: full.licenseKey, fingerprint: 'device' };
    await ledger.call('POST', '/v1/licenses/activate', { body });
    const user = await createConsoleUser(ledger, [{ organizationId, role: 'AUDITOR' }]);
    auditor = await openConsole(browser, ledger, `/${organizationId}/licenses`, { user });
    await auditor.page.getByRole('status').waitFor();
  }, 240_000);
  afterAll(() => auditor.context.close());

  const references = async (page: Page, count: number): Promise<readonly string[]> => {
    await page
      .getByRole('status')
      .getByText(count === 1 ? '1 license' : `${count} licenses`, { exact: true })
      .waitFor();
    const texts = await page.getByRole('row').allInnerTexts();
    return texts.slice(1).map((text) => text.split('\n')[1] ?? '');
  };
  const view = (page: Page, name: string) =>
    page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name, exact: true });

  test('shows what ends soon, what is unpaid, what is full and what nobody uses, by one link each', async () => {
    const { page } = auditor;
    expect(await references(page, 4)).toEqual(['full', 'unpaid', 'ends soon', 'usual']);
    await expectAccessible(page);
    await view(page, 'Ends in 30 days').click();
    expect(await references(page, 1)).toEqual(['ends soon']);
    await view(page, 'Suspended for payment').click();
    expect(await references(page, 1)).toEqual(['unpaid']);
    expect(new URL(page.url()).search).toBe('?suspendedFor=PAYMENT');
    await view(page, 'Over the limit').click();
    expect(await references(page, 1)).toEqual(['full']);
    await view(page, 'Never activated').click();
    expect(await references(page, 2)).toEqual(['ends soon', 'usual']);
    await expectAccessible(page);
  });

  test('is filtered, and each filter is removed by its chip, with the keyboard alone', async () => {
    const { page } = auditor;
    await view(page, 'Never activated').click();
    await references(page, 2);
    await page.getByLabel('Search').focus();
    await page.keyboard.type('ends');
    await page.keyboard.press('Enter');
    expect(await references(page, 1)).toEqual(['ends soon']);
    await page.getByRole('button', { name: 'Remove the filter Search: ends' }).press('Enter');
    await references(page, 2);
    await page.getByRole('button', { name: 'Remove the filter Status: Active' }).press('Enter');
    await page.getByRole('button', { name: 'Remove the filter Devices: None' }).press('Enter');
    await references(page, 4);
    await page.getByLabel('Order').selectOption('Oldest first');
    await page.getByRole('row').nth(1).getByText('usual').waitFor();
  });

  test('is saved as a view of the user, which is there after a reload, and is removed', async () => {
    const { page } = auditor;
    await page.goto(`${ledger.baseUrl}/console/${vendor.organizationId}/licenses?status=SUSPENDED&tier=PRO`);
    await page.getByRole('button', { name: 'Save this view' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name of the view').fill('All');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('You have a view with this name.').waitFor();
    await expectAccessible(page);
    await dialog.getByLabel('Name of the view').fill('Suspended PRO');
    await page.keyboard.press('Enter');
    await view(page, 'All').click();
    await references(page, 4);
    await page.reload();
    await view(page, 'Suspended PRO').click();
    expect(await references(page, 1)).toEqual(['unpaid']);
    await page.getByRole('button', { name: 'Remove the view Suspended PRO' }).click();
    await view(page, 'Suspended PRO').waitFor({ state: 'detached' });
  });

  test('has the columns that the user chooses, also after a reload', async () => {
    const { page } = auditor;
    await view(page, 'All').click();
    await references(page, 4);
    await page.getByText('Columns', { exact: true }).click();
    await page.getByLabel('Seats', { exact: true }).check();
    await page.getByLabel('Products', { exact: true }).uncheck();
    await page.reload();
    await page.getByRole('columnheader', { name: 'Seats' }).waitFor();
    expect(await page.getByRole('columnheader', { name: 'Products' }).count()).toBe(0);
  });

  testInFull(
    'of 10,000 licenses renders only those in the window, loads the others while scrolling, and survives a failure',
    async () => {
      const { page } = auditor;
      const [pageSize, pages] = [1_000, 10];
      const { body } = await ledger.call('GET', '/v1/licenses?limit=1', { key: vendor.apiKey });
      const [license] = Object.values(body.data ?? {});
      let isFailing = false;
      await page.route('**/v1/licenses?*', (route) => {
        if (isFailing) return route.abort();
        const place = Number(new URL(route.request().url()).searchParams.get('cursor') ?? '0');
        const data = Array.from({ length: pageSize }, (_, index) => {
          const number = place * pageSize + index;
          const id = `${String(license?.id).slice(0, -5)}${String(number).padStart(5, '0')}`;
          return { ...license, id, externalRef: `no. ${number}` };
        });
        const hasMore = place + 1 < pages;
        return route.fulfill({ json: { data, hasMore, nextCursor: hasMore ? String(place + 1) : null } });
      });
      await page.goto(`${ledger.baseUrl}/console/${vendor.organizationId}/licenses`);
      await page.getByText('no. 0', { exact: true }).waitFor();
      const rendered = () => page.getByRole('row').count();
      const scroll = () => page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
      const loaded = (count: string) => page.getByRole('status').getByText(count).waitFor();
      await loaded('1,000 licenses so far');
      await scroll();
      await loaded('2,000 licenses so far');
      isFailing = true;
      await scroll();
      await page.getByText('The server did not answer.').waitFor();
      isFailing = false;
      await page.getByRole('button', { name: 'Try again' }).click();
      for (let count = 3 * pageSize; count <= pages * pageSize; count += pageSize) {
        await loaded(`${count.toLocaleString('en-US')} licenses`);
        expect(await rendered()).toBeLessThan(150);
        await scroll();
      }
      expect(await page.getByRole('table').getAttribute('aria-rowcount')).toBe('10001');
      await scroll();
      await page.getByText('no. 9999', { exact: true }).waitFor();
      expect(await rendered()).toBeLessThan(150);
      // The row with the focus stays when the page scrolls away.
      await page.getByRole('row').last().getByRole('link').focus();
      await page.evaluate('scrollTo(0, 0)');
      await page.getByText('no. 0', { exact: true }).waitFor();
      expect(await page.evaluate('document.activeElement.closest("tr")?.getAttribute("aria-rowindex")')).toBe('10001');
      await page.unroute('**/v1/licenses?*');
    },
  );

  testInFull('fits a narrow and dark window, and says when nothing matches', async () => {
    const { page } = auditor;
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto(`${ledger.baseUrl}/console/${vendor.organizationId}/licenses?tier=PRO&activations=0`);
    await references(page, 3);
    await page.getByText('Columns', { exact: true }).click();
    await expectNoOverflow(page);
    await expectAccessible(page);
    await page.getByRole('combobox', { name: 'Tier' }).selectOption('Enterprise');
    await page.getByText('No license matches.').waitFor();
    await expectNoOverflow(page);
  });
});
