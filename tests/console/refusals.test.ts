import type { Browser, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { testInFull } from '../support/in-full.ts';
import type { Ledger } from '../support/ledger.ts';
import {
  type ConsoleUser,
  createConsoleUser,
  expectAccessible,
  expectNoOverflow,
  hasBrowser,
  openConsole,
  shareConsole,
} from './in-browser.ts';

describe.runIf(hasBrowser)('The explanation of a refusal', { timeout: 240_000 }, () => {
  let ledger: Ledger;
  let browser: Browser;
  let owner: ConsoleUser;
  let organizationId: string;
  beforeAll(async () => {
    ({ ledger, browser } = await shareConsole());
    organizationId = ledger.a.organizationId;
    owner = await createConsoleUser(ledger, [{ organizationId, role: 'OWNER' }]);
  }, 240_000);

  const activate = (licenseKey: string, name: string) =>
    ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey, fingerprint: `device ${name}`, name } });
  const dialog = (page: Page) => page.getByRole('dialog');
  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
  const openWhy = async (user: ConsoleUser, query = '', options: Parameters<Browser['newContext']>[0] = {}) => {
    const opened = await openConsole(browser, ledger, `/${organizationId}/why${query}`, { ...options, user });
    await opened.page.getByRole('heading', { name: 'Why was it refused?' }).waitFor();
    return opened;
  };

  test('leads support from a key to a released device by keyboard alone, and keeps the key out of the page', async () => {
    const { licenseKey, licenseId } = await ledger.issue({ limits: { activations: 1 } });
    expect((await activate(licenseKey, 'Old laptop')).status).toBe(201);
    const support = await createConsoleUser(ledger, [{ organizationId, role: 'SUPPORT' }]);
    const { page, context } = await openWhy(support);
    await page.getByLabel('License key or id').focus();
    await page.keyboard.insertText(licenseKey);
    await page.keyboard.press('Tab');
    await page.keyboard.insertText('device New laptop');
    await page.keyboard.press('Enter');
    await page.getByText('The device is not active on this license.').first().waitFor();
    await expectAccessible(page);
    expect(`${page.url()} ${await page.content()}`).not.toContain(licenseKey);
    await page.getByRole('button', { name: 'Release Old laptop' }).focus();
    await page.keyboard.press('Enter');
    await dialog(page).waitFor();
    await button(page, 'Release').last().focus();
    await page.keyboard.press('Enter');
    await dialog(page).waitFor({ state: 'detached' });
    await page.getByText('Release a device that is no longer in use.').waitFor({ state: 'detached' });
    await page.getByText('The application activates the device.').waitFor();
    const { body } = await ledger.call('GET', `/v1/licenses/${licenseId}/activations`, { key: ledger.a.apiKey });
    expect(body.data).toEqual([]);
    await context.close();
  });

  test('shows each rule, the recent refusals, and reinstates where the role may', async () => {
    const { licenseKey, licenseId } = await ledger.issue();
    const key = ledger.a.apiKey;
    await ledger.call('POST', `/v1/licenses/${licenseId}/suspend`, { key, body: { reason: { code: 'PAYMENT' } } });
    await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey, product: 'local_cli', version: '2.0' } });
    await ledger.writeObservations();
    const { page, context } = await openWhy(owner, `?license=${licenseId}`);
    await page.getByText('The license is suspended.').first().waitFor();
    await page.getByText('Rules that passed or do not apply').click();
    await page.getByRole('rowheader', { name: /Not revoked/ }).waitFor();
    await expectAccessible(page);
    await button(page, 'Reinstate').click();
    await dialog(page).getByRole('button', { name: 'Reinstate' }).click();
    await page.getByText('The license is valid. Every rule passes.').waitFor();
    await page.getByText('local_cli 2.0').waitFor();
    await page.getByRole('button', { name: /^Explain this refusal/ }).click();
    await page.getByText('An earlier instant has no repair.').waitFor();
    expect(await page.getByLabel('Version of the application').inputValue()).toBe('2.0');
    expect(new URL(page.url()).searchParams.get('at')).not.toBeNull();
    await button(page, 'Explain now').click();
    await page.getByText('The license is valid. Every rule passes.').waitFor();
    await context.close();
  });

  testInFull('proposes limits and products in the dialogs of the license', async () => {
    const { licenseKey, licenseId } = await ledger.issue({ limits: { activations: 1 }, products: ['local_cli'] });
    await activate(licenseKey, 'Only place');
    const { page, context } = await openWhy(owner, `?license=${licenseId}&product=cloud_ide`);
    await button(page, 'Add the product').first().click();
    await dialog(page).getByText('The license gets products: cloud_ide.').waitFor();
    await dialog(page).getByRole('button', { name: 'Change products' }).click();
    await dialog(page).waitFor({ state: 'detached' });
    await page.getByLabel('Device', { exact: true }).fill('another device');
    await button(page, 'Explain').click();
    await button(page, 'Change limits').click();
    await dialog(page).getByText('Devices: 2 instead of 1.').waitFor();
    await dialog(page).getByRole('button', { name: 'Change limits' }).click();
    await dialog(page).waitFor({ state: 'detached' });
    await page.getByText('Release a device that is no longer in use.').waitFor({ state: 'detached' });
    await context.close();
  });

  test('has no button for an auditor, and the server refuses what is forced', async () => {
    const { licenseId } = await ledger.issue();
    const key = ledger.a.apiKey;
    await ledger.call('POST', `/v1/licenses/${licenseId}/suspend`, { key, body: { reason: { code: 'LEGAL' } } });
    const auditor = await createConsoleUser(ledger, [{ organizationId, role: 'AUDITOR' }]);
    const { page, context } = await openWhy(auditor, `?license=${licenseId}`);
    await page.getByText('Your role may not do this.').waitFor();
    expect(await button(page, 'Reinstate').count()).toBe(0);
    const { body } = await ledger.call('POST', '/v1/auth/login', {
      body: { email: auditor.email, password: auditor.password, organizationId },
    });
    const forced = await ledger.call('POST', `/v1/licenses/${licenseId}/reinstate`, {
      key: String(body.accessToken),
      body: {},
    });
    expect([forced.status, forced.body.code]).toEqual([403, 'FORBIDDEN']);
    await context.close();
  });

  testInFull('says what is wrong with the input, with the server, and with a license that does not exist', async () => {
    const { licenseKey } = await ledger.issue();
    const { page, context } = await openWhy(owner);
    await button(page, 'Explain').click();
    await page.getByText('Enter a license key or the id of a license.').waitFor();
    const wrong = licenseKey.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    await page.getByLabel('License key or id').fill(wrong);
    await button(page, 'Explain').click();
    await page.getByText('This license key has a typing error').waitFor();
    await expectAccessible(page);
    await page.route('**/explain-validation', (route) => route.abort());
    await page.getByLabel('License key or id').fill(licenseKey);
    await button(page, 'Explain').click();
    await page.getByText('The server did not answer.').waitFor();
    await page.unroute('**/explain-validation');
    await button(page, 'Try again').click();
    await page.getByText('The license is valid. Every rule passes.').waitFor();
    await page.getByText('No application was refused lately.').waitFor();
    await page.getByLabel('License key or id').fill('lic_01h455vb4pex5vsknk084sn02q');
    await button(page, 'Explain').click();
    await page.getByText('Your organization has no such license at this instant.').first().waitFor();
    await context.close();
  });

  testInFull('fits a narrow dark window, and leads to the license at its instant', async () => {
    const { licenseId } = await ledger.issue();
    const narrow = { viewport: { width: 320, height: 640 }, colorScheme: 'dark' } as const;
    const at = new Date().toISOString();
    const { page, context } = await openWhy(owner, `?license=${licenseId}&at=${at}`, narrow);
    await page.getByText('No application was refused lately.').waitFor();
    await page.getByText('Rules that passed or do not apply').click();
    await expectAccessible(page);
    await expectNoOverflow(page);
    await page.getByRole('link', { name: 'Open the license' }).click();
    await page.getByText('You see the license as it was').waitFor();
    await context.close();
  });

  testInFull('opens from the search, which also finds an event by its id and a device on its license', async () => {
    const { licenseId, licenseKey } = await ledger.issue();
    const { body } = await activate(licenseKey, 'Lab machine');
    const history = await ledger.call('GET', `/v1/licenses/${licenseId}/history?limit=1`, { key: ledger.a.apiKey });
    const [event] = JSON.parse(history.text).data;
    const { page, context } = await openWhy(owner);
    const find = async (text: string) => {
      await page.keyboard.press('Control+k');
      await dialog(page).getByRole('textbox').fill(text);
      await dialog(page).getByRole('link').first().waitFor();
    };
    await find(event.id);
    await expectAccessible(page);
    await page.keyboard.press('Enter');
    await page.getByText('You see the license as it was').waitFor();
    await page.locator(`#${event.id}[data-named="true"]`).waitFor();
    await find('Lab machine');
    await page.keyboard.press('Enter');
    await page.locator(`#${body.activation?.id}[data-named="true"]`).waitFor();
    await find(licenseKey);
    await dialog(page)
      .getByRole('link', { name: /refused/ })
      .click();
    await page.getByText('The license is valid. Every rule passes.').waitFor();
    await context.close();
  });
});
