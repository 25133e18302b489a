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
  signIn,
} from './in-browser.ts';

describe.runIf(hasBrowser)('On the page of a license', { timeout: 240_000 }, () => {
  let ledger: Ledger;
  let browser: Browser;
  let owner: ConsoleUser;
  let organizationId: string;
  beforeAll(async () => {
    ({ ledger, browser } = await shareConsole());
    organizationId = ledger.a.organizationId;
    owner = await createConsoleUser(ledger, [{ organizationId, role: 'OWNER' }]);
  }, 240_000);

  const post = async (path: string, body: object) => {
    const answer = await ledger.call('POST', path, { key: ledger.a.apiKey, body });
    if (answer.status >= 300) throw new Error(answer.text);
    return answer.body;
  };
  const activate = (licenseKey: string, name: string) =>
    post('/v1/licenses/activate', { licenseKey, fingerprint: `device ${name}`, name });
  const read = async (licenseId: string) =>
    (await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey })).body;
  const dialog = (page: Page) => page.getByRole('dialog');
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  /** Presses the button of the dialog and waits until the dialog is gone. */
  const confirm = async (page: Page, name: string) => {
    await dialog(page).getByRole('button', { name, exact: true }).click();
    await dialog(page).waitFor({ state: 'detached' });
  };
  const openLicense = async (
    user: ConsoleUser,
    licenseId: string,
    options: Parameters<Browser['newContext']>[0] = {},
  ) => {
    const opened = await openConsole(browser, ledger, `/${organizationId}/licenses/${licenseId}`, { ...options, user });
    await opened.page.getByRole('heading', { name: 'Use and limits' }).waitFor();
    return opened;
  };

  test('limits are lowered by keyboard alone, and the dialog says what stays and what ends', async () => {
    const { licenseId, licenseKey } = await ledger.issue({ limits: { activations: 3 } });
    for (const name of ['First', 'Second', 'Third']) await activate(licenseKey, name);
    const { page, context } = await openLicense(owner, licenseId);
    await page.getByRole('button', { name: 'Change limits' }).focus();
    await page.keyboard.press('Enter');
    await dialog(page).getByLabel('Devices').fill('many');
    await page.keyboard.press('Enter');
    await dialog(page).getByText('Write a whole number').waitFor();
    await dialog(page).getByLabel('Devices').fill('1');
    await dialog(page).getByLabel('When more is in use').selectOption('it stays in use');
    await dialog(page).getByText('2 devices over the new limit stay.').waitFor();
    await dialog(page).getByLabel('When more is in use').selectOption('refuse this change');
    await dialog(page).getByText('The server would refuse this:').waitFor();
    await dialog(page).getByLabel('When more is in use').selectOption('end the oldest at once');
    await dialog(page).getByText('2 devices end, the oldest first.').waitFor();
    await expectAccessible(page);
    await dialog(page).getByLabel('Reason code').focus();
    await page.keyboard.insertText('late payment');
    await page.keyboard.press('Enter');
    await dialog(page).waitFor({ state: 'detached' });
    const change = page.getByRole('listitem').filter({ hasText: 'The limits were changed.' });
    await change.getByText(/^by .*LATE_PAYMENT$/).waitFor();
    await page.getByText('First', { exact: true }).waitFor({ state: 'detached' });
    expect((await read(licenseId)).usage?.activations).toBe(1);
    await context.close();
  });

  testInFull('an entitlement is granted, withheld and taken back', async () => {
    const { licenseId } = await ledger.issue();
    const { page, context } = await openLicense(owner, licenseId);
    await press(page, 'Grant an entitlement');
    await dialog(page).getByLabel('Code', { exact: true }).fill('export.pdf');
    await dialog(page).getByLabel('Value').fill('plus');
    await dialog(page).getByText('Applications get export.pdf without an end.').waitFor();
    await expectAccessible(page);
    await confirm(page, 'Save');
    await page.getByRole('rowheader', { name: 'export.pdf' }).waitFor();
    await press(page, 'Take back export.pdf');
    await dialog(page).getByText('Applications no longer get export.pdf.').waitFor();
    await confirm(page, 'Take back');
    await page.getByRole('rowheader', { name: 'export.pdf' }).waitFor({ state: 'detached' });
    await context.close();
  });

  testInFull(
    'the end of the term moves, and announced changes are on the line until someone cancels them',
    async () => {
      const { licenseId } = await ledger.issue({ term: { duration: 'P1Y' } });
      const at = new Date(Date.now() + 40 * 86_400_000).toISOString();
      await post(`/v1/licenses/${licenseId}/suspend`, { reason: { code: 'PAYMENT' }, effectiveAt: at });
      const { page, context } = await openLicense(owner, licenseId);
      await page.getByRole('img', { name: /The term on a line.*suspension/ }).waitFor();
      await press(page, 'Change the end');
      await dialog(page).getByLabel('New end').fill('2020-01-01T12:00');
      await dialog(page).getByText('This instant has passed.').waitFor();
      await dialog(page).getByLabel('New end').fill('2090-01-01T12:00');
      await dialog(page).getByText('The term ends on Jan 1, 2090').waitFor();
      await dialog(page).getByLabel('The license never ends').check();
      await dialog(page).getByText('The license has no end').waitFor();
      await dialog(page).getByLabel('Reason code').fill('GOODWILL');
      await expectAccessible(page);
      await confirm(page, 'Change the end');
      await page.getByText('It has no end.').waitFor();
      await page.getByRole('button', { name: /^Cancel the suspension/ }).click();
      await confirm(page, 'Cancel the change');
      await page.getByText('An announced change was cancelled.').waitFor();
      await page.getByRole('img', { name: /suspension/ }).waitFor({ state: 'detached' });
      await press(page, 'Change renewal');
      await dialog(page).getByLabel('Renewal').selectOption('automatic');
      await dialog(page).getByText('Your billing renews').waitFor();
      await dialog(page).getByRole('button', { name: 'Cancel' }).click();
      await press(page, 'Change maintenance');
      await dialog(page).getByLabel('Covers releases before').fill('2090-01-01T12:00');
      await dialog(page).getByText('are covered for ever').waitFor();
      await dialog(page).getByLabel('Reason code').fill('PURCHASE');
      await confirm(page, 'Change maintenance');
      await page.getByText('The maintenance ends on January 1, 2090').waitFor();
      await context.close();
    },
  );

  test('a new key is shown once, the earlier one works on, and both facts are on the page', async () => {
    const { licenseId, licenseKey } = await ledger.issue();
    const { page, context } = await openLicense(owner, licenseId);
    await press(page, 'New key');
    await dialog(page).getByText('The present key stops working at once.').waitFor();
    await dialog(page).getByLabel('The present key works for another').selectOption('day');
    await dialog(page).getByText('The present key works until').waitFor();
    await dialog(page).getByRole('button', { name: 'New key' }).click();
    await dialog(page).getByText('Nobody can show it again.').waitFor();
    await expectAccessible(page);
    const key = await dialog(page).getByRole('code').innerText();
    for (const working of [key, licenseKey])
      expect((await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey: working } })).body.valid).toBe(
        true,
      );
    await page.keyboard.press('Escape');
    await confirm(page, 'I have copied it');
    expect(await page.content()).not.toContain(key);
    await press(page, 'Stop earlier keys');
    await confirm(page, 'Stop earlier keys');
    const old = await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey } });
    expect(old.body.code).toBe('KEY_ROTATED');
    await context.close();
  });

  testInFull(
    'seats are released, users assigned and unassigned, devices replaced, and a meter is set to zero',
    async () => {
      const limits = { activations: 2, seats: 2, users: 2, meters: { exports: { limit: 100, resets: 'P1M' } } };
      const { licenseId, licenseKey } = await ledger.issue({ limits });
      await activate(licenseKey, 'Old laptop');
      await post('/v1/licenses/leases', { licenseKey, leaseHolder: 'render-1' });
      await post('/v1/licenses/usage', { licenseKey, meter: 'exports', quantity: 42 });
      const { page, context } = await openLicense(owner, licenseId);
      await page.getByText('42 of 100').last().waitFor();
      await page.getByLabel('Sum by').selectOption('day');
      await page.getByRole('cell', { name: new Date().toISOString().slice(0, 10) }).waitFor();
      await press(page, 'Set exports to zero');
      await dialog(page).getByText('The meter exports shows 0 instead of 42.').waitFor();
      await dialog(page).getByLabel('Reason code').fill('CORRECTION');
      await confirm(page, 'Set to zero');
      await page.getByText('0 of 100').first().waitFor();
      await page.getByRole('button', { name: /^Release the seat/ }).click();
      await confirm(page, 'Release');
      await page.getByText('No seat is taken.').waitFor();
      await press(page, 'Assign a user');
      await dialog(page).getByLabel('User').fill('ada@example.com');
      await expectAccessible(page);
      await confirm(page, 'Assign a user');
      await press(page, 'Unassign ada@example.com');
      await confirm(page, 'Unassign');
      await page.getByText('No user is assigned.').waitFor();
      await press(page, 'Replace Old laptop');
      await dialog(page).getByLabel('Fingerprint of the new device').fill('device New laptop');
      await dialog(page).getByLabel('Name of the new device').fill('New laptop');
      await confirm(page, 'Replace');
      await page.getByRole('button', { name: 'Release New laptop' }).waitFor();
      await context.close();
    },
  );

  testInFull('reference, metadata, products and policy are changed, each after a preview', async () => {
    for (const code of ['local_cli', 'cloud_ide', 'add_on'])
      await ledger.call('POST', '/v1/products', { key: ledger.a.apiKey, body: { code, name: code } });
    const { licenseId } = await ledger.issue({ products: ['local_cli', 'cloud_ide'] });
    const { page, context } = await openLicense(owner, licenseId);
    await press(page, 'Edit reference and metadata');
    await dialog(page).getByLabel('Reference').fill('order 4711');
    await dialog(page).getByLabel('Metadata').fill('{"team":');
    await dialog(page).getByRole('button', { name: 'Save' }).click();
    await dialog(page).getByText('This is no JSON object.').waitFor();
    await expectAccessible(page);
    await dialog(page).getByLabel('Metadata').fill('{"team": "blue"}');
    await confirm(page, 'Save');
    await page.getByText('team: blue').waitFor();
    await press(page, 'Change products');
    await dialog(page).getByLabel('add_on').check();
    await dialog(page).getByLabel('cloud_ide').uncheck();
    await dialog(page).getByText('The license gets products: add_on.').waitFor();
    await dialog(page).getByText('The license loses products: cloud_ide.').waitFor();
    await confirm(page, 'Change products');
    await page.getByText('local_cli, add_on').first().waitFor();
    await press(page, 'Change policy');
    await dialog(page).getByLabel('Policy').selectOption('Enterprise, as built in');
    await dialog(page).getByText('The tier is Enterprise instead of Pro.').waitFor();
    await expectAccessible(page);
    await confirm(page, 'Change policy');
    expect((await read(licenseId)).tier).toBe('ENTERPRISE');
    await context.close();
  });

  test('support sees only what support may do, and the server refuses what is forced', async () => {
    const { licenseId, licenseKey } = await ledger.issue({ limits: { activations: 2, users: 2, seats: 2 } });
    await activate(licenseKey, 'Laptop');
    const support = await createConsoleUser(ledger, [{ organizationId, role: 'SUPPORT' }]);
    const { page, context } = await openLicense(support, licenseId);
    await page.getByRole('button', { name: 'Release Laptop' }).waitFor();
    expect(await page.getByRole('button', { name: 'New key' }).count()).toBe(1);
    expect(await page.getByRole('button', { name: /^(Change|Grant|Edit|Transfer|Assign|Replace)/ }).count()).toBe(0);
    const { body } = await ledger.call('POST', '/v1/auth/login', {
      body: { email: support.email, password: support.password, organizationId },
    });
    const forced = await ledger.call('POST', `/v1/licenses/${licenseId}/limits`, {
      key: String(body.accessToken),
      body: { limits: { activations: 99 } },
    });
    expect([forced.status, forced.body.code]).toEqual([403, 'FORBIDDEN']);
    await context.close();
  });

  testInFull('lists that fail offer another try, and a refusal stays next to its form', async () => {
    const { licenseId } = await ledger.issue({ limits: { users: 2 } });
    const { page, context } = await openConsole(browser, ledger, `/${organizationId}/licenses/${licenseId}`);
    await page.route('**/users?*', (route) => route.abort());
    await signIn(page, owner);
    await page.getByText('The server did not answer.').waitFor();
    await page.unroute('**/users?*');
    await press(page, 'Try again');
    await page.getByText('No user is assigned.').waitFor();
    await press(page, 'Change limits');
    await dialog(page).getByLabel('Users').fill('9');
    await page.route('**/limits', (route) => route.fulfill({ status: 500, body: '' }));
    await dialog(page).getByRole('button', { name: 'Change limits' }).click();
    await dialog(page).getByRole('alert').waitFor();
    expect(await dialog(page).getByLabel('Users').inputValue()).toBe('9');
    await context.close();
  });

  test('all parts fit a narrow dark window, also at an earlier instant, where lists say why they are absent', async () => {
    const limits = { activations: 2, seats: 2, users: 2, meters: { exports: { limit: 100, resets: 'P1M' } } };
    const { licenseId, licenseKey } = await ledger.issue({ limits, externalRef: 'a-long-reference-'.repeat(4) });
    await activate(licenseKey, 'A device with a rather long name');
    await post('/v1/licenses/leases', { licenseKey, leaseHolder: 'render-1' });
    await post(`/v1/licenses/${licenseId}/users`, { user: 'someone.with.a.long.name@customer.example' });
    await post('/v1/licenses/usage', { licenseKey, meter: 'exports', quantity: 42 });
    const narrow = { viewport: { width: 320, height: 640 }, colorScheme: 'dark' } as const;
    const { page, context } = await openLicense(owner, licenseId, narrow);
    await page.getByText('someone.with.a.long.name@customer.example').waitFor();
    await page.getByText('42 of 100').last().waitFor();
    await expectAccessible(page);
    await expectNoOverflow(page);
    await press(page, 'Change limits');
    await expectNoOverflow(page);
    await dialog(page).getByRole('button', { name: 'Cancel' }).click();
    await page.locator('button[aria-disabled="false"]', { hasText: 'Earlier event' }).click();
    await page.getByText('have no earlier instant').waitFor();
    expect(await page.getByRole('button', { name: /^(Change|Grant|New key)/ }).count()).toBe(0);
    await expectAccessible(page);
    await expectNoOverflow(page);
    await context.close();
  });
});
