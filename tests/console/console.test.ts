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

describe.runIf(hasBrowser)('In the console', { timeout: 240_000 }, () => {
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

  test('a support person releases the device that holds the last place, from the key, in 8 steps at most', async () => {
    const { licenseKey } = await ledger.issue({ limits: { activations: 1 } });
    const validated = async () => {
      const body = { licenseKey, fingerprint: 'device New laptop' };
      return (await ledger.call('POST', '/v1/licenses/validate', { body })).body.code;
    };
    expect((await activate(licenseKey, 'Old laptop')).status).toBe(201);
    expect((await activate(licenseKey, 'New laptop')).status).toBe(409);
    expect(await validated()).toBe('NOT_ACTIVATED');
    const user = await createConsoleUser(ledger, [{ organizationId, role: 'SUPPORT' }]);
    const { page, context } = await openConsole(browser, ledger, `/${organizationId}/licenses`, { user });
    await page.getByRole('heading', { name: 'Licenses' }).waitFor();
    const steps: readonly (() => Promise<void>)[] = [
      () => page.keyboard.press('Control+k'),
      () => dialog(page).getByRole('textbox').fill(licenseKey),
      () => dialog(page).getByRole('link').first().click(),
      () => page.getByRole('button', { name: 'Release Old laptop' }).click(),
      () => dialog(page).getByRole('button', { name: 'Release' }).click(),
    ];
    for (const step of steps) await step();
    await page.getByText('No device is active.').waitFor();
    expect(steps.length).toBeLessThanOrEqual(8);
    expect((await activate(licenseKey, 'New laptop')).status).toBe(201);
    expect(await validated()).toBe('VALID');
    await context.close();
  });

  test('a license is suspended with a reason, shown as it was before, and reinstated', async () => {
    const { licenseId, licenseKey } = await ledger.issue({ externalRef: 'order 4711' });
    const { page, context } = await openConsole(browser, ledger, `/${organizationId}/licenses/${licenseId}`);
    // The page that was wanted comes after the sign-in.
    await signIn(page, owner);
    const suspend = page.getByRole('button', { name: 'Suspend' });
    for (const leave of [() => page.keyboard.press('Escape'), () => page.mouse.click(5, 5)]) {
      await suspend.click();
      await dialog(page).getByLabel('Note').fill('a note');
      await leave();
      await dialog(page).waitFor({ state: 'detached' });
      expect(await suspend.evaluate((button) => button.matches(':focus'))).toBe(true);
    }
    await suspend.click();
    await dialog(page).getByLabel('Reason').selectOption('a legal reason');
    await dialog(page).getByLabel('Note').fill('court order');
    await expectAccessible(page);
    await dialog(page).getByRole('button', { name: 'Suspend' }).click();
    await page.getByText('It was suspended for a legal reason on').waitFor();
    const validation = await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey } });
    expect(validation.body).toMatchObject({ valid: false, code: 'SUSPENDED' });
    await expectAccessible(page);

    await page.getByText('The license got its key.').waitFor();
    await page.getByRole('button', { name: 'Earlier event' }).click();
    await page.getByText('You see the license as it was').waitFor();
    await page.getByRole('button', { name: 'Earlier event' }).click();
    await page.getByText('It has no end.').or(page.getByText('It ends on')).waitFor();
    await page.getByText('Different from now').click();
    await page
      .getByRole('row', { name: /^Status Active License issued/ })
      .getByText('Suspended', { exact: true })
      .waitFor();
    expect(await page.getByRole('button', { name: 'Reinstate' }).count()).toBe(0);
    await expectAccessible(page);

    // A colleague who opens the address sees the same instant.
    const colleague = await context.newPage();
    await colleague.goto(page.url());
    await colleague.getByText('You see the license as it was').waitFor();
    await page.getByRole('button', { name: 'Back to now' }).click();
    await page.getByRole('button', { name: 'Reinstate' }).click();
    await dialog(page).getByRole('button', { name: 'Reinstate' }).click();
    await page.getByText('The license was reinstated.').waitFor();
    await page.getByRole('button', { name: 'Suspend' }).waitFor();
    await context.close();
  });

  test('a support person sees which reason of a suspension the role cannot lift', async () => {
    const { licenseId } = await ledger.issue();
    for (const code of ['CUSTOMER_REQUEST', 'LEGAL']) {
      const body = { reason: { code } };
      await ledger.call('POST', `/v1/licenses/${licenseId}/suspend`, { key: ledger.a.apiKey, body });
    }
    const support = await createConsoleUser(ledger, [{ organizationId, role: 'SUPPORT' }]);
    const { page, context } = await openConsole(browser, ledger, `/${organizationId}/licenses/${licenseId}`);
    await signIn(page, support);
    await page.getByText('It was suspended for a request of the customer and a legal reason on').waitFor();
    await page.getByText('Your role cannot reinstate it, because of the suspension for a legal reason.').waitFor();
    expect(await page.getByRole('button', { name: 'Reinstate' }).count()).toBe(0);
    await context.close();
  });

  test('an auditor sees the history and no action, and the server refuses what is forced', async () => {
    const { licenseId } = await ledger.issue();
    const auditor = await createConsoleUser(ledger, [{ organizationId, role: 'AUDITOR' }]);
    const { page, context } = await openConsole(browser, ledger, `/${organizationId}/licenses/${licenseId}`, {
      user: auditor,
    });
    await page.getByText('The license was issued.').waitFor();
    expect(await page.getByRole('button', { name: /Renew|Suspend|Revoke|Release/ }).count()).toBe(0);
    const { body } = await ledger.call('POST', '/v1/auth/login', {
      body: { email: auditor.email, password: auditor.password, organizationId },
    });
    const forced = await ledger.call('POST', `/v1/licenses/${licenseId}/revoke`, {
      key: String(body.accessToken),
      body: { reason: { code: 'NO' } },
    });
    expect([forced.status, forced.body.code]).toEqual([403, 'FORBIDDEN']);
    await context.close();
  });

  testInFull('a key with a typing error is not sent, and the page says so', async () => {
    const { licenseKey } = await ledger.issue();
    const wrong = licenseKey.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    const { page, context } = await openConsole(browser, ledger, `/${organizationId}/licenses`, { user: owner });
    await page.getByRole('heading', { name: 'Licenses' }).waitFor();
    const sent: string[] = [];
    page.on('request', (request) => sent.push(request.url()));
    await page.getByRole('button', { name: /Find/ }).click();
    await dialog(page).getByRole('textbox').fill(wrong);
    await page.getByText('This license key has a typing error').waitFor();
    expect(sent.filter((url) => url.endsWith('/search'))).toEqual([]);
    await context.close();
  });

  testInFull('a text that only looks like a key is searched, such as an id of a device', async () => {
    const externalRef = '3f2b8c9a-1d4e-4f6a-9b7c-0a1b2c3d4e5f';
    await ledger.issue({ externalRef });
    const { page, context } = await openConsole(browser, ledger, `/${organizationId}/licenses`, { user: owner });
    await page.getByRole('heading', { name: 'Licenses' }).waitFor();
    await page.getByRole('button', { name: /Find/ }).click();
    await dialog(page).getByRole('textbox').fill(externalRef);
    await dialog(page)
      .getByRole('link', { name: /reference/ })
      .waitFor();
    await context.close();
  });

  testInFull('a dialog belongs to its license, also when the page goes back to another one', async () => {
    const [first, second] = [await ledger.issue(), await ledger.issue()];
    const at = (licenseId: string) => `${ledger.baseUrl}/console/${organizationId}/licenses/${licenseId}`;
    const { page, context } = await openConsole(browser, ledger, `/${organizationId}/licenses/${first.licenseId}`, {
      user: owner,
    });
    await page.getByRole('button', { name: 'Revoke' }).waitFor();
    await page.getByRole('button', { name: /Find/ }).click();
    await dialog(page).getByRole('textbox').fill(second.licenseKey);
    await dialog(page).getByRole('link').first().click();
    await page.waitForURL(at(second.licenseId));
    await page.getByRole('button', { name: 'Revoke' }).click();
    await dialog(page).getByLabel('Reason code').fill('REFUND');
    await page.goBack();
    await page.waitForURL(at(first.licenseId));
    await dialog(page).waitFor({ state: 'detached' });
    await context.close();
  });

  test('a renewal that was carried out without an answer is not done twice, also from another dialog', async () => {
    const { licenseId } = await ledger.issue({ term: { duration: 'P1Y' } });
    const { page, context } = await openConsole(browser, ledger, `/${organizationId}/licenses/${licenseId}`, {
      user: owner,
    });
    await page.getByRole('button', { name: 'Renew', exact: true }).click();
    // The policy says for how long, so the server says until when.
    await dialog(page)
      .getByText(/^The term ends on .* instead of/)
      .waitFor();
    // The server does the work, and each answer is lost.
    await page.route('**/renew', async (route) => {
      await route.fetch();
      await route.abort();
    });
    await dialog(page).getByRole('button', { name: 'Renew' }).click();
    await dialog(page).getByText('The server did not answer.').waitFor();
    await page.unroute('**/renew');
    await dialog(page).getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Renew', exact: true }).click();
    await dialog(page).getByRole('button', { name: 'Renew' }).click();
    await dialog(page).waitFor({ state: 'detached' });
    const { text } = await ledger.call('GET', `/v1/licenses/${licenseId}/history`, { key: ledger.a.apiKey });
    expect(text.match(/"type":"LicenseRenewed"/g)).toHaveLength(1);
    await context.close();
  });

  testInFull('the time is moved by keyboard alone, and the focus stays', async () => {
    const { licenseId } = await ledger.issue();
    const { page, context } = await openConsole(browser, ledger, `/${organizationId}/licenses/${licenseId}`, {
      user: owner,
    });
    const earlier = page.getByRole('button', { name: 'Earlier event' });
    await page.locator('button[aria-disabled="false"]', { hasText: 'Earlier event' }).waitFor();
    await earlier.focus();
    await page.keyboard.press('Enter');
    await page.getByText('You see the license as it was').waitFor();
    expect(await earlier.evaluate((element) => element.matches(':focus'))).toBe(true);
    const slider = page.getByRole('slider');
    await slider.focus();
    await page.keyboard.press('End');
    await page.getByRole('button', { name: 'Back to now' }).waitFor({ state: 'detached' });
    expect(await slider.evaluate((element) => element.matches(':focus'))).toBe(true);
    await context.close();
  });

  testInFull(
    'the navigation has one line from 1024 pixels on, and all of it is reached by keyboard in a narrow window',
    async () => {
      const viewport = { width: 1024, height: 700 };
      const { page, context } = await openConsole(browser, ledger, `/${organizationId}/why`, {
        viewport,
        user: owner,
      });
      const bar = page.getByRole('banner');
      await bar.getByRole('link', { name: 'People and keys' }).waitFor();
      await bar.getByTitle('Change organization').waitFor();
      const places = () =>
        bar.locator('a, button').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
      const middles = (await places()).map(({ top, height }) => Math.round(top + height / 2));
      expect(middles).toHaveLength(10);
      expect(Math.max(...middles) - Math.min(...middles)).toBeLessThanOrEqual(1);
      await page.setViewportSize({ width: 320, height: 640 });
      await expectNoOverflow(page);
      const narrow = await places();
      expect(Math.max(...narrow.map(({ bottom }) => bottom))).toBeLessThan(130);
      await page.evaluate('document.activeElement.blur()');
      for (let tab = 0; tab <= narrow.length; tab += 1) await page.keyboard.press('Tab');
      expect(await bar.getByRole('button', { name: 'Sign out' }).evaluate((button) => button.matches(':focus'))).toBe(
        true,
      );
      await context.close();
    },
  );

  const expectScreensFit = async (options: Parameters<Browser['newContext']>[0]) => {
    const { licenseId } = await ledger.issue({ externalRef: 'a-long-reference-'.repeat(4) });
    const { page, context } = await openConsole(browser, ledger, `/${organizationId}/licenses`, options);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await expectAccessible(page);
    await expectNoOverflow(page);
    await signIn(page, owner);
    await page.getByRole('table').waitFor();
    await expectAccessible(page);
    await expectNoOverflow(page);
    await page.goto(`${ledger.baseUrl}/console/${organizationId}/licenses/${licenseId}`);
    await page.getByText('The license was issued.').waitFor();
    await expectAccessible(page);
    await expectNoOverflow(page);
    await page.goto(`${ledger.baseUrl}/console/organizations`);
    await page.getByRole('heading', { name: 'Choose an organization' }).waitFor();
    await expectAccessible(page);
    await context.close();
  };
  test('every screen fits a window that is narrow and dark', () =>
    expectScreensFit({ viewport: { width: 320, height: 640 }, colorScheme: 'dark' }));
  testInFull('every screen fits a window of 4K', () => expectScreensFit({ viewport: { width: 3_840, height: 2_160 } }));

  testInFull('a list without a license, and a list that fails, say what to do', async () => {
    const { page, context } = await openConsole(
      browser,
      ledger,
      `/${organizationId}/licenses?status=REVOKED&tier=FREE`,
    );
    await signIn(page, owner);
    await page.getByText('No license matches.').waitFor();
    await page.route('**/v1/licenses?*', (route) => route.abort());
    await page.getByRole('combobox', { name: 'Tier' }).selectOption('Enterprise');
    await page.getByText('The server did not answer.').waitFor();
    await page.unroute('**/v1/licenses?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('No license matches.').waitFor();
    await context.close();
  });
});
