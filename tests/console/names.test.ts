import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect } from 'vitest';
import type { Role } from '../../src/domain/organization/events.ts';
import { testInFull } from '../support/in-full.ts';
import type { Ledger } from '../support/ledger.ts';
import { createConsoleUser, expectAccessible, hasBrowser, openConsole, shareConsole } from './in-browser.ts';

describe.runIf(hasBrowser)('The console shows names in place of ids:', { timeout: 240_000 }, () => {
  let ledger: Ledger;
  let browser: Browser;
  let organizationId: string;
  let licenseId: string;
  let colleague: Awaited<ReturnType<Ledger['createMember']>>;
  let customer: string;
  let policyId: string;
  beforeAll(async () => {
    ({ ledger, browser } = await shareConsole());
    ({ organizationId } = ledger.a);
    ({ licenseId } = await ledger.issue({ holderOrganizationId: ledger.b.organizationId }));
    const holders = await ledger.call('GET', `/v1/holders?ids=${ledger.b.organizationId}`, { key: ledger.a.apiKey });
    customer = String(holders.body.data?.[0]?.name);
    const product = { code: 'local_cli', name: 'Local CLI' };
    expect((await ledger.call('POST', '/v1/products', { key: ledger.a.apiKey, body: product })).status).toBe(201);
    const policy = { name: 'Team', tier: 'PRO', products: ['local_cli'] };
    const created = await ledger.call('POST', '/v1/policies', { key: ledger.a.apiKey, body: policy });
    policyId = String(created.body.id);
    colleague = await ledger.createMember(organizationId, 'ADMIN');
    const body = { reason: { code: 'LEGAL' } };
    const suspend = { key: colleague.accessToken, body };
    expect((await ledger.call('POST', `/v1/licenses/${licenseId}/suspend`, suspend)).status).toBe(200);
  }, 240_000);

  const openAs = async (role: Role) => {
    const user = await createConsoleUser(ledger, [{ organizationId, role }]);
    return openConsole(browser, ledger, `/${organizationId}/licenses/${licenseId}`, { user });
  };

  testInFull('the authors of events, and the customer of a transfer and of a new license', async () => {
    const { page, context } = await openAs('OWNER');
    await page.getByText(`by ${colleague.email}: LEGAL`).waitFor();
    await page.getByText('by the API key test').first().waitFor();
    await page.getByRole('button', { name: 'Transfer' }).click();
    await page.getByRole('dialog').getByText(`This is your customer ${customer}.`).waitFor();
    await expectAccessible(page);
    await page.goto(`${ledger.baseUrl}/console/${organizationId}/licenses/new?policy=${policyId}`);
    await page.getByLabel('Organization of the customer').fill(ledger.b.organizationId);
    await page.getByText(`This is your customer ${customer}.`).waitFor();
    await page.getByRole('row', { name: 'Customer' }).getByText(customer).waitFor();
    await context.close();
  });

  testInFull('ids stay where the role may not see names, and no request asks for them', async () => {
    const { page, context } = await openAs('BILLING');
    await page.getByText(`by a user (${colleague.userId}): LEGAL`).waitFor();
    await page.getByText('by an API key (key_').first().waitFor();
    await context.close();
  });
});
