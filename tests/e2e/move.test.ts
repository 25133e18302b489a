import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awaitLog, closeLog, readLogState } from '../../src/eventstore/copy/log-state.ts';
import { createDatabase } from '../support/database.ts';
import { notes, type RunningStore, startStore } from '../support/event-store.ts';
import { testInFull } from '../support/in-full.ts';
import { runLedger, type Started, startLedgerProcess } from '../support/product.ts';
import { runCommand } from '../support/run-command.ts';
import { createVendor } from '../support/vendor.ts';

// A log moves from one event store to another one and back, under a billing system that follows the feed.
const folder = mkdtempSync(join(tmpdir(), 'ledger-move-'));
const secret = randomBytes(32).toString('base64');
let database: Awaited<ReturnType<typeof createDatabase>>;
let one: RunningStore;
let two: RunningStore;
let running: Started | null = null;
let apiKey: string;

const settings = (store: RunningStore) => ({
  DATABASE_URL: database.url,
  EVENTSTORE_URL: store.url,
  LEDGER_SECRET: secret,
  LEDGER_DATA_DIR: folder,
  LEDGER_ENV_FILE: 'none',
});
const withClient = async <Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> => {
  const client = new pg.Client(database.url);
  await client.connect();
  return work(client).finally(() => client.end());
};
const startOn = async (store: RunningStore) => {
  running = await startLedgerProcess([], settings(store));
};
const stop = async () => {
  running?.process.kill('SIGTERM');
  const code = await running?.ended;
  running = null;
  return code;
};
const call = async (path: string, body?: object, key: string = randomUUID()) => {
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', 'idempotency-key': key };
  const request = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
  const answer = await fetch(`${running?.url}${path}`, request);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};
// It is issued and activated.
const eventsOfIssue = 2;
const issue = (key?: string) => call('/v1/licenses', { tier: 'PRO', products: ['app'] }, key);
const follow = async (cursor: string | null, limit = 100) => {
  const { status, body } = await call(`/v1/events?limit=${limit}${cursor === null ? '' : `&cursor=${cursor}`}`);
  expect([status, body.code]).toEqual([200, undefined]);
  return { ids: (body.data as { id: string }[]).map(({ id }) => id), cursor: String(body.nextCursor) };
};

