import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { bootstrapOrganization } from '../../../src/application/bootstrap/bootstrap-organization.ts';
import { assemble, type Ledger } from '../../../src/cli/server/assemble.ts';
import type { Role } from '../../../src/cli/server/roles.ts';
import { loadConfig } from '../../../src/config.ts';
import { encodeId } from '../../../src/domain/ids.ts';
import { freePort } from '../../../src/embedded/free-port.ts';
import { StoreFull } from '../../../src/eventstore/event-store.ts';
import { type RunningStore, startStore } from '../../support/event-store.ts';
import { addLeaves } from '../../support/issuer-trees.ts';
import { differences } from '../../support/pages.ts';
import { condition } from '../../support/product.ts';
import { createReadModels } from '../../support/read-models.ts';
import { shownJson } from '../../support/shown-output.ts';

// Two processes of the product on a real Postgres and event store: an API without a projector, and a projector.

let models: Awaited<ReturnType<typeof createReadModels>>;
let store: RunningStore;
let api: Ledger;
let managementUrl: string;

const start = async (roles: readonly Role[], variables: Readonly<Record<string, string>> = {}) => {
  const port = await freePort();
  const secret = Buffer.alloc(32, 7).toString('base64');
  const environment = { PORT: '0', MANAGEMENT_PORT: `${port}`, RATE_LIMITS: 'off', ...variables };
  const config = { ...loadConfig(environment), secret };
  const { url } = models;
  const urls = { databaseUrl: url, apiUrl: url, projectorUrl: url, workerUrl: url, eventStoreUrl: store.url };
  const servers = { ...urls, embedded: false, failed: new Promise<string>(() => {}), stop: async () => {} };
  const ledger = await assemble({ config, servers, roles, log: pino({ level: 'silent' }) });
  return { ledger, managementUrl: `http://127.0.0.1:${port}` };
};

const ready = async (url = managementUrl) => {
  const answer = await fetch(`${url}/readyz`);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};
const metric = async (line: string) => (await (await fetch(`${managementUrl}/metrics`)).text()).includes(`\n${line}\n`);
const processes = async () => {
  const { rows } = await models.superuser.query('select roles, status, projects from ops.processes order by roles');
  return rows;
};

beforeAll(async () => {
  [models, store] = await Promise.all([createReadModels(), startStore()]);
  await models.superuser.query('update ops.projection_versions set is_level = true');
  ({ ledger: api, managementUrl } = await start(['api']));
});
afterAll(async () => {
  await api.stop();
  await Promise.all([models.drop(), store.stop()]);
});

test('Without a projector the API is degraded, still answers 200, and says since when', async () => {
  await condition('it has looked for a projector', async () => (await ready()).body.status === 'degraded');
  const { status, body } = await ready();
  const reason = 'no projector is active: start a process with the role projector';
  expect([status, body]).toMatchObject([
    200,
    {
      status: 'degraded',
      parts: { postgres: 'ok', readModels: 'ok', clock: 'ok', eventStore: 'ok', projector: reason, lag: 'ok' },
      faults: [{ part: 'projector', state: 'degraded', reason, since: expect.stringMatching(/^\d{4}-.*Z$/) }],
    },
  ]);
  expect((await ready()).body.faults).toEqual(body.faults);
  expect(differences(shownJson('docs/operations.md', 'curl -s localhost:8081/readyz'), body)).toEqual([]);
  expect([await metric('ledger_part_ok{part="projector"} 0'), await metric('ledger_ready 1')]).toEqual([true, true]);

  const projector = await start(['projector', 'worker']);
  await condition('it sees the projector', async () => (await ready()).body.status === 'ok');
  expect(await metric('ledger_part_ok{part="projector"} 1')).toBe(true);
  await condition('both are listed', async () => (await processes()).length === 2);
  expect(await processes()).toMatchObject([
    { roles: ['api'], projects: null },
    { roles: ['projector', 'worker'], projects: true },
  ]);
  await projector.ledger.stop();
  expect(await processes()).toMatchObject([{ roles: ['api'] }]);
  await condition('it misses the projector', async () => (await ready()).body.status === 'degraded');
});

test('An event store that refuses to answer leaves the process ready and degraded', async () => {
  store.server.faults.refuseReads = { code: 13, details: 'broken' };
  await condition('it notices', async () => (await metric('ledger_part_ok{part="eventStore"} 0')) === true);
  const { status, body } = await ready();
  store.server.faults.refuseReads = undefined;
  expect([status, body]).toMatchObject([
    200,
    { parts: { eventStore: 'does not answer (StoreUnavailable): commands fail, reads continue' } },
  ]);
});

