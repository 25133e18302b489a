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

describe.runIf(hasBrowser)('The catalog in the console', { timeout: 240_000 }, () => {
  let ledger: Ledger;
  let browser: Browser;
  let developer: ConsoleUser;
  let organizationId: string;
  let productId: string;
  let teamId: string;
  beforeAll(async () => {
    ({ ledger, browser } = await shareConsole());
    organizationId = ledger.a.organizationId;
    developer = await createConsoleUser(ledger, [{ organizationId, role: 'DEVELOPER' }]);
    productId = await create('/v1/products', { code: 'draw', name: 'Draw' });
    const limits = { activations: 20, meters: { builds: { limit: 100, resets: 'P1M' } } };
    teamId = await create('/v1/policies', { name: 'Team', tier: 'PRO', products: ['draw'], limits });
    await ledger.issue({ tier: undefined, products: undefined, policyId: teamId });
    const change = { limits: { activations: 25 }, expiryGraceSeconds: 604_800, entitlements: [{ code: 'export' }] };
    await ledger.call('PATCH', `/v1/policies/${teamId}`, { key: ledger.a.apiKey, body: change });
    for (let count = 0; count < 2; count += 1)
      await ledger.issue({ tier: undefined, products: undefined, policyId: teamId });
  }, 240_000);

  const create = async (path: string, body: object): Promise<string> => {
    const created = await ledger.call('POST', path, { key: ledger.a.apiKey, body });
    expect(created.status).toBe(201);
    return String(created.body.id);
  };
  const read = async (path: string) => JSON.parse((await ledger.call('GET', path, { key: ledger.a.apiKey })).text);
  const open = async (path: string, user = developer, options = {}) => {
    const opened = await openConsole(browser, ledger, `/${organizationId}${path}`, { ...options, user });
    return opened;
  };
  const dialog = (page: Page) => page.getByRole('dialog');

  testInFull('lets a developer add, change and archive a product', async () => {
    const { page, context } = await open('/catalog');
    await page.getByRole('button', { name: 'Add a product' }).click();
    await dialog(page).getByLabel('Code').fill('draw');
    await dialog(page).getByLabel('Name').fill('Paint');
    await dialog(page).getByRole('button', { name: 'Save' }).click();
    await dialog(page).getByRole('alert').waitFor();
    await expectAccessible(page);
    await dialog(page).getByLabel('Code').fill('paint');
    await dialog(page).getByRole('button', { name: 'Save' }).click();
    await page.getByRole('link', { name: 'Paint' }).click();
    await page.getByRole('button', { name: 'Change' }).click();
    await dialog(page).getByLabel('Description').fill('For artists');
    await dialog(page).getByRole('button', { name: 'Save' }).click();
    await page.getByText('For artists').waitFor();
    await page.getByRole('button', { name: 'Archive' }).click();
    await dialog(page).getByRole('button', { name: 'Archive' }).click();
    await page.getByRole('button', { name: 'Archive' }).waitFor({ state: 'detached' });
    await expectAccessible(page);
    await page.getByRole('link', { name: 'Catalog' }).last().click();
    await page.getByRole('link', { name: 'Draw' }).waitFor();
    expect(await page.getByRole('link', { name: 'Paint' }).count()).toBe(0);
    await page.getByLabel('Show archived ones').first().check();
    await page.getByRole('link', { name: 'Paint' }).waitFor();
    await context.close();
  });

  testInFull('publishes and withdraws a release', async () => {
    const { page, context } = await open(`/catalog/products/${productId}`);
    await page.getByText('There is no release.').waitFor();
    await page.getByRole('button', { name: 'Publish a release' }).click();
    await dialog(page).getByLabel('Version').fill('2.1.0');
    await dialog(page).getByLabel('Released').fill('2026-05-01T12:00');
    await dialog(page).getByRole('button', { name: 'Publish a release' }).click();
    await page.getByRole('button', { name: 'Withdraw 2.1.0' }).waitFor();
    await expectAccessible(page);
    expect(await read('/v1/products/draw/releases/2.1.0')).toMatchObject({ releasedAt: '2026-05-01T10:00:00.000Z' });
    await page.getByRole('button', { name: 'Withdraw 2.1.0' }).click();
    await dialog(page).getByRole('button', { name: 'Withdraw' }).click();
    await page.getByText('withdrawn').waitFor();
    await context.close();
  });

  testInFull('shows what differs between two versions of a policy, and how many licenses have each', async () => {
    const { page, context } = await open(`/catalog/policies/${teamId}?version=2`);
    const differences = page.getByRole('table', { name: 'Fields that differ' });
    await differences.getByRole('row', { name: 'Devices 20 25' }).waitFor();
    await differences.getByRole('row', { name: 'Grace after the end no time 7 days' }).waitFor();
    await differences.getByRole('row', { name: 'Entitlement export not there granted' }).waitFor();
    expect(await differences.getByRole('row').count()).toBe(4);
    await page.getByText('All 3 licenses of the policy are counted.').waitFor();
    const pins = page.getByRole('table', { name: 'Licenses under each version' });
    expect(await pins.getByRole('row').allTextContents()).toEqual(['VersionLicenses', '22', '11']);
    await expectAccessible(page);
    await page.getByLabel('Shown version').selectOption('1');
    await page.waitForURL(/version=1/);
    await context.close();
  });

  test('makes the next version of a policy from the fields that were changed, with the keyboard alone', async () => {
    const { page, context } = await open(`/catalog/policies/${teamId}/change`);
    await page.getByRole('textbox', { name: 'Devices', exact: true }).focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('30');
    await page.getByRole('textbox', { name: 'Grace after the end' }).focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('some time');
    await page.keyboard.press('Enter');
    await page.getByText('Write a length such as 12 hours or 7 days.').waitFor();
    await expectAccessible(page);
    await page.keyboard.press('Control+a');
    await page.keyboard.type('3 days');
    await page.getByRole('row', { name: 'Grace after the end 7 days 3 days' }).waitFor();
    await page.keyboard.press('Enter');
    // The form shows the same row before it saves.
    await page.getByText('Licenses under each version').first().waitFor();
    await page.getByRole('row', { name: 'Devices 25 30' }).waitFor();
    const policy = await read(`/v1/policies/${teamId}`);
    expect(policy).toMatchObject({ version: 3, limits: { activations: 30 }, expiryGraceSeconds: 259_200 });
    expect(policy.limits.meters).toEqual({ builds: { limit: 100, resets: 'P1M', overage: { kind: 'NONE' } } });
    await context.close();
  });

  test('sees what a colleague saved meanwhile before a change replaces it', async () => {
    const created = { name: 'Shared', tier: 'PRO', products: ['draw'], entitlements: [{ code: 'export' }] };
    const sharedId = await create('/v1/policies', created);
    const { page, context } = await open(`/catalog/policies/${sharedId}/change`);
    const save = page.getByRole('button', { name: 'Save' });
    await save.waitFor();
    expect(await save.isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Remove entitlement 1' }).click();
    const entitlements = [{ code: 'export' }, { code: 'sso' }];
    await ledger.call('PATCH', `/v1/policies/${sharedId}`, { key: ledger.a.apiKey, body: { entitlements } });
    await save.click();
    await page.getByText('Version 2 was saved meanwhile').waitFor();
    await page.getByRole('row', { name: 'Entitlement sso not there granted' }).waitFor();
    expect(await read(`/v1/policies/${sharedId}`)).toMatchObject({ version: 2, entitlements });
    await save.click();
    await page.getByText('Licenses under each version').first().waitFor();
    expect(await read(`/v1/policies/${sharedId}`)).toMatchObject({ version: 3, entitlements: [] });
    await context.close();
  });

  testInFull('does not replace the name of a product that a colleague has changed meanwhile', async () => {
    const sharedId = await create('/v1/products', { code: 'shared', name: 'Shared' });
    const { page, context } = await open(`/catalog/products/${sharedId}`);
    await page.getByRole('button', { name: 'Change' }).click();
    await dialog(page).getByLabel('Name').fill('Mine');
    const body = { name: 'Of a colleague' };
    await ledger.call('PATCH', `/v1/products/${sharedId}`, { key: ledger.a.apiKey, body });
    await dialog(page).getByRole('button', { name: 'Save' }).click();
    await dialog(page).getByText('This has changed since you opened the form').waitFor();
    expect(await read(`/v1/products/${sharedId}`)).toMatchObject(body);
    await context.close();
  });

  testInFull('adds a policy with the values of its tier, and archives it', async () => {
    const { page, context } = await open('/catalog');
    await page.getByRole('link', { name: 'Add a policy' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Fill in this field.').waitFor();
    await page.getByLabel('Name').first().fill('Students');
    await page.getByLabel('Tier').selectOption('Free');
    await page.getByLabel('Draw (draw)').check();
    await page.getByLabel('Can be transferred').selectOption('yes');
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Students' }).waitFor();
    await page.getByText('This policy has one version.').waitFor();
    await page.getByText('No license has this policy.').waitFor();
    await page.getByRole('button', { name: 'Archive' }).click();
    await dialog(page).getByRole('button', { name: 'Archive' }).click();
    await page.getByText('archived').waitFor();
    await context.close();
  });

  test('shows a seller everything and lets the seller change nothing', async () => {
    const seller = await createConsoleUser(ledger, [{ organizationId, role: 'SALES' }]);
    const { page, context } = await open(`/catalog/policies/${teamId}`, seller);
    await page.getByRole('link', { name: 'Issue a license' }).waitFor();
    expect(await page.getByRole('button', { name: /Archive/ }).count()).toBe(0);
    expect(await page.getByRole('link', { name: 'Change', exact: true }).count()).toBe(0);
    await page.goto(`${ledger.baseUrl}/console/${organizationId}/catalog/policies/${teamId}/change`);
    await page.getByText('Your role may not change the catalog.').waitFor();
    const { email, password } = seller;
    const { body } = await ledger.call('POST', '/v1/auth/login', { body: { email, password, organizationId } });
    const forced = await ledger.call('PATCH', `/v1/policies/${teamId}`, {
      key: String(body.accessToken),
      body: { name: 'Mine' },
    });
    expect([forced.status, forced.body.code]).toEqual([403, 'FORBIDDEN']);
    await context.close();
  });

  testInFull('says what to do when it is empty, and when it does not load', async () => {
    const { organizationId: emptyId } = ledger.b;
    const user = await createConsoleUser(ledger, [{ organizationId: emptyId, role: 'OWNER' }]);
    const { page, context } = await openConsole(browser, ledger, `/${emptyId}/catalog`);
    await page.route('**/v1/products?*', (route) => route.abort());
    await signIn(page, user);
    await page.getByText('The server did not answer.').waitFor();
    await page.unroute('**/v1/products?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('There is no product.').waitFor();
    await page.getByText('There is no policy.').waitFor();
    await expectAccessible(page);
    await context.close();
  });

  testInFull('fits a narrow and dark window', async () => {
    const options = { viewport: { width: 320, height: 640 }, colorScheme: 'dark' };
    const { page, context } = await open('/catalog', developer, options);
    await page.getByRole('link', { name: 'Team' }).waitFor();
    await expectAccessible(page);
    await expectNoOverflow(page);
    await page.getByRole('link', { name: 'Team' }).click();
    await page.getByRole('table', { name: 'Fields that differ' }).waitFor();
    await expectAccessible(page);
    await expectNoOverflow(page);
    await page.getByRole('link', { name: 'Change', exact: true }).click();
    await page.getByRole('button', { name: 'Save' }).waitFor();
    await expectAccessible(page);
    await expectNoOverflow(page);
    await context.close();
  });
});
