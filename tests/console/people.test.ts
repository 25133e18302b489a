import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testInFull } from '../support/in-full.ts';
import type { Ledger } from '../support/ledger.ts';
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

describe.runIf(hasBrowser)('On the screen of people and keys', { timeout: 120_000 }, () => {
  let ledger: Ledger;
  let browser: Browser;
  let owner: ConsoleUser;
  let ownerPage: ConsolePage;
  let organizationId: string;
  beforeAll(async () => {
    ({ ledger, browser } = await shareConsole());
    // Of the own organization of a user, who is its only owner.
    owner = await createConsoleUser(ledger, []);
    organizationId = await ownOrganizationOf(owner);
    ownerPage = await openPeople(owner);
  }, 240_000);
  afterAll(() => ownerPage.context.close());

  const openPeople = async (user: ConsoleUser, options: Parameters<typeof openConsole>[3] = {}) => {
    const opened = await openConsole(browser, ledger, `/${organizationId}/people`, { ...options, user });
    await opened.page.getByRole('heading', { name: 'People and keys', level: 1 }).waitFor();
    return opened;
  };
  const ownOrganizationOf = async ({ email, password }: ConsoleUser) => {
    const { body } = await ledger.call('POST', '/v1/auth/login', { body: { email, password } });
    return String(body.organization?.id);
  };
  const dialog = (page: Page) => page.getByRole('dialog');
  const tokenOf = async ({ email, password }: ConsoleUser) => {
    const { body } = await ledger.call('POST', '/v1/auth/login', { body: { email, password, organizationId } });
    return String(body.accessToken);
  };
  /** A credential begins and ends everywhere within two seconds, and later on a machine with much to do. */
  const statusWith = (key: string) => async () => (await ledger.call('GET', '/v1/licenses', { key })).status;
  const keyOf = (name: string) => ownerPage.page.getByRole('row').filter({ hasText: name });

  test('an owner invites a person, shows the token once, and withdraws the invitation', async () => {
    const { page } = ownerPage;
    await page.getByText('No invitation is open.').waitFor();
    await page.getByRole('button', { name: 'Invite a person' }).click();
    await dialog(page).getByLabel('E-mail address').fill('ada@customer.example');
    await dialog(page).getByLabel('Role').selectOption('Auditor');
    await dialog(page).getByText('May see licenses, see the history of licenses').waitFor();
    await expectAccessible(page);
    await dialog(page).getByRole('button', { name: 'Invite', exact: true }).click();
    await page.getByText('A mail with the token is on its way.').waitFor();
    const token = await dialog(page).getByRole('code').innerText();
    expect(token.length).toBeGreaterThan(20);
    await dialog(page).getByRole('button', { name: 'Done' }).click();
    await page.getByRole('rowheader', { name: 'ada@customer.example' }).waitFor();
    expect(await page.content()).not.toContain(token);
    await page.getByRole('button', { name: 'Show token: ada@customer.example' }).click();
    await dialog(page).getByRole('button', { name: 'Show token' }).click();
    await dialog(page).getByText(token).waitFor();
    await dialog(page).getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Withdraw: ada@customer.example' }).click();
    await dialog(page).getByRole('button', { name: 'Withdraw' }).click();
    await page.getByText('No invitation is open.').waitFor();
  });

  test('an owner changes the role of a member and removes the member, and the last owner stays', async () => {
    const member = await createConsoleUser(ledger, [{ organizationId, role: 'MEMBER' }]);
    const { page } = ownerPage;
    await page.reload();
    await page.getByText('The last owner stays.').waitFor();
    expect(await page.getByRole('button', { name: `Remove: ${owner.email}` }).count()).toBe(0);
    const choose = async (role: string) => {
      await page.getByRole('button', { name: `Change role: ${member.email}` }).click();
      await dialog(page).getByLabel('Role').selectOption(role);
    };
    const confirm = () => dialog(page).getByRole('button', { name: 'Change role' }).click();
    await choose('Billing');
    // A colleague is faster, and sees no change of the role disappear.
    const path = `/v1/organizations/${organizationId}/members/${member.userId}`;
    const body = { role: 'AUDITOR' };
    expect((await ledger.call('PATCH', path, { key: await tokenOf(owner), body })).status).toBe(200);
    await confirm();
    await dialog(page).getByText('This has changed since you opened the form').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('row', { name: member.email }).getByText('Auditor').waitFor();
    await choose('Billing');
    await confirm();
    await page.getByRole('row', { name: member.email }).getByText('Billing').waitFor();
    await page.getByRole('button', { name: `Remove: ${member.email}` }).click();
    await expectAccessible(page);
    await dialog(page).getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('row', { name: member.email }).waitFor({ state: 'detached' });
  });

  test('a key is created by keyboard alone, and its secret is shown once and works', async () => {
    const { page } = ownerPage;
    await page.getByRole('button', { name: 'Create an API key' }).focus();
    await page.keyboard.press('Enter');
    await dialog(page).waitFor();
    await dialog(page).getByLabel('Name').focus();
    await page.keyboard.type('Billing server');
    await page.keyboard.press('Enter');
    // Without a scope the browser complains, and nothing is sent.
    await dialog(page).getByRole('checkbox', { name: 'licenses:read' }).focus();
    await page.keyboard.press('Space');
    await dialog(page).getByLabel('Expires').focus();
    await page.keyboard.type('In 30');
    await expectAccessible(page);
    // The answer is lost, and the same command does not create a second key.
    await page.route('**/v1/api-keys', async (route) => {
      await route.fetch();
      await route.abort();
    });
    await dialog(page).getByRole('button', { name: 'Create' }).focus();
    await page.keyboard.press('Enter');
    await dialog(page).getByRole('alert').waitFor();
    await page.unroute('**/v1/api-keys');
    await dialog(page).getByRole('button', { name: 'Create' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('It is shown only once').waitFor();
    const secret = await dialog(page).getByRole('code').innerText();
    await expect.poll(statusWith(secret), { timeout: 20_000 }).toBe(200);
    await dialog(page).getByRole('button', { name: 'Done' }).focus();
    await page.keyboard.press('Enter');
    await keyOf('Billing server').waitFor();
    expect(await keyOf('Billing server').count()).toBe(1);
    expect(await page.content()).not.toContain(secret);
    expect(await page.evaluate('JSON.stringify([localStorage, sessionStorage])')).not.toContain(secret);
  });

  testInFull('a key is renamed, gets a new secret, loses the previous one, and is revoked', async () => {
    const { page } = ownerPage;
    const act = async (action: string, name: string) => {
      await page.getByRole('button', { name: `${action}: ${name}` }).click();
      await dialog(page).getByRole('button', { name: action }).waitFor();
    };
    const confirm = (action: string) => dialog(page).getByRole('button', { name: action }).click();
    await act('Rename', 'Billing server');
    await dialog(page).getByLabel('Name').fill('Old server');
    await confirm('Rename');
    await keyOf('Old server').waitFor();
    await act('Rotate', 'Old server');
    await expectAccessible(page);
    await confirm('Rotate');
    const secret = await dialog(page).getByRole('code').innerText();
    await dialog(page).getByRole('button', { name: 'Done' }).click();
    await keyOf('Old server').getByText('The previous secret').waitFor();
    await act('End previous secret', 'Old server');
    await confirm('End previous secret');
    await page.getByText('The previous secret lgr_').waitFor({ state: 'detached' });
    await act('Revoke', 'Old server');
    await confirm('Revoke');
    await keyOf('Old server').getByText('revoked').waitFor();
    await expect.poll(statusWith(secret), { timeout: 20_000 }).toBe(401);
    expect(await page.getByRole('button', { name: 'Revoke: Old server' }).count()).toBe(0);
  });

  testInFull('a developer sees keys and no members, and gives no scope beyond the role', async () => {
    const developer = await createConsoleUser(ledger, [{ organizationId, role: 'DEVELOPER' }]);
    const { page, context } = await openPeople(developer);
    await page.getByRole('button', { name: 'Create an API key' }).click();
    await dialog(page).getByRole('checkbox', { name: 'catalog:write' }).waitFor();
    expect(await dialog(page).getByRole('checkbox', { name: 'licenses:write' }).count()).toBe(0);
    await page.keyboard.press('Escape');
    for (const absent of ['Members', 'Invitations'])
      expect(await page.getByRole('heading', { name: absent }).count()).toBe(0);
    const forced = await ledger.call('POST', '/v1/api-keys', {
      key: await tokenOf(developer),
      body: { name: 'too much', scopes: ['licenses:write'] },
    });
    expect([forced.status, forced.body.code]).toEqual([403, 'FORBIDDEN']);
    await context.close();
  });

  test('an auditor sees members and keys without an action, and the server refuses what is forced', async () => {
    const auditor = await createConsoleUser(ledger, [{ organizationId, role: 'AUDITOR' }]);
    const { page, context } = await openPeople(auditor);
    await page.getByRole('table', { name: 'API keys' }).waitFor();
    await page.getByRole('table', { name: 'Members' }).waitFor();
    expect(await page.getByRole('button', { name: /Invite|Change role|Remove|Create|Rotate|Revoke/ }).count()).toBe(0);
    await expectAccessible(page);
    const key = await tokenOf(auditor);
    const member = `/v1/organizations/${organizationId}/members/${owner.userId}`;
    const forced = await Promise.all([
      ledger.call('DELETE', member, { key }),
      ledger.call('POST', '/v1/api-keys', { key, body: { name: 'no', scopes: ['licenses:read'] } }),
    ]);
    expect(forced.map(({ status }) => status)).toEqual([403, 403]);
    await context.close();
  });

  testInFull('every role ends its sessions and changes its password, also one that sees nobody', async () => {
    const user = await createConsoleUser(ledger, [{ organizationId, role: 'SUPPORT' }]);
    const elsewhere = await tokenOf(user);
    const { page, context } = await openPeople(user);
    await page.getByText('this browser').waitFor();
    await page.getByRole('button', { name: /^End:/ }).first().click();
    await page.getByRole('button', { name: /^End:/ }).nth(1).waitFor({ state: 'detached' });
    await page.getByLabel('Current password').fill('wrong wrong wrong');
    await page.getByLabel('New password', { exact: true }).fill('five large red apples');
    await page.getByLabel('Repeat the new password').fill('five large red pears');
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('The two new passwords are different.').waitFor();
    await page.getByLabel('Repeat the new password').fill('five large red apples');
    await page.getByRole('button', { name: 'Change password' }).click();
    // A refusal keeps what was typed.
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Current password').fill(user.password);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('The password was changed.').waitFor();
    expect(await page.getByLabel('Current password').inputValue()).toBe('');
    await expect.poll(statusWith(elsewhere), { timeout: 20_000 }).toBe(401);
    await page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await dialog(page).getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await context.close();
  });

  testInFull('it fits a narrow dark window, and a list that fails can be read again', async () => {
    const { page, context } = await openPeople(owner, {
      viewport: { width: 320, height: 640 },
      colorScheme: 'dark',
    });
    await page.getByRole('table', { name: 'API keys' }).waitFor();
    await page.getByRole('table', { name: 'Members' }).waitFor();
    await expectAccessible(page);
    await expectNoOverflow(page);
    await page.route('**/v1/api-keys*', (route) => route.fulfill({ status: 500, body: 'broken' }));
    await page.reload();
    const keys = page.getByRole('region', { name: 'API keys' });
    await keys.getByRole('alert').waitFor();
    await page.unroute('**/v1/api-keys*');
    await keys.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('table', { name: 'API keys' }).waitFor();
    await context.close();
  });
});
