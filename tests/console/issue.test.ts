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

describe.runIf(hasBrowser)('A seller in the console', { timeout: 240_000 }, () => {
  let ledger: Ledger;
  let browser: Browser;
  let seller: ConsoleUser;
  let organizationId: string;
  let teamId: string;
  beforeAll(async () => {
    ({ ledger, browser } = await shareConsole());
    organizationId = ledger.a.organizationId;
    seller = await createConsoleUser(ledger, [{ organizationId, role: 'SALES' }]);
    await create('/v1/products', { code: 'draw', name: 'Draw' });
    await create('/v1/products', { code: 'paint', name: 'Paint' });
    const team = {
      name: 'Team',
      tier: 'PRO',
      products: ['draw'],
      limits: { activations: 20, meters: { builds: 100 } },
    };
    teamId = await create('/v1/policies', { ...team, entitlements: [{ code: 'export' }], expiryGraceSeconds: 604_800 });
    await ledger.call('PATCH', `/v1/policies/${teamId}`, {
      key: ledger.a.apiKey,
      body: { limits: { activations: 25 } },
    });
  }, 240_000);

  const create = async (path: string, body: object): Promise<string> => {
    const created = await ledger.call('POST', path, { key: ledger.a.apiKey, body });
    expect(created.status).toBe(201);
    return String(created.body.id);
  };
  const open = async (path: string, user = seller, options = {}) => {
    const opened = await openConsole(browser, ledger, `/${organizationId}${path}`, { ...options, user });
    return opened;
  };
  const dialog = (page: Page) => page.getByRole('dialog');
  const licenseOf = async (page: Page) => {
    const href = await page.getByRole('link', { name: 'Show the license' }).getAttribute('href');
    const licenseId = /lic_\w+/.exec(href ?? '')?.[0] ?? '';
    return JSON.parse((await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey })).text);
  };

  test('issues a license with the keyboard alone, and sees the key only once', async () => {
    const { page, context } = await open('/licenses');
    await page.getByRole('link', { name: 'Issue a license' }).focus();
    await page.keyboard.press('Enter');
    const policy = page.getByRole('combobox', { name: 'Policy' });
    await policy.focus();
    await page.keyboard.type('Team');
    await page.getByRole('cell', { name: '25' }).waitFor();
    await page.getByLabel('Reference').focus();
    await page.keyboard.type('order 4711');
    await page.keyboard.press('Enter');
    const key = await page.getByRole('status').getByText(/^LL-/).textContent();
    await expectAccessible(page);
    expect(await licenseOf(page)).toMatchObject({ externalRef: 'order 4711', policy: { id: teamId, version: 2 } });
    await page.getByRole('link', { name: 'Show the license' }).click();
    await page.getByText('order 4711').waitFor();
    const everything = await page.evaluate(
      '[document.documentElement.outerHTML, JSON.stringify(localStorage), JSON.stringify(sessionStorage), location.href].join()',
    );
    expect(everything).not.toContain(key);
    await context.close();
  });

  testInFull('sees what the license will have before it is issued with other values than the policy', async () => {
    const { page, context } = await open('/licenses/new');
    await page.getByRole('combobox', { name: 'Policy' }).selectOption({ label: 'Team (Pro)' });
    await page.getByLabel('Version').selectOption('1');
    const lines = page.getByRole('table', { name: 'What the license will have' });
    await lines.getByRole('row', { name: 'Devices 20 policy' }).waitFor();
    await lines.getByRole('row', { name: 'Meter builds 100 policy' }).waitFor();
    await lines.getByRole('row', { name: 'Grace after the end 7 days policy' }).waitFor();
    await page.getByLabel('Paint (paint)').check();
    await page.getByLabel('Devices').fill('many');
    await page.getByLabel('Term').selectOption('A length of time');
    await page.getByLabel('Length').fill('30 days');
    await page.getByRole('button', { name: 'Add an entitlement' }).click();
    await page.getByLabel('Code', { exact: true }).fill('export');
    await page.getByLabel('Effect').selectOption('withhold it');
    await page.getByRole('button', { name: 'Issue', exact: true }).click();
    await page.getByText('Write a whole number, or unlimited.').waitFor();
    expect(await page.getByLabel('Devices').evaluate((element) => element.matches(':focus'))).toBe(true);
    await expectAccessible(page);
    await page.getByLabel('Devices').fill('unlimited');
    await lines.getByRole('row', { name: 'Devices unlimited changed' }).waitFor();
    await lines.getByRole('row', { name: 'Products paint, draw changed' }).waitFor();
    await lines.getByRole('row', { name: 'Entitlement export withheld changed' }).waitFor();
    const ends = await lines.getByRole('row', { name: /^Ends/ }).getByRole('cell').first().textContent();
    await page.getByRole('button', { name: 'Issue', exact: true }).click();
    await page.getByRole('status').getByText(/^LL-/).waitFor();
    const license = await licenseOf(page);
    expect(license).toMatchObject({ products: ['paint', 'draw'], limits: { activations: 'unlimited' } });
    const day = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeZone: 'Europe/Berlin' });
    expect(ends).toContain(day.format(new Date(license.term.expiresAt)));
    await context.close();
  });

  test('who loses each answer issues one license, and an expired session keeps the form', async () => {
    const user = await createConsoleUser(ledger, [{ organizationId, role: 'SALES' }]);
    const { page, context } = await open('/licenses/new', user);
    await page.getByRole('combobox', { name: 'Policy' }).selectOption({ label: 'Team (Pro)' });
    await page.getByLabel('Reference').fill('lost answer');
    await page.route('**/v1/licenses', async (route) => {
      await route.fetch();
      await route.abort();
    });
    await page.getByRole('button', { name: 'Issue', exact: true }).click();
    await page.getByText('The server did not answer.').waitFor();
    await page.unroute('**/v1/licenses');
    // Another device ends the session.
    const { email, password } = user;
    const { body } = await ledger.call('POST', '/v1/auth/login', { body: { email, password } });
    const key = String(body.accessToken);
    const sessions = await ledger.call('GET', '/v1/auth/sessions', { key });
    for (const { id, isCurrent } of JSON.parse(sessions.text).data)
      if (!isCurrent) await ledger.call('DELETE', `/v1/auth/sessions/${id}`, { key });
    await page.getByRole('button', { name: 'Issue', exact: true }).click();
    await page.getByText('Your session has ended.').waitFor();
    await dialog(page).getByLabel('Password').fill(password);
    await dialog(page).getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('status').getByText(/^LL-/).waitFor();
    const listed = await ledger.call('GET', '/v1/licenses?externalRef=lost%20answer', { key: ledger.a.apiKey });
    expect(JSON.parse(listed.text).data).toHaveLength(1);
    await context.close();
  });

  testInFull('replaces a revoked license once', async () => {
    const { licenseId } = await ledger.issue({
      ...{ tier: undefined, products: undefined, policyId: teamId },
      ...{ limits: { activations: 7 }, externalRef: 'stolen' },
    });
    await ledger.call('POST', `/v1/licenses/${licenseId}/revoke`, {
      key: ledger.a.apiKey,
      body: { reason: { code: 'STOLEN' } },
    });
    const { page, context } = await open(`/licenses/${licenseId}`);
    await page.getByRole('link', { name: 'Issue a replacement' }).click();
    await page.getByRole('row', { name: 'Devices 7 changed' }).waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Issue', exact: true }).click();
    await page.getByRole('status').getByText(/^LL-/).waitFor();
    expect(await licenseOf(page)).toMatchObject({ replaces: licenseId, externalRef: 'stolen' });
    await page.goto(`${ledger.baseUrl}/console/${organizationId}/licenses/${licenseId}`);
    await page.getByText('Replaced by').waitFor();
    expect(await page.getByRole('link', { name: 'Issue a replacement' }).count()).toBe(0);
    await context.close();
  });

  testInFull('converts a trial after seeing what changes', async () => {
    const { licenseId } = await ledger.issue({ tier: 'TRIAL', products: ['draw'], limits: undefined, term: undefined });
    const { page, context } = await open(`/licenses/${licenseId}`);
    await page.getByRole('button', { name: 'Convert to paid' }).click();
    await dialog(page).getByLabel('Paid policy').selectOption({ label: 'Team (Pro)' });
    const whatChanges = dialog(page).getByText('The tier is Pro instead of Trial.');
    await whatChanges.waitFor();
    // Nobody confirms what another policy would do.
    const convert = dialog(page).getByRole('button', { name: 'Convert' });
    await page.route('**/*preview=true', (route) => route.abort());
    await dialog(page).getByLabel('Paid policy').selectOption({ index: 2 });
    await whatChanges.waitFor({ state: 'detached' });
    expect(await convert.isDisabled()).toBe(true);
    await page.unroute('**/*preview=true');
    await dialog(page).getByLabel('Paid policy').selectOption({ label: 'Team (Pro)' });
    await whatChanges.waitFor();
    await dialog(page).getByLabel('Payment').fill('invoice 1');
    await expectAccessible(page);
    // While the command runs, nothing sends it again, and nothing closes the dialog.
    let conversions = 0;
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route('**/convert', async (route) => {
      conversions += 1;
      await answered;
      await route.continue();
    });
    await convert.click();
    await dialog(page).getByLabel('Payment').press('Enter');
    await page.keyboard.press('Escape');
    expect([await dialog(page).count(), conversions]).toEqual([1, 1]);
    answer();
    await dialog(page).waitFor({ state: 'detached' });
    const { body } = await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey });
    expect(body).toMatchObject({ tier: 'PRO', policy: { id: teamId }, products: ['draw'] });
    await context.close();
  });

  test('who may not sell sees no way to issue, and the server refuses what is forced', async () => {
    const support = await createConsoleUser(ledger, [{ organizationId, role: 'SUPPORT' }]);
    const { page, context } = await open('/licenses', support);
    await page.getByRole('heading', { name: 'Licenses' }).waitFor();
    expect(await page.getByRole('link', { name: 'Issue a license' }).count()).toBe(0);
    await page.goto(`${ledger.baseUrl}/console/${organizationId}/licenses/new`);
    await page.getByText('Your role may not issue licenses.').waitFor();
    const { email, password } = support;
    const { body } = await ledger.call('POST', '/v1/auth/login', { body: { email, password, organizationId } });
    const key = String(body.accessToken);
    const forced = await ledger.call('POST', '/v1/licenses', { key, body: { policyId: teamId } });
    expect([forced.status, forced.body.code]).toEqual([403, 'FORBIDDEN']);
    await context.close();
  });

  testInFull('without a policy is led to the catalog, and a failing list can be tried again', async () => {
    const { organizationId: emptyId } = ledger.b;
    const user = await createConsoleUser(ledger, [{ organizationId: emptyId, role: 'OWNER' }]);
    const { page, context } = await openConsole(browser, ledger, `/${emptyId}/licenses/new`);
    await page.route('**/v1/policies?*', (route) => route.abort());
    await signIn(page, user);
    await page.getByText('The server did not answer.').waitFor();
    await page.unroute('**/v1/policies?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('link', { name: 'Open the catalog' }).waitFor();
    await expectAccessible(page);
    await context.close();
  });

  testInFull('finds the form usable in a narrow and dark window', async () => {
    const { page, context } = await open('/licenses/new', seller, {
      ...{ viewport: { width: 320, height: 640 }, colorScheme: 'dark' },
    });
    await page.getByRole('combobox', { name: 'Policy' }).selectOption({ label: 'Team (Pro)' });
    await page.getByRole('button', { name: 'Add a meter' }).click();
    await page.getByRole('button', { name: 'Add an entitlement' }).click();
    await page.getByRole('row', { name: 'Devices 25 policy' }).waitFor();
    await expectAccessible(page);
    await expectNoOverflow(page);
    await context.close();
  });
});
