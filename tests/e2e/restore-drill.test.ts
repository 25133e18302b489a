import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { copyProductData } from '../support/prepared.ts';
import {
  condition,
  type Product,
  processesOf,
  runLedger,
  startLedgerProcess,
  startProduct,
} from '../support/product.ts';
import { outputPattern } from '../support/shown-output.ts';
import { temporaryDirectory } from '../support/temporary.ts';

// The drill that an operator should do: a backup under load, everything lost, and a restore in another place.
type Api = { readonly url: string; readonly apiKey: string };

const call = async ({ url, apiKey }: Api, route: string, body?: object, key: string = randomUUID()) => {
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', 'idempotency-key': key };
  const answer = await fetch(
    `${url}${route}`,
    body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) },
  );
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};
const follow = async (api: Api, cursor: string | null, limit: number) => {
  const { status, body } = await call(api, `/v1/events?limit=${limit}${cursor === null ? '' : `&cursor=${cursor}`}`);
  expect([status, body.code]).toEqual([200, undefined]);
  return { ids: (body.data as { id: string }[]).map(({ id }) => id), cursor: String(body.nextCursor) };
};
/** Follows to the end. */
const followAll = async (api: Api, from: string | null) => {
  const ids: string[] = [];
  for (let cursor = from; ; ) {
    const page = await follow(api, cursor, 1_000);
    ids.push(...page.ids);
    cursor = page.cursor;
    if (page.ids.length < 1_000) return { ids, cursor };
  }
};
const issue = { tier: 'PRO', products: ['local_cli'] };
const idOf = (body: Record<string, unknown>) => String((body.license as { id?: string } | undefined)?.id);
// Progress may come before the result.
const jsonOf = (output: string): unknown => JSON.parse(output.slice(output.indexOf('{')));

test('After a backup under load and the loss of everything, a restore elsewhere lets clients go on', async () => {
  const directory = await temporaryDirectory();
  const [one, two] = [path.join(directory, 'one'), path.join(directory, 'two')];
  const secrets = path.join(directory, 'secret.json');
  await copyProductData(one);
  const product: Product = await startProduct({ LEDGER_DATA_DIR: one, LEDGER_ENV_FILE: 'none' });
  onTestFinished(() => void product.process.kill('SIGKILL'));
  const { apiKey, baseUrl } = product.demo;
  const before: Api = { url: baseUrl, apiKey };
  const retried = randomUUID();
  const first = await call(before, '/v1/licenses', issue, retried);
  expect(first.status).toBe(201);
  await call(before, '/v1/licenses', issue);
  const expected = (await follow(before, null, 100)).ids;
  const billing = await follow(before, null, expected.length - 2);

  let isDone = false;
  const issued: { readonly key: string; readonly licenseKey: unknown }[] = [];
  const load = (async () => {
    while (!isDone) {
      const key = randomUUID();
      issued.push({ key, licenseKey: (await call(before, '/v1/licenses', issue, key)).body.licenseKey });
    }
  })();
  const env = { LEDGER_DATA_DIR: one, LEDGER_ENV_FILE: 'none' };
  const backup = await runLedger(['backup', '--to', path.join(directory, 'backups'), '--secrets-to', secrets], env);
  const shown = outputPattern(
    'docs/operations.md',
    'ledger backup --to /srv/backups --secrets-to /srv/safe/ledger-secret.json',
  );
  expect([backup.code, backup.output]).toEqual([0, expect.stringMatching(shown)]);
  const [, taken = ''] = /kB: (.+)$/m.exec(backup.output) ?? [];
  const status = await runLedger(['status', '--json'], env);
  expect(jsonOf(status.output)).toMatchObject({ lastBackup: { hasLog: true, ageSeconds: expect.any(Number) } });
  isDone = true;
  await load;
  // A reader that has seen an event after the backup.
  await call(before, '/v1/licenses', issue);
  const lost = await followAll(before, null);
  product.process.kill('SIGKILL');
  await product.ended;
  await condition('nothing runs any longer', () => processesOf(one).length === 0);
  await rm(one, { recursive: true });

  const elsewhere = { LEDGER_DATA_DIR: two, LEDGER_ENV_FILE: 'none' };
  const restored = await runLedger(['restore', '--from', taken, '--secrets-from', secrets], elsewhere);
  const shownRestore = outputPattern(
    'docs/operations.md',
    'LEDGER_DATA_DIR=/srv/ledger ledger restore --from /srv/backups/2026-11-30T02-00-00-000Z-b7d37c --secrets-from /srv/safe/ledger-secret.json',
  );
  expect([restored.code, restored.output]).toEqual([0, expect.stringMatching(shownRestore)]);
  const started = await startLedgerProcess([], elsewhere);
  onTestFinished(() => void started.process.kill('SIGKILL'));
  const after: Api = { url: started.url, apiKey };
  const validated = await call(after, '/v1/licenses/validate', { licenseKey: first.body.licenseKey });
  expect(validated.body).toMatchObject({ code: 'VALID' });
  expect((await call(after, '/v1/licenses', issue, retried)).body).toEqual(first.body);
  const rest = await followAll(after, billing.cursor);
  // An answer that the backup has is repeated, and its license is there. A request that it lacks is carried out. Of one that
  // came between both parts of the backup it has the license and not the key, and the answer says so.
  let kept = 0;
  for (const { key, licenseKey } of [...issued.slice(0, 10), ...issued.slice(-50)]) {
    const again = await call(after, '/v1/licenses', issue, key);
    if (again.status === 422) expect(again.body.code).toBe('IDEMPOTENCY_KEY_REUSED');
    else expect([again.status, (await call(after, `/v1/licenses/${idOf(again.body)}`)).status]).toEqual([201, 200]);
    if (again.body.licenseKey === licenseKey) kept += 1;
  }
  expect(kept).toBeGreaterThan(0);
  expect([...billing.ids, ...rest.ids].slice(0, expected.length)).toEqual(expected);
  // What it had seen after the backup is lost, and it is told so instead of missing what comes now.
  await call(after, '/v1/licenses', issue);
  expect(lost.ids.length).toBeGreaterThan(billing.ids.length + rest.ids.length);
  const { status: refused, body } = await call(after, `/v1/events?cursor=${lost.cursor}`);
  expect([refused, body.code, String(body.detail)]).toEqual([
    400,
    'INVALID_REQUEST',
    expect.stringContaining('restored'),
  ]);
  expect((await follow(after, rest.cursor, 100)).ids.length).toBeGreaterThan(0);
  const verified = await runLedger(['verify'], elsewhere);
  expect([verified.code, verified.output]).toEqual([0, expect.stringContaining('Intact')]);
  started.process.kill('SIGTERM');
  expect(await started.ended).toBe(0);
}, 300_000);
