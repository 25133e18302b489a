import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Role } from '../../src/domain/organization/events.ts';
import { findChromium, openBrowser } from '../support/browser.ts';
import type { Ledger } from '../support/ledger.ts';
import { pageComplaints } from '../support/page-complaints.ts';
import { shareLedger } from '../support/shared-ledger.ts';
import { joinOrganization } from '../support/users.ts';

const executable = findChromium();

/** False without a Chromium: then tests of the console in a browser do not run. */
export const hasBrowser = executable !== null;

/**
 * Returns the product and the browser that all files of a worker share, with two organizations of the caller's own. Both
 * end with the worker. A file closes the pages that it opened.
 */
export const shareConsole = async (): Promise<{ readonly ledger: Ledger; readonly browser: Browser }> => {
  if (executable === null) throw new Error('There is no Chromium.');
  if (shared === undefined) buildConsole();
  shared ??= openBrowser(executable);
  const [ledger, browser] = await Promise.all([shareLedger(), shared]);
  return { ledger, browser };
};

let shared: Promise<Browser> | undefined;

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

/** A page of the console, in a browser of its own cookies. */
export type ConsolePage = { readonly page: Page; readonly context: BrowserContext };

/** How a page is opened: as a visitor, or as a user who has signed in already. */
export type Opening = Parameters<Browser['newContext']>[0] & { readonly user?: ConsoleUser };

/**
 * Opens an address of the console in a browser of its own cookies. A test fails when one of its pages has an error or a
 * warning, stores a secret, sends a request elsewhere, sends one that the rights of the user do not cover, or wants what its
 * policy refuses. Another refusal, such as of a wrong password, is no complaint.
 */
export const openConsole = async (
  browser: Browser,
  ledger: Ledger,
  path: string,
  { user, ...options }: Opening = {},
): Promise<ConsolePage> => {
  const context = await browser.newContext({ locale: 'en-US', timezoneId: 'Europe/Berlin', ...options });
  await watch(context, ledger);
  if (user !== undefined) await signInBefore(context, ledger, user);
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(`${ledger.baseUrl}/console${path}`);
  return { page, context };
};

const watch = async (context: BrowserContext, { baseUrl }: Ledger): Promise<void> => {
  context.on('request', (request) => {
    if (!request.url().startsWith(`${baseUrl}/`)) pageComplaints.push(`The page sent a request to ${request.url()}.`);
  });
  context.on('response', (response) => {
    // A wrong password is no right that the user lacks.
    if (response.status() === 403 && !response.url().startsWith(`${baseUrl}/v1/auth/`))
      pageComplaints.push(`The server forbade ${response.request().method()} ${response.url()}.`);
  });
  context.on('weberror', (failure) => pageComplaints.push(String(failure.error())));
  context.on('console', (message) => {
    const isProblem = ['error', 'warning'].includes(message.type());
    if (isProblem && !message.text().startsWith('Failed to load resource')) pageComplaints.push(message.text());
  });
  await context.addInitScript(watchInPage);
};

// Nothing of this is subject to the policy of the page.
const watchInPage = `
  addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
    console.error('The policy of the page refused', violatedDirective, blockedURI));
  const { setItem } = Storage.prototype;
  Storage.prototype.setItem = function (name, value) {
    if (/eyJ|lgr_|LL-/.test(name + value)) console.error('The page stored a secret under', name);
    return setItem.call(this, name, value);
  };
`;

/** Gives a browser the cookie of a user, as the form of the sign-in does. */
const signInBefore = async (context: BrowserContext, ledger: Ledger, { email, password }: ConsoleUser) => {
  const answer = await context.request.post(`${ledger.baseUrl}/v1/auth/browser-session`, {
    headers: { origin: ledger.baseUrl },
    data: { email, password },
  });
  expect(answer.status()).toBe(200);
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
    // What passes is not described, and the rules need no file of styles: both would take most of the time.
    const { violations } = await engine.run({ runOnly: tags, reporter: 'no-passes', preload: false });
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
