import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { Role } from '../../src/domain/organization/events.ts';
import type { Ledger } from '../support/ledger.ts';
import { sized } from '../support/size.ts';
import { joinOrganization } from '../support/users.ts';

/** A test of `npm run test:long`. A browser takes seconds for each, so the short run leaves out what fails least. */
export const testInFull = test.runIf(sized(1, 0) === 1);

const password = 'four small green apples';

/** Builds the console when its sources have changed, as `npm start` does. */
export const buildConsole = (): void => {
  execFileSync(process.execPath, ['build/run-console.js'], { stdio: 'inherit' });
};

/** A user with a password who may use the console. */
export type ConsoleUser = { readonly email: string; readonly password: string; readonly userId: string };

/** Creates a user with an own organization without licenses, who joins these organizations afterwards. */
export const createConsoleUser = async (
  ledger: Ledger,
  memberships: readonly { readonly organizationId: string; readonly role: Role }[],
): Promise<ConsoleUser> => {
  const email = `${randomUUID()}@vendor.example`;
  const { body } = await ledger.call('POST', '/v1/auth/signup', { body: { email, password } });
  const userId = String(body.user?.id);
  for (const { organizationId, role } of memberships) {
    const position = await joinOrganization(ledger.needs, { userId, organizationId, role });
    await ledger.projected.waitFor(position, 10_000);
  }
  return { email, password, userId };
};

/** A page of the console, with what the browser complained about. */
export type ConsolePage = { readonly page: Page; readonly context: BrowserContext; readonly complaints: string[] };

/** Opens an address of the console in a browser of its own cookies. A sign-in that is missing is no complaint. */
export const openConsole = async (
  browser: Browser,
  ledger: Ledger,
  path: string,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<ConsolePage> => {
  const context = await browser.newContext({ locale: 'en-US', timezoneId: 'Europe/Berlin', ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (message) => {
    const isProblem = ['error', 'warning'].includes(message.type());
    if (isProblem && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
  });
  page.setDefaultTimeout(60_000);
  await page.goto(`${ledger.baseUrl}/console${path}`);
  return { page, context, complaints };
};

/** Signs in on the page, which then shows what the user wanted. */
export const signIn = async (page: Page, user: ConsoleUser): Promise<void> => {
  await page.getByLabel('E-mail address').fill(user.email);
  await page.getByLabel('Password').fill(user.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
};

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Expects that axe finds nothing against WCAG 2.2 AA on the page. */
export const expectAccessible = async (page: Page): Promise<void> => {
  // By the debugger, because the policy of the page allows no other script.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const engine = Reflect.get(globalThis, 'axe');
    const { violations } = await engine.run({ runOnly: tags });
    return violations.map(({ id, nodes }: { id: string; nodes: { html: string }[] }) => [id, nodes[0]?.html]);
  });
  expect(found).toEqual([]);
};

/** Expects that the page needs no scrolling to the side. */
export const expectNoOverflow = async (page: Page): Promise<void> => {
  const over = await page.evaluate(
    `document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]
      .filter((element) => element.getBoundingClientRect().right > innerWidth).map((element) => element.outerHTML.slice(0, 200))`,
  );
  expect(over).toEqual([]);
};