beforeAll(async () => {
  [database, one, two] = [await createDatabase(), await startStore(), await startStore()];
  await startOn(one);
  apiKey = await createVendor({ databaseUrl: database.url, eventStoreUrl: one.url, secret });
}, 60_000);
afterAll(async () => {
  await stop();
  await Promise.all([one.stop(), two.stop()]);
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

test('A log moves to another event store and back, and loses no event of a reader and no answer to a retry', async () => {
  const retried = randomUUID();
  const { body: first } = await issue(retried);
  for (let index = 0; index < 4; index++) await issue();
  const expected = (await follow(null)).ids;
  expect(expected).toHaveLength(5 * eventsOfIssue);
  const billing = await follow(null, 3);

  // While a process runs, the log is only copied.
  const early = await runCommand(['copy', '--to', two.url, '--switch'], settings(one));
  expect(early).toMatchObject({ code: 5, output: expect.stringContaining('Processes of License Ledger run') });
  const copied = await runCommand(['copy', '--to', two.url, '--json'], settings(one));
  expect(copied).toMatchObject({ code: 0, output: expect.stringMatching(/"digest": ?"[0-9a-f]{64}"/) });
  const refused = (sentence: string) => ({ code: 5, output: expect.stringContaining(sentence) });
  expect(await runLedger(['start'], settings(two))).toMatchObject(refused('has only a copy of a log'));
  // The wrong direction, and a source that is itself a copy.
  expect(await runCommand(['copy', '--from', two.url], settings(one))).toMatchObject(
    refused('itself the target of copies'),
  );
  const { body: afterCopy } = await issue();
  expect(await stop()).toBe(0);

  const moved = await runCommand(['copy', '--to', two.url, '--switch'], settings(one));
  expect(moved).toMatchObject({ code: 0, output: expect.stringContaining('The log has moved') });
  const away = refused('The log of this event store has moved to another one');
  expect(await runLedger(['start'], settings(one))).toMatchObject(away);
  expect(await runCommand(['rebuild'], settings(one))).toMatchObject(away);
  expect(await runCommand(['copy', '--abort'], settings(one))).toMatchObject(refused('The move is complete'));
  expect(await runCommand(['copy', '--to', two.url, '--switch'], settings(one))).toMatchObject(
    refused('The log has moved to this target, which serves it'),
  );

  await startOn(two);
  const rest = await follow(billing.cursor);
  expect([...billing.ids, ...rest.ids.slice(0, -eventsOfIssue)]).toEqual(expected);
  expect((await issue(retried)).body).toEqual(first);
  const { license, licenseKey } = afterCopy as { license: { id: string }; licenseKey: string };
  expect((await call(`/v1/licenses/${license.id}`)).status).toBe(200);
  expect((await call('/v1/licenses/validate', { licenseKey })).body).toMatchObject({ code: 'VALID' });
  await issue();
  const onTwo = await follow(rest.cursor);
  expect(onTwo.ids).toHaveLength(eventsOfIssue);
  await issue();
  expect(await stop()).toBe(0);

  const back = await runCommand(['copy', '--from', two.url, '--switch'], settings(one));
  expect(back).toMatchObject({ code: 0, output: expect.stringContaining('Copied 4 events') });
  await startOn(one);
  // Cursors of both logs lead to the same event.
  expect((await follow(onTwo.cursor)).ids).toHaveLength(eventsOfIssue);
  expect((await follow(billing.cursor)).ids).toHaveLength(8 * eventsOfIssue - 3);
  expect((await follow(null)).ids.slice(0, expected.length)).toEqual(expected);
  expect((await issue(retried)).body).toEqual(first);
  const { code, output } = await runCommand(['verify'], settings(one));
  expect([code, output]).toEqual([0, expect.stringContaining('Intact')]);
  expect(await stop()).toBe(0);
}, 180_000);

test('A target that cannot take the log closes nothing, and a move that cannot end is ended', async () => {
  const [other, target] = [await startStore(), await startStore()];
  const store = other.connect();
  await store.append('license-other', notes(1), 'no_stream', { timeoutMs: 5_000 });
  const serves = { code: 5, output: expect.stringContaining('The target serves a log of its own') };
  for (const args of [
    ['--to', other.url],
    ['--to', other.url, '--switch'],
  ])
    expect(await runCommand(['copy', ...args], settings(one))).toMatchObject(serves);
  expect((await store.head({ timeoutMs: 5_000 }))?.commit).toBe(
    (await store.read('license-other')).events[0]?.position.commit,
  );

  // Events that the source lacks: found before anything is closed.
  await awaitLog(store, 'now');
  expect(await runCommand(['copy', '--to', other.url, '--switch'], settings(one))).toMatchObject({
    code: 3,
    output: expect.stringContaining('The source does not have it there'),
  });
  const source = one.connect();
  expect(await readLogState(source)).toMatchObject({ kind: 'OPEN' });

  // Killed after the source was closed: another target is refused, the same one or an abort goes on.
  await closeLog(source, await awaitLog(target.connect(), 'now'), 'now');
  expect(await runCommand(['copy', '--to', other.url, '--switch'], settings(one))).toMatchObject({ code: 5 });
  expect(await runCommand(['copy', '--abort', '--to', target.url], settings(one))).toMatchObject({ code: 0 });
  expect(await readLogState(source)).toMatchObject({ kind: 'OPEN' });
  expect(await readLogState(target.connect())).toMatchObject({ kind: 'AWAITED' });
  expect(await runCommand(['copy', '--abort'], settings(one))).toMatchObject({ code: 5 });
  // Without the target, and with a store that only waits.
  await closeLog(source, await awaitLog(target.connect(), 'now'), 'now');
  expect(await runCommand(['copy', '--abort', '--from', one.url], settings(target))).toMatchObject({ code: 0 });
  expect(await readLogState(source)).toMatchObject({ kind: 'OPEN' });
  await Promise.all([other.stop(), target.stop()]);
}, 120_000);

testInFull(
  'A database from before a move starts on the new store only after a forced rebuild',
  async () => {
    const store = one.connect();
    const { id } = (await readLogState(store)) as { id: string };
    await withClient((client) => client.query('update ops.served_log set log_id = null'));
    const other = { code: 5, output: expect.stringContaining('ledger rebuild --force') };
    expect(await runLedger(['start'], settings(one))).toMatchObject(other);
    expect(await runCommand(['rebuild'], settings(one))).toMatchObject(other);
    expect(await runCommand(['parked', 'replay'], settings(one))).toMatchObject(other);
    expect(await runCommand(['rebuild', '--force'], settings(one))).toMatchObject({ code: 0 });
    const { rows } = await withClient((client) => client.query('select log_id from ops.served_log'));
    expect(rows).toEqual([{ log_id: id }]);
  },
  120_000,
);

test('A copy without another store, or onto itself, is refused as a wrong option', async () => {
  expect(await runCommand(['copy'], settings(one))).toMatchObject({ code: 2 });
  expect(await runCommand(['copy', '--to', one.url], settings(one))).toMatchObject({ code: 2 });
  expect(await runCommand(['copy', '--to', 'kurrentdb://two'], settings(one))).toMatchObject({ code: 2 });
});