test('A notary that cannot sign a log leaves the process ready and degraded, and says what to do', async () => {
  const issuer = encodeId('org', randomUUID());
  const directory = await mkdtemp(path.join(tmpdir(), 'ledger-health-'));
  await writeFile(path.join(directory, `${issuer}.checkpoint`), 'damaged');
  await addLeaves(models.superuser, issuer, 3);
  const notary = await start(['notary'], { LEDGER_CHECKPOINT_DIR: directory, LEDGER_LOG_KEYS_DIR: directory });
  await condition(
    'it notices',
    async () =>
      'notary' in Object((await ready(notary.managementUrl)).body.parts) &&
      Object((await ready(notary.managementUrl)).body.parts).notary !== 'ok',
  );
  const { status, body } = await ready(notary.managementUrl);
  await notary.ledger.stop();
  await rm(directory, { recursive: true });
  expect([status, body.status]).toEqual([200, 'degraded']);
  expect(body.faults).toContainEqual(
    expect.objectContaining({
      part: 'notary',
      state: 'degraded',
      reason: expect.stringContaining('Put back an undamaged copy'),
    }),
  );
});

test('A full disk of the event store is named until an append succeeds', async () => {
  const { databaseUrl } = store;
  const owner = new pg.Client(databaseUrl);
  await owner.connect();
  await owner.query(`create function eventstore.fill() returns trigger language plpgsql as
    $$ begin raise exception using errcode = 'disk_full', message = 'could not extend file: No space left on device'; end $$`);
  await owner.query('create trigger fill before insert on eventstore.events execute function eventstore.fill()');
  const needs = { ...api, pool: api.apiPool, now: () => api.now().toISOString() };
  const append = () => bootstrapOrganization(needs, { commandId: crypto.randomUUID(), name: 'Vendor' });
  await expect(append()).rejects.toBeInstanceOf(StoreFull);
  const { status, body } = await ready();
  expect([status, body]).toMatchObject([200, { parts: { disk: expect.stringContaining('event store is full') } }]);
  await owner.query('drop trigger fill on eventstore.events');
  await owner.end();
  await append();
  expect((await ready()).body.parts).toMatchObject({ disk: 'ok' });
});

test('Read models that are not level make the process not ready, with the part, the cause and the instant', async () => {
  await models.superuser.query('update ops.projection_versions set is_level = false');
  const { status, body } = await ready();
  await models.superuser.query('update ops.projection_versions set is_level = true');
  expect([status, body]).toMatchObject([
    503,
    {
      code: 'NOT_PROJECTED_YET',
      cause: 'NOT_LEVEL',
      detail: expect.stringMatching(/^readModels: .* \(since \d{4}-.*Z\)$/),
    },
  ]);
  expect((await ready()).status).toBe(200);
});

test('A process that is to stop is not ready while it still serves requests', async () => {
  const stopping = await start(['api'], { STOP_DELAY_SECONDS: '1' });
  expect((await ready(stopping.managementUrl)).status).toBe(200);
  const stopped = stopping.ledger.stop();
  const { status, body } = await ready(stopping.managementUrl);
  expect([status, body.code, body.cause]).toEqual([503, 'UNAVAILABLE', 'STOPPING']);
  const onPort = await fetch(`${stopping.ledger.baseUrl}/readyz`);
  expect(onPort.status).toBe(503);
  expect((await fetch(`${stopping.ledger.baseUrl}/livez`)).status).toBe(200);
  await stopped;
  await expect(fetch(`${stopping.ledger.baseUrl}/livez`)).rejects.toThrow();
});

test('A process that lacks a secret of another one is not ready, until the secret is retired', async () => {
  const intervals = vi.spyOn(globalThis, 'setInterval');
  const process = await start(['api']);
  const beats = intervals.mock.calls.filter(([, everyMs]) => everyMs === 30_000).map(([beat]) => beat);
  intervals.mockRestore();
  const statusIs = (status: number) =>
    condition(`it answers ${status}`, async () => {
      for (const beat of beats) beat();
      return (await ready(process.managementUrl)).status === status;
    });
  try {
    await models.superuser.query(`insert into ops.secrets (secret_id, check_value, first_signed_at, last_signed_at)
      values ('of another', 'x', now(), now())`);
    await statusIs(503);
    expect((await ready(process.managementUrl)).body).toMatchObject({
      ...{ code: 'UNAVAILABLE', cause: 'SECRETS' },
      parts: { secrets: 'a secret is missing: the log of this process names it' },
    });
    await models.superuser.query('update ops.secrets set retired_at = now() where secret_id = $1', ['of another']);
    await statusIs(200);
  } finally {
    await models.superuser.query('delete from ops.secrets where secret_id = $1', ['of another']);
    await process.ledger.stop();
  }
});
