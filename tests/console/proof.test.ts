import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Role } from '../../src/domain/organization/events.ts';
import { formatVerifierKey } from '../../src/proof/notes/verifier-keys.ts';
import { exampleHistory, logKey, packOf } from '../packs/pack-in-memory.ts';
import { testKey } from '../proof/keys.ts';
import { testInFull } from '../support/in-full.ts';
import { signTree, startStandInNotary } from '../support/issuer-trees.ts';
import type { Ledger } from '../support/ledger.ts';
import {
  type ConsolePage,
  createConsoleUser,
  expectAccessible,
  expectNoOverflow,
  hasBrowser,
  openConsole,
  shareConsole,
} from './in-browser.ts';

type Given = { readonly name: string; readonly content: string | Uint8Array };

describe.runIf(hasBrowser)('On the screen of proofs', { timeout: 240_000 }, () => {
  let ledger: Ledger;
  let browser: Browser;
  let owner: ConsolePage;
  let organizationId: string;
  let licenseId: string;
  let notary: Awaited<ReturnType<typeof startStandInNotary>>;
  beforeAll(async () => {
    ({ ledger, browser } = await shareConsole());
    ({ organizationId } = ledger.a);
    ({ licenseId } = await ledger.issue());
    notary = await startStandInNotary(ledger.database.superuser);
    owner = await openAs('OWNER', 'proof');
  }, 240_000);
  afterAll(async () => {
    await owner.context.close();
    await notary.stop();
  });

  const openAs = async (role: Role, path: string, options: Parameters<typeof openConsole>[3] = {}) => {
    const user = await createConsoleUser(ledger, [{ organizationId, role }]);
    return openConsole(browser, ledger, `/${organizationId}/${path}`, { ...options, user });
  };
  const vkey = () => testKey(`ledger.example/${organizationId}`).verifier;
  const choose = (page: Page, files: readonly Given[]) =>
    page.getByLabel('Files', { exact: true }).setInputFiles(
      files.map(({ name, content }) => ({
        name,
        mimeType: 'application/octet-stream',
        buffer: Buffer.from(content),
      })),
    );
  const verify = async (page: Page, files: readonly Given[], keys: string) => {
    await choose(page, files);
    await page.getByLabel('Keys that you trust').fill(keys);
    await page.getByRole('button', { name: 'Verify' }).click();
  };
  const downloaded = async (page: Page, name: string): Promise<Given> => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name, exact: true }).click(),
    ]);
    const parts: Buffer[] = [];
    for await (const part of await download.createReadStream()) parts.push(Buffer.from(part));
    return { name: download.suggestedFilename(), content: Buffer.concat(parts).toString() };
  };

  test('a log without a checkpoint says so, and one is signed on demand', async () => {
    const { page } = owner;
    await page.getByText('The log has no checkpoint yet.').waitFor();
    await page.getByText('The log has no key yet.').waitFor();
    await page.getByRole('button', { name: 'Get a checkpoint now' }).click();
    await page.getByText(/The newest checkpoint has \d+ events/).waitFor();
    const row = page.getByRole('table', { name: 'Checkpoints' }).getByRole('row').nth(1);
    await row.getByText(`the log key ${vkey().keyId}`).waitFor();
    await page.getByText(formatVerifierKey(vkey())).waitFor();
    await expectAccessible(page);
  });

  test('an event leads to its proof in words, which the browser verifies', async () => {
    const { page } = owner;
    await page.goto(`${ledger.baseUrl}/console/${organizationId}/licenses/${licenseId}`);
    await page
      .getByRole('link', { name: /^Proof: evt_/ })
      .last()
      .click();
    await page.getByText(/^The log has this event as number \d+, counted from 0\./).waitFor();
    const proof = await downloaded(page, 'Download the proof');
    const leaf = await downloaded(page, 'Download the leaf');
    expect([proof.name, leaf.name]).toEqual([
      expect.stringMatching(/^evt_.*\.tlog-proof$/),
      expect.stringMatching(/^evt_.*\.leaf\.json$/),
    ]);
    await verify(page, [proof], formatVerifierKey(vkey()));
    await page.getByText('Add the file of the event').waitFor();
    await page.getByText('The server shows the same key of the log.').waitFor();
    await verify(page, [proof, leaf], formatVerifierKey(vkey()));
    await page.getByText(/The log contains the event .* as number \d+/).waitFor();
    await expectAccessible(page);
    const other = String(leaf.content).replace(/"revision":\d+/, '"revision":77');
    await verify(page, [proof, { name: 'leaf.json', content: other }], formatVerifierKey(vkey()));
    await page.getByText('Not proved. The first wrong thing:').waitFor();
    const wrongKey = formatVerifierKey({ ...testKey('other').verifier, name: vkey().name });
    await verify(page, [proof, leaf], wrongKey);
    await page.getByText('The server shows another key of the log.').waitFor();
    await page.getByText('Not proved. The first wrong thing:').waitFor();
  });

  testInFull('an event after the last checkpoint says so, until a checkpoint covers it', async () => {
    const { page } = owner;
    const { licenseId: newer } = await ledger.issue();
    const { body } = await ledger.call('GET', `/v1/licenses/${newer}/history`, { key: ledger.a.apiKey });
    const eventId = String(body.data?.[0]?.id);
    await page.goto(`${ledger.baseUrl}/console/${organizationId}/proof`);
    await page.getByLabel('Event id').fill('evt_1');
    await page.getByText('An id of an event begins with evt_').waitFor();
    await page.getByLabel('Event id').fill(eventId);
    await page.keyboard.press('Enter');
    await page.getByText('No checkpoint covers this event yet.').waitFor();
    const part = page.getByRole('region', { name: 'Proof of an event' });
    await part.getByRole('button', { name: 'Get a checkpoint now' }).click();
    await page.getByText(/^The log has this event as number/).waitFor();
    expect(page.url()).toContain(`?event=${eventId}`);
  });

  test('two checkpoints show that the log only grew, by keyboard and without the crypto of the browser', async () => {
    const { page, context } = await openAs('AUDITOR', 'licenses');
    await context.addInitScript(`Object.defineProperty(crypto, 'subtle', { value: undefined })`);
    const { note: older } = await signTree(ledger.database.superuser, organizationId);
    await ledger.issue();
    const { note: newer, size } = await signTree(ledger.database.superuser, organizationId);
    await page.goto(`${ledger.baseUrl}/console/${organizationId}/proof`);
    await choose(page, [
      { name: 'newer.txt', content: newer },
      { name: 'older.txt', content: older },
      { name: 'log.vkey', content: `${formatVerifierKey(vkey())}\n` },
    ]);
    await page.getByText('These keys from your files are trusted').waitFor();
    const chosen = page.getByRole('list', { name: 'Chosen files' }).getByRole('listitem');
    await expect.poll(() => chosen.allInnerTexts()).toEqual(['newer.txt', 'older.txt', 'log.vkey']);
    expect(await page.getByLabel('Keys that you trust').inputValue()).toBe('');
    await page.getByLabel('Keys that you trust').focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText(/events of the newer checkpoint are those of the older one/).waitFor();
    await page
      .getByText(new RegExp(`signed a checkpoint of ${size} events`))
      .first()
      .waitFor();
    // The key of a file is gone with it, and the end of a check of other files shows nothing.
    let answerNow = () => {};
    const late = new Promise<void>((resolve) => {
      answerNow = resolve;
    });
    await page.route('**/consistency?**', async (route) => {
      await late;
      await route.continue();
    });
    const asked = page.waitForRequest(/consistency/);
    await page.getByRole('button', { name: 'Verify' }).click();
    await asked;
    await choose(page, [{ name: 'newer.txt', content: newer }]);
    await page.getByText('These keys from your files are trusted').waitFor({ state: 'detached' });
    const answer = page.waitForResponse(/consistency/);
    answerNow();
    await (await answer).finished();
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    expect(await page.getByText(/events of the newer checkpoint are those of the older one/).count()).toBe(0);
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByText('Paste a key of the log that you trust.').waitFor();
    // An auditor reads who may read the log, and changes nothing.
    await page.getByText('Only your organization may read the log.').waitFor();
    expect(await page.getByRole('button', { name: 'Save' }).count()).toBe(0);
    await context.close();
  });

  test('a pack is dropped and verified, and one with a changed byte is not', async () => {
    const { page } = owner;
    const { log } = exampleHistory();
    const { bytes } = await packOf(log);
    const keys = formatVerifierKey(logKey.verifier);
    await page.goto(`${ledger.baseUrl}/console/${organizationId}/proof`);
    await page.getByLabel('Keys that you trust').fill(keys);
    await drop(page, 'pack.zip', bytes);
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByText('The histories are complete').waitFor();
    await expectAccessible(page);
    const changed = bytes.slice();
    changed[Math.floor(bytes.length / 2)] = (changed[Math.floor(bytes.length / 2)] ?? 0) ^ 1;
    await verify(page, [{ name: 'pack.zip', content: changed }], keys);
    await page.getByText('Not proved. The first wrong thing:').waitFor();
    await verify(page, [{ name: 'pack.zip', content: bytes }], '');
    await page.getByText('Paste a key of the log that you trust.').waitFor();
  });

  /** Drops a file on the field, as a person does with a mouse. */
  const drop = async (page: Page, name: string, bytes: Uint8Array) => {
    const dataTransfer = await page.evaluateHandle(
      `(() => {
        const bytes = Uint8Array.from(atob('${Buffer.from(bytes).toString('base64')}'), (byte) => byte.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], '${name}'));
        return transfer;
      })()`,
    );
    await page.getByText('Drop files here').dispatchEvent('drop', { dataTransfer });
    await page.getByRole('list', { name: 'Chosen files' }).getByText(name).waitFor();
  };

  testInFull('an owner publishes the log, and then a stranger reads it', async () => {
    const { page } = owner;
    await page.reload();
    await page.getByLabel('Publish the log').check();
    await page.getByRole('button', { name: 'Save' }).click();
    const read = () => ledger.call('GET', `/v1/organizations/${organizationId}`, { key: ledger.a.apiKey });
    await page.getByText('Saved.').waitFor();
    await expect.poll(async () => (await read()).body.logIsPublic).toBe(true);
    expect((await fetch(`${ledger.baseUrl}/v1/logs/${organizationId}/checkpoint`)).status).toBe(200);
    expect((await read()).body.holdersGetProofs).toBe(false);
  });

  testInFull('it fits a narrow dark window, with parts that fail and can be read again', async () => {
    const { page, context } = await openAs('OWNER', 'licenses', {
      viewport: { width: 320, height: 640 },
      colorScheme: 'dark',
    });
    await page.route('**/v1/logs/**', (route) => route.fulfill({ status: 500, body: 'broken' }));
    await page.goto(`${ledger.baseUrl}/console/${organizationId}/proof`);
    await page.getByRole('alert').nth(1).waitFor();
    await page.unroute('**/v1/logs/**');
    for (const retry of await page.getByRole('button', { name: 'Try again' }).all())
      await retry.click({ timeout: 5_000 }).catch(() => undefined);
    await page
      .getByRole('button', { name: 'Try again' })
      .first()
      .click({ timeout: 5_000 })
      .catch(() => undefined);
    await page.getByRole('table', { name: 'Checkpoints' }).waitFor();
    await page.getByRole('alert').first().waitFor({ state: 'detached' });
    await expectAccessible(page);
    await expectNoOverflow(page);
    await context.close();
  });
});
