import type { Browser, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { testInFull } from '../support/in-full.ts';
import type { Ledger } from '../support/ledger.ts';
import { type ConsoleUser, createConsoleUser, hasBrowser, openConsole, shareConsole } from './in-browser.ts';

describe.runIf(hasBrowser)('A dialog of a license', { timeout: 240_000 }, () => {
  let ledger: Ledger;
  let browser: Browser;
  let owner: ConsoleUser;
  let organizationId: string;
  beforeAll(async () => {
    ({ ledger, browser } = await shareConsole());
    organizationId = ledger.a.organizationId;
    owner = await createConsoleUser(ledger, [{ organizationId, role: 'OWNER' }]);
  }, 240_000);

  const dialog = (page: Page) => page.getByRole('dialog');
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const pressInDialog = (page: Page, name: string) =>
    dialog(page).getByRole('button', { name, exact: true }).click({ timeout: 60_000 });
  const openLicense = async (licenseId: string) => {
    const opened = await openConsole(browser, ledger, `/${organizationId}/licenses/${licenseId}`, { user: owner });
    await opened.page.getByRole('heading', { name: 'Use and limits' }).waitFor();
    return opened;
  };
  const renewalsOf = async (licenseId: string): Promise<number> => {
    const { text } = await ledger.call('GET', `/v1/licenses/${licenseId}/history`, { key: ledger.a.apiKey });
    return text.match(/"type":"LicenseRenewed"/g)?.length ?? 0;
  };

  test('changes only what its user has changed, when a colleague changes something else meanwhile', async () => {
    const { licenseId } = await ledger.issue({ limits: { activations: 3 } });
    const { page, context } = await openLicense(licenseId);
    await press(page, 'Change limits');
    await ledger.call('POST', `/v1/licenses/${licenseId}/limits`, {
      key: ledger.a.apiKey,
      body: { limits: { activations: 7 } },
    });
    await page.getByText('0 of 7').waitFor();
    await dialog(page).getByLabel('Floating seats').fill('2');
    await pressInDialog(page, 'Change limits');
    await dialog(page).waitFor({ state: 'detached' });
    const { body } = await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey });
    expect(body.limits).toMatchObject({ activations: 7, seats: 2 });
    await context.close();
  });

  test('says that the network is missing, and sends nothing later that its user has cancelled', async () => {
    const { licenseId } = await ledger.issue({ term: { duration: 'P1Y' } });
    const { page, context } = await openLicense(licenseId);
    await press(page, 'Renew');
    await context.setOffline(true);
    await pressInDialog(page, 'Renew');
    await dialog(page).getByText('The server did not answer.').waitFor();
    await pressInDialog(page, 'Cancel');
    await context.setOffline(false);
    await page.reload();
    await page.getByRole('heading', { name: 'Use and limits' }).waitFor();
    expect(await renewalsOf(licenseId)).toBe(0);
    await context.close();
  });

  testInFull('does not replace metadata that a colleague has changed meanwhile', async () => {
    const { licenseId } = await ledger.issue({ metadata: { seller: 'A' } });
    const { page, context } = await openLicense(licenseId);
    await press(page, 'Edit reference and metadata');
    await dialog(page).getByLabel('Metadata').fill('{"seller":"mine"}');
    const change = (body: object) => ledger.call('PATCH', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey, body });
    // The other field of the form is not in the way.
    await change({ externalRef: 'order 7' });
    await pressInDialog(page, 'Save');
    await dialog(page).waitFor({ state: 'detached' });
    await press(page, 'Edit reference and metadata');
    await dialog(page).getByLabel('Metadata').fill('{"seller":"mine again"}');
    await change({ metadata: { seller: 'of a colleague' } });
    await pressInDialog(page, 'Save');
    await dialog(page).getByText('This has changed since you opened the form').waitFor();
    const { body } = await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey });
    expect(body).toMatchObject({ externalRef: 'order 7', metadata: { seller: 'of a colleague' } });
    await context.close();
  });

  testInFull('closes with one Escape after a command that failed', async () => {
    const { licenseId } = await ledger.issue({ term: { duration: 'P1Y' } });
    const { page, context } = await openLicense(licenseId);
    await press(page, 'Renew');
    await context.setOffline(true);
    await pressInDialog(page, 'Renew');
    await dialog(page).getByText('The server did not answer.').waitFor();
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'detached' });
    await context.close();
  });
});
