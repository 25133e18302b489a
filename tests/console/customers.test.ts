import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testInFull } from '../support/in-full.ts';
import type { Ledger, TestOrganization } from '../support/ledger.ts';
import {
  type ConsolePage,
  type ConsoleUser,
  createConsoleUser,
  expectAccessible,
  expectNoOverflow,
  hasBrowser,
  openConsole,
  shareConsole,
} from './in-browser.ts';

describe.runIf(hasBrowser)('On the screens of customers', { timeout: 120_000 }, () => {
  let ledger: Ledger;
  let browser: Browser;
  let issuer: TestOrganization;
  let holder: TestOrganization;
  let admin: ConsoleUser;
  let adminPage: ConsolePage;
  beforeAll(async () => {
    ({ ledger, browser } = await shareConsole());
    issuer = ledger.a;
    holder = ledger.b;
    admin = await createConsoleUser(ledger, [
      { organizationId: issuer.organizationId, role: 'ADMIN' },
      { organizationId: holder.organizationId, role: 'ADMIN' },
    ]);
    adminPage = await openAs(admin, issuer);
  }, 240_000);
  afterAll(() => adminPage.context.close());

  const openAs = async (
    user: ConsoleUser,
    { organizationId }: TestOrganization,
    options: Parameters<typeof openConsole>[3] = {},
  ) => {
    const opened = await openConsole(browser, ledger, `/${organizationId}/customers`, { ...options, user });
    await opened.page.getByRole('heading', { name: 'Customers', level: 1 }).waitFor();
    return opened;
  };
  const dialog = (page: Page) => page.getByRole('dialog');
  const customersOf = ({ organizationId }: TestOrganization) => `${ledger.baseUrl}/console/${organizationId}/customers`;

  test('a customer has its licenses, what it uses, what ends soon and what happened', async () => {
    const { page } = adminPage;
    await page.getByText('No customer holds a license of yours.').waitFor();
    const held = { holderOrganizationId: holder.organizationId };
    const { licenseKey } = await ledger.issue({ ...held, externalRef: 'first order', term: { duration: 'P30D' } });
    await ledger.issue({ ...held, externalRef: 'second order' });
    await ledger.issue({ externalRef: 'of nobody' });
    await ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey, fingerprint: 'device' } });
    await page.reload();
    await page.getByText('From 3 licenses, 1 of them without a customer.').waitFor();
    await expectAccessible(page);
    // By keyboard alone.
    await page.getByRole('searchbox').focus();
    await page.keyboard.type('first');
    await page.keyboard.press('Enter');
    await page.getByText('From 1 license,').waitFor();
    await page.getByText('The columns count only the licenses that match.').waitFor();
    // From the field to the button, and then to the customer.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Customer Vendor B' }).waitFor();
    await page.getByText('A device was activated: 1 of').waitFor();
    expect(await page.getByText('The license was issued.').count()).toBe(2);
    const soon = page.getByRole('table', { name: 'Licenses that end in 60 days' });
    await soon.getByText('first order').waitFor();
    expect(await soon.getByRole('row').count()).toBe(2);
    await page.getByRole('table', { name: 'Licenses of this customer' }).getByText('second order').waitFor();
    await expectAccessible(page);
  });

  test('offers are accepted and declined, and issuers are decided about', async () => {
    const stranger = await ledger.createVendor('Stranger Tools');
    const offer = async () => {
      const body = { tier: 'PRO', products: ['local_cli'], holderOrganizationId: holder.organizationId };
      const { status } = await ledger.call('POST', '/v1/licenses', { key: stranger.apiKey, body });
      expect(status).toBe(201);
    };
    await offer();
    const { page } = adminPage;
    await page.goto(customersOf(holder));
    const issuers = page.getByRole('region', { name: 'Issuers' });
    await page.getByRole('button', { name: 'Decline: Stranger Tools' }).click();
    await expectAccessible(page);
    await dialog(page).getByRole('button', { name: 'Decline' }).click();
    await page.getByText('No offer waits for you.').waitFor();
    await offer();
    await page.reload();
    await page.getByRole('button', { name: 'Accept: Stranger Tools' }).click();
    await dialog(page).getByRole('button', { name: 'Accept' }).click();
    await issuers
      .getByRole('row', { name: /Stranger Tools/ })
      .getByText('trusted')
      .waitFor();
    await page.getByRole('button', { name: 'Block: Stranger Tools' }).click();
    await dialog(page).getByRole('button', { name: 'Block' }).click();
    await issuers
      .getByRole('row', { name: /Stranger Tools/ })
      .getByText('blocked')
      .waitFor();
    await page.getByRole('button', { name: 'Forget: Stranger Tools' }).click();
    await dialog(page).getByRole('button', { name: 'Forget' }).click();
    await issuers.getByRole('row', { name: /Stranger Tools/ }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Decide about an issuer' }).click();
    await dialog(page).getByLabel('Organization id').fill(stranger.organizationId);
    await dialog(page).getByLabel('Decision').selectOption('Block');
    await dialog(page).getByRole('button', { name: 'Block' }).click();
    await issuers.getByText('blocked').waitFor();
  });

  test('a salesperson decides nothing, and the server refuses what is forced', async () => {
    const sales = await createConsoleUser(ledger, [{ organizationId: holder.organizationId, role: 'SALES' }]);
    const { page, context } = await openAs(sales, holder);
    await page.getByRole('table', { name: 'Issuers' }).waitFor();
    expect(await page.getByRole('button', { name: /Trust|Block|Forget|Accept|Decline|Decide/ }).count()).toBe(0);
    const { email, password } = sales;
    const { body } = await ledger.call('POST', '/v1/auth/login', {
      body: { email, password, organizationId: holder.organizationId },
    });
    const forced = await ledger.call('POST', `/v1/issuers/${issuer.organizationId}/trust`, {
      key: String(body.accessToken),
    });
    expect(forced.status).toBe(403);
    await context.close();
  });

  testInFull('a list that fails can be read again, in a narrow dark window', async () => {
    const { page, context } = await openAs(admin, issuer, {
      viewport: { width: 320, height: 640 },
      colorScheme: 'dark',
    });
    await page.getByRole('link', { name: holder.organizationId }).waitFor();
    await expectNoOverflow(page);
    await expectAccessible(page);
    await page.goto(`${customersOf(issuer)}/${holder.organizationId}`);
    await page.getByText('A device was activated: 1 of').waitFor();
    await expectNoOverflow(page);
    await expectAccessible(page);
    await page.route('**/v1/licenses?*', (route) => route.fulfill({ status: 500, body: 'broken' }));
    await page.reload();
    const licenses = page.getByRole('region', { name: 'Licenses', exact: true });
    await licenses.getByRole('alert').waitFor();
    await page.unroute('**/v1/licenses?*');
    await licenses.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('A device was activated: 1 of').waitFor();
    await context.close();
  });
});
