import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { findChromium, openBrowser } from '../../support/browser.ts';
import { condition, type DemoFile, startProduct } from '../../support/product.ts';
import { type DemoLicense, type Places, type Screen, screens } from './screens.ts';

// Takes a picture of each screen of the console, with the demo of a new data directory. Names as arguments take only
// these. `npm run screenshots` runs it.
const folder = path.join('docs', 'console');
const bytesMax = 150_000;
const looks = {
  usual: { viewport: { width: 1_280, height: 900 }, colorScheme: 'light' },
  dark: { viewport: { width: 1_280, height: 900 }, colorScheme: 'dark' },
  narrow: { viewport: { width: 320, height: 720 }, colorScheme: 'light' },
} as const;

const executable = findChromium();
if (executable === null) throw new Error('Screenshots need Chromium. Install it, or set CHROMIUM_PATH.');
const names = process.argv.slice(2);
const dataDir = await mkdtemp(path.join(tmpdir(), 'ledger-screenshots-'));
const product = await startProduct({ LEDGER_DATA_DIR: dataDir, LEDGER_DEMO: 'full' });
let browser: Browser | null = null;
try {
  browser = await openBrowser(executable);
  await mkdir(folder, { recursive: true });
  const demo = await completeDemo(dataDir);
  const { baseUrl } = demo;
  await condition('the console is built', async () => (await fetch(`${baseUrl}/console/sign-in`)).ok, 120_000);
  const places = await placesOf(demo);
  for (const screen of screens) {
    if (names.length === 0 || names.includes(screen.name)) await take({ browser, demo, places }, screen);
  }
} finally {
  await browser?.close();
  product.process.kill('SIGTERM');
  await product.ended;
  await rm(dataDir, { recursive: true, force: true });
}

type AcmeDemo = DemoFile & {
  readonly acme: { readonly organizationId: string; readonly beginsAt: string; readonly isComplete: boolean };
};
type Session = { readonly browser: Browser; readonly demo: AcmeDemo; readonly places: Places };

/** Returns the demo of a data directory once Acme Tools is complete. */
async function completeDemo(directory: string): Promise<AcmeDemo> {
  const read = async () => JSON.parse(await readFile(path.join(directory, 'demo.json'), 'utf8')) as AcmeDemo;
  await condition('Acme Tools is complete', async () => (await read()).acme.isComplete, 240_000);
  return read();
}

async function placesOf({ baseUrl, email, password, acme }: AcmeDemo): Promise<Places> {
  const { organizationId, beginsAt } = acme;
  const endOf = (day: number) => new Date(Date.parse(beginsAt) + (day + 1) * 86_400_000 - 1_000).toISOString();
  const login = await fetch(`${baseUrl}/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password, organizationId }),
  });
  const { accessToken } = (await login.json()) as { accessToken: string };
  const license = async (reference: string): Promise<DemoLicense> => {
    const list = await fetch(`${baseUrl}/v1/licenses?externalRef=${reference}`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    const { data } = (await list.json()) as { data: readonly DemoLicense[] };
    const [found] = data;
    if (found === undefined) throw new Error(`The demo has no license with the reference ${reference}.`);
    return found;
  };
  return { organizationId, endOf, license };
}

/** Takes the picture of a screen in a browser of its own cookies. */
async function take({ browser: opened, demo, places }: Session, screen: Screen): Promise<void> {
  const { name, path: pathOf, shows, act, look = 'usual', signedOut = false } = screen;
  const context = await opened.newContext({ locale: 'en-US', timezoneId: 'Europe/Berlin', ...looks[look] });
  try {
    const page = await context.newPage();
    await page.goto(`${demo.baseUrl}/console${await pathOf(places)}`);
    if (!signedOut) {
      await page.getByLabel('E-mail address').fill(demo.email);
      await page.getByLabel('Password').fill(demo.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
    }
    await page.getByText(shows).first().waitFor({ timeout: 60_000 });
    await act?.(page);
    // Some screens follow the feed, so the network is never idle.
    await condition('everything is loaded', async () => (await page.getByText('Loading …').count()) === 0);
    const file = path.join(folder, `${name}.png`);
    await page.screenshot({ path: file, animations: 'disabled' });
    const { size } = await stat(file);
    console.log(`${file}  ${Math.round(size / 1_000)} kB`);
    if (size > bytesMax) throw new Error(`${file} has ${size} bytes, more than ${bytesMax}. Show less.`);
  } finally {
    await context.close();
  }
}
