import type { Browser, BrowserContext, Page } from 'playwright-core';
import { beforeAll, describe, expect } from 'vitest';
import { testInFull } from '../support/in-full.ts';
import type { Ledger } from '../support/ledger.ts';
import {
  createConsoleUser,
  expectAccessible,
  expectNoOverflow,
  hasBrowser,
  openConsole,
  shareConsole,
} from './in-browser.ts';
import { createSample, type SampleScreens } from './sample-screens.ts';

const rows = 10_000;

describe.runIf(hasBrowser)('With 10,000 rows in each list,', { timeout: 600_000 }, () => {
  let ledger: Ledger;
  let browser: Browser;
  let screens: SampleScreens;
  beforeAll(async () => {
    ({ ledger, browser } = await shareConsole());
    screens = await createSample(ledger);
  }, 240_000);

  testInFull('every screen shows the first pages, is accessible and as wide as its window', async () => {
    const { organizationId } = ledger.a;
    const user = await createConsoleUser(ledger, [{ organizationId, role: 'OWNER' }]);
    const { page, context } = await openConsole(browser, ledger, `/${organizationId}/people`, { user });
    await multiplyLists(context);
    for (const screen of screens.all) {
      await page.goto(`${ledger.baseUrl}/console/${organizationId}/${screen}`);
      await page.locator('h1').waitFor();
      await untilLoaded(page);
      await readMore(page);
      expect([screen, await page.getByRole('alert').allInnerTexts()]).toEqual([screen, []]);
      await expectNoOverflow(page);
      await expectAccessible(page);
    }
    await context.close();
  });

  const untilLoaded = (page: Page) =>
    expect.poll(() => page.getByText('Loading …').count(), { timeout: 60_000 }).toBe(0);
  /** Reads one more page of each list. */
  const readMore = async (page: Page) => {
    const more = page.getByRole('button', { name: /^(Show|Read) (more|earlier|older)/ });
    const lists = await more.count();
    for (let list = 0; list < lists; list += 1) await more.nth(list).click();
    await untilLoaded(page);
  };
});

/** Answers each list that is not empty with 10,000 rows, which are like those of the server but for their ids. */
const multiplyLists = async (context: BrowserContext): Promise<void> => {
  const originals = new Map<string, string>();
  await context.route(/\/v1\/(?!auth|organizations\?|events\/stream)/, async (route) => {
    const url = new URL(route.request().url());
    const first = Number(/^row-(\d+)$/.exec(url.searchParams.get('cursor') ?? '')?.[1] ?? 0);
    url.searchParams.delete('cursor');
    url.pathname = url.pathname.replace(/[^/]+/g, (part) => originals.get(part) ?? part);
    const response = await route.fetch({ url: url.href });
    const body = await response.json().catch(() => null);
    const isList = Array.isArray(body?.data) && body.data.length > 0 && body.hasMore !== undefined;
    if (route.request().method() !== 'GET' || !isList) return route.fulfill({ response });
    const next = Math.min(first + Number(url.searchParams.get('limit') ?? 50), rows);
    const data = Array.from({ length: next - first }, (_, index) => {
      const original = body.data[(first + index) % body.data.length];
      const row = first + index < body.data.length ? original : withNumber(original, first + index);
      originals.set(String(row.id), String(original.id));
      return row;
    });
    const hasMore = next < rows;
    return route.fulfill({ response, json: { ...body, data, hasMore, nextCursor: hasMore ? `row-${next}` : null } });
  });
};

type Row = Readonly<Record<string, unknown>>;

const withNumber = (row: Row, number: number): Row => {
  const numbered = (field: string) => `${String(row[field]).slice(0, -5)}${String(number).padStart(5, '0')}`;
  const fields = ['id', 'userId', 'fingerprint', 'email', 'name', 'version'].filter((field) => field in row);
  return { ...row, ...Object.fromEntries(fields.map((field) => [field, numbered(field)])) };
};
