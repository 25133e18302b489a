import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { testInFull } from '../support/in-full.ts';
import type { Ledger } from '../support/ledger.ts';
import {
  createConsoleUser,
  expectAccessible,
  expectNoOverflow,
  hasBrowser,
  openConsole,
  shareConsole,
  signIn,
} from './in-browser.ts';

const run = promisify(execFile);
const password = 'four small green apples';

describe.runIf(hasBrowser)('The first run in the console', { timeout: 240_000 }, () => {
  let ledger: Ledger;
  let browser: Browser;
  beforeAll(async () => {
    ({ ledger, browser } = await shareConsole());
  }, 240_000);

  const fillIn = async (page: Page, email: string) => {
    await page.getByLabel('Name of the organization').fill('Example Software');
    await page.getByLabel('Your e-mail address').fill(email);
    await page.getByLabel('Password').fill(password);
  };

  test('goes from nothing to a license whose validation has arrived, with the keyboard alone', async () => {
    const email = `${randomUUID()}@vendor.example`;
    const { page, context } = await openConsole(browser, ledger, '/sign-in');
    await page.getByRole('link', { name: 'Create an organization' }).focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('Name of the organization').focus();
    await page.keyboard.type('Example Software');
    await page.keyboard.press('Tab');
    await page.keyboard.type(email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(password);
    expect(await page.getByLabel('Time zone').inputValue()).toBe('Europe/Berlin');
    await expectAccessible(page);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'First steps' }).waitFor();
    await page.getByRole('button', { name: 'Add the product' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Issue a sample license' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Waiting for the validation').waitFor();
    await page.getByRole('button', { name: 'Create an API key' }).focus();
    await page.keyboard.press('Enter');
    const apiKey = String(await page.getByText(/^lgr_live_/).textContent());
    await expectAccessible(page);
    const command = String(await page.getByText(/^curl /).textContent());
    const { stdout } = await run('bash', ['-c', command]);
    expect(JSON.parse(stdout)).toMatchObject({ valid: true });
    await ledger.writeObservations();
    await page.getByText('The validation arrived.').waitFor();
    await expectAccessible(page);
    expect((await ledger.call('GET', '/v1/licenses', { key: apiKey })).status).toBe(200);
    const { body } = await ledger.call('POST', '/v1/auth/login', { body: { email, password } });
    const sessions = await ledger.call('GET', '/v1/auth/sessions', { key: String(body.accessToken) });
    // That of the browser and that of this test. The session of the signup has ended.
    expect(JSON.parse(sessions.text).data).toHaveLength(2);
    await page.getByRole('link', { name: 'Show all licenses' }).click();
    await page.getByRole('table').waitFor();
    const everything = await page.evaluate(
      '[document.documentElement.outerHTML, JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie].join()',
    );
    expect(everything).not.toMatch(/lgr_|LL-|eyJ/);
    await context.close();
  });

  test('keeps the form when the address is taken, and creates one organization when an answer was lost', async () => {
    const email = `${randomUUID()}@vendor.example`;
    const { page, context } = await openConsole(browser, ledger, '/first-run');
    await fillIn(page, (await createConsoleUser(ledger, [])).email);
    await page.getByRole('button', { name: 'Create the organization' }).click();
    await page.getByText('A user with this e-mail address exists.').waitFor();
    expect(await page.getByLabel('Name of the organization').inputValue()).toBe('Example Software');
    await page.getByLabel('Your e-mail address').fill(email);
    await page.route('**/v1/auth/browser-session', (route) => route.abort());
    await page.getByRole('button', { name: 'Create the organization' }).click();
    await page.getByText('The server did not answer.').waitFor();
    await page.unroute('**/v1/auth/browser-session');
    await page.getByRole('button', { name: 'Create the organization' }).click();
    await page.getByRole('heading', { name: 'First steps' }).waitFor();
    await context.close();
  });

  testInFull.each(['closed', 'invited'])('says what to do on a server where the signup is %s', async (mode) => {
    const narrow = { viewport: { width: 320, height: 640 } };
    const { page, context } = await openConsole(browser, ledger, '/sign-in', narrow);
    // The server writes its mode into the page.
    await page.route('**/console/**', async (route) => {
      if (route.request().resourceType() !== 'document') return route.continue();
      const response = await route.fetch();
      const body = (await response.text()).replace('name="signup" content="open"', `name="signup" content="${mode}"`);
      return route.fulfill({ response, body });
    });
    await page.goto(`${ledger.baseUrl}/console/sign-in`);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await page.getByRole('link', { name: 'Create an organization' }).count()).toBe(0);
    await page.goto(`${ledger.baseUrl}/console/first-run`);
    await page.getByText('ledger init', { exact: true }).waitFor();
    expect(await page.getByRole('textbox').count()).toBe(0);
    await expectAccessible(page);
    await expectNoOverflow(page);
    await context.close();
  });

  testInFull('is offered in an organization without a license, and only to who may issue one', async () => {
    const { organizationId } = ledger.b;
    const owner = await createConsoleUser(ledger, [{ organizationId, role: 'OWNER' }]);
    const auditor = await createConsoleUser(ledger, [{ organizationId, role: 'AUDITOR' }]);
    const options = { viewport: { width: 320, height: 640 }, colorScheme: 'dark', user: owner } as const;
    const { page, context } = await openConsole(browser, ledger, `/${organizationId}/licenses`, options);
    await page.getByRole('link', { name: 'Take the first steps' }).click();
    await page.getByRole('button', { name: 'Add the product' }).waitFor();
    await expectAccessible(page);
    await expectNoOverflow(page);
    await context.close();
    const second = await openConsole(browser, ledger, `/${organizationId}/licenses`, { user: auditor });
    await second.page.getByText('This organization has no license yet.').waitFor();
    expect(await second.page.getByRole('link', { name: 'Take the first steps' }).count()).toBe(0);
    await second.page.goto(`${ledger.baseUrl}/console/${organizationId}/first-steps`);
    await second.page.getByText('Your role may not add products.').waitFor();
    expect(await second.page.getByRole('button', { name: /Issue|Create/ }).count()).toBe(0);
    await second.context.close();
  });

  testInFull('can be tried again when its products do not load', async () => {
    const { organizationId } = ledger.b;
    const owner = await createConsoleUser(ledger, [{ organizationId, role: 'OWNER' }]);
    const { page, context } = await openConsole(browser, ledger, `/${organizationId}/first-steps`);
    await page.route('**/v1/products?*', (route) => route.abort());
    await signIn(page, owner);
    await page.getByText('The server did not answer.').waitFor();
    await page.unroute('**/v1/products?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('button', { name: 'Add the product' }).waitFor();
    await context.close();
  });
});
