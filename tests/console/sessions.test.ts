import type { Browser, Page, Route } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { testInFull } from '../support/in-full.ts';
import type { Ledger } from '../support/ledger.ts';
import {
  type ConsoleUser,
  createConsoleUser,
  expectAccessible,
  hasBrowser,
  openConsole,
  shareConsole,
  signIn,
} from './in-browser.ts';

describe.runIf(hasBrowser)('A session in the console', { timeout: 240_000 }, () => {
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
  /** Signs a user out everywhere, as from another device. */
  const endSessionsOf = async ({ email, password }: ConsoleUser) => {
    const { body } = await ledger.call('POST', '/v1/auth/login', { body: { email, password } });
    const key = String(body.accessToken);
    const sessions = await ledger.call('GET', '/v1/auth/sessions', { key });
    for (const { id, isCurrent } of JSON.parse(sessions.text).data)
      if (!isCurrent) await ledger.call('DELETE', `/v1/auth/sessions/${id}`, { key });
  };
  const signInAgain = async (page: Page, { password }: ConsoleUser) => {
    const form = dialog(page).filter({ hasText: 'Your session has ended.' });
    await form.getByLabel('Password').fill(password);
    await form.getByRole('button', { name: 'Sign in' }).click();
    await form.waitFor({ state: 'detached' });
  };

  /** Holds reads back, so that the action is the first request that meets the end of the session. Returns what ends that. */
  const holdReads = async (page: Page): Promise<() => Promise<void>> => {
    const held: Route[] = [];
    let isHolding = true;
    await page.route('**/v1/**', async (route) => {
      if (isHolding && route.request().method() === 'GET') held.push(route);
      else await route.continue();
    });
    return async () => {
      isHolding = false;
      for (const route of held) await route.continue().catch(() => undefined);
    };
  };

  test('that ends keeps what was typed, and the action goes on after the sign-in', async () => {
    const { licenseId } = await ledger.issue();
    const user = await createConsoleUser(ledger, [{ organizationId, role: 'ADMIN' }]);
    const { page, context } = await openConsole(browser, ledger, `/${organizationId}/licenses/${licenseId}`, { user });
    await page.getByRole('button', { name: 'Revoke' }).click();
    await dialog(page).getByLabel('Reason code').fill('REFUND');
    const letReadsGo = await holdReads(page);
    await endSessionsOf(user);
    await dialog(page).getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('Your session has ended.').waitFor();
    await letReadsGo();
    await expectAccessible(page);
    await signInAgain(page, user);
    await page.getByText('This cannot be undone.').waitFor();
    const revoked = await ledger.call('GET', `/v1/licenses/${licenseId}/history`, { key: ledger.a.apiKey });
    expect(revoked.text.match(/"type":"LicenseRevoked"/g)).toHaveLength(1);
    await context.close();
  });

  test('has no token where a script could read it, also after a reload', async () => {
    const { page, context } = await openConsole(browser, ledger, '');
    await signIn(page, owner);
    await page.getByRole('heading', { name: 'Licenses' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Licenses' }).waitFor();
    const stored = await page.evaluate(
      '[document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.documentElement.outerHTML].join()',
    );
    expect(stored).not.toMatch(/lgr_|eyJ/);
    const [cookie] = await context.cookies(`${ledger.baseUrl}/v1/auth/browser-session`);
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/v1/auth/browser-session' });
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await page.goto(`${ledger.baseUrl}/console/${organizationId}/licenses`);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await context.close();
  });

  test('of another user carries out nothing that the previous user began', async () => {
    const { licenseId } = await ledger.issue();
    const [ann, bob] = await Promise.all(
      [1, 2].map(() => createConsoleUser(ledger, [{ organizationId, role: 'ADMIN' }])),
    );
    if (ann === undefined || bob === undefined) throw new Error('There are two users.');
    const { page, context } = await openConsole(browser, ledger, `/${organizationId}/licenses/${licenseId}`, {
      user: ann,
    });
    await page.getByRole('button', { name: 'Revoke' }).click();
    await dialog(page).getByLabel('Reason code').fill('REFUND');
    // Other tabs are told. Without the news the request itself must find out.
    await page.evaluate('BroadcastChannel.prototype.dispatchEvent = () => true');
    const letReadsGo = await holdReads(page);
    const headers = { origin: ledger.baseUrl };
    const session = `${ledger.baseUrl}/v1/auth/browser-session`;
    expect((await context.request.delete(session, { headers })).status()).toBe(204);
    const { email, password } = bob;
    expect((await context.request.post(session, { headers, data: { email, password } })).status()).toBe(200);
    await dialog(page).getByRole('button', { name: 'Revoke' }).click();
    await letReadsGo();
    // The page now belongs to Bob, and shows nothing of what Ann had begun.
    await dialog(page).waitFor({ state: 'detached' });
    const { text } = await ledger.call('GET', `/v1/licenses/${licenseId}/history`, { key: ledger.a.apiKey });
    expect(text).not.toContain('LicenseRevoked');
    await context.close();
  });

  test('of a user of two organizations stays in one for each tab', async () => {
    const { b } = ledger;
    const { licenseId } = await ledger.issue({}, b);
    const user = await createConsoleUser(ledger, [
      { organizationId, role: 'ADMIN' },
      { organizationId: b.organizationId, role: 'ADMIN' },
    ]);
    const { page, context } = await openConsole(browser, ledger, '/organizations', { user });
    await page.getByRole('link', { name: /Vendor A/ }).click();
    await page.getByRole('heading', { name: 'Licenses' }).waitFor();
    const second = await context.newPage();
    await second.goto(`${ledger.baseUrl}/console/${b.organizationId}/licenses/${licenseId}`);
    await second.getByRole('button', { name: 'Suspend' }).waitFor();
    // The first tab is still in the first organization, where this license does not exist.
    await page.getByRole('combobox', { name: 'Status' }).selectOption('Active');
    await page.getByRole('table').waitFor();
    const own = page.waitForResponse((response) => response.url().includes('/v1/licenses?'));
    await page.reload();
    expect(await (await own).text()).not.toContain(licenseId);
    await page.goto(`${ledger.baseUrl}/console/${organizationId}/licenses/${licenseId}`);
    await page.getByRole('alert').waitFor();
    await context.close();
  });

  testInFull('that ends loses no form of a screen, and none of a dialog that shows a secret', async () => {
    const product = { code: 'draw', name: 'Draw' };
    expect((await ledger.call('POST', '/v1/products', { key: ledger.a.apiKey, body: product })).status).toBe(201);
    const user = await createConsoleUser(ledger, [{ organizationId, role: 'OWNER' }]);
    const { page, context } = await openConsole(browser, ledger, `/${organizationId}/catalog/policies/new`, { user });
    await page.getByLabel('Name').first().fill('Students');
    await page.getByLabel('Draw (draw)').check();
    await endSessionsOf(user);
    await page.getByRole('button', { name: 'Save' }).click();
    await signInAgain(page, user);
    await page.getByRole('heading', { name: 'Students' }).waitFor();
    await page.goto(`${ledger.baseUrl}/console/${organizationId}/people`);
    await page.getByRole('button', { name: 'Create an API key' }).click();
    await dialog(page).getByLabel('Name').fill('Build server');
    await dialog(page).getByRole('checkbox', { name: 'licenses:read' }).check();
    await endSessionsOf(user);
    await dialog(page).getByRole('button', { name: 'Create' }).click();
    await signInAgain(page, user);
    await dialog(page).getByText('It is shown only once').waitFor();
    await dialog(page).getByRole('button', { name: 'Done' }).click();
    await page.getByRole('row').filter({ hasText: 'Build server' }).waitFor();
    await context.close();
  });
});
