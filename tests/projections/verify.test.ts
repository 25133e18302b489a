import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { EventStore } from '../../src/eventstore/event-store.ts';
import { connectLogReader, type LogReader } from '../../src/eventstore/read-log.ts';
import { type Verdict, verifyLedger } from '../../src/projections/verify.ts';
import { appendLog } from '../support/append-log.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { createLog, randomLog, testId } from '../support/license-fixtures.ts';
import { createReadModels, project } from '../support/read-models.ts';
import { sized } from '../support/size.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
let running: RunningStore;
let store: EventStore;
let reader: LogReader;
const log = randomLog(sized(8_000), 21);
const half = Math.floor(log.length / 2);
beforeAll(async () => {
  models = await createReadModels();
  running = await startStore();
  store = running.connect();
  reader = connectLogReader({ url: running.url });
  await appendLog(store, log);
});
afterAll(async () => {
  await reader.close();
  await running.stop();
  await models.drop();
});

/** The log with the positions that the server gave it. */
const readAll = async () => {
  const head = await store.head({ timeoutMs: 5_000 });
  if (head === null) throw new Error('The log is empty.');
  const events = [];
  for await (const recorded of reader.read({ streamPrefixes: ['license-', 'organization-'], upTo: head }))
    events.push(recorded);
  return events;
};
const verify = (): Promise<Verdict> => verifyLedger({ store, readLog: reader.read, pool: models.projector });

const rebuild = async () => {
  await models.superuser.query(`truncate rm.licenses, rm.license_keys, rm.activations, rm.license_events, rm.organizations,
    rm.api_keys, ops.checkpoints`);
  await project(models.projector, await readAll());
};

test('the log reader gives every event of our streams once, in order, across pages', async () => {
  const events = await readAll();
  expect(events.map(({ id }) => id)).toEqual(log.map(({ id }) => id));
});

describe('an intact ledger', () => {
  test('is found intact, with how much was compared', async () => {
    await rebuild();
    const licenses = new Set(log.map(({ stream }) => stream)).size;
    const { rows } = await models.superuser.query<{ rows: number }>(
      `select (select count(*) from rm.licenses) + (select count(*) from rm.license_keys) + (select count(*) from rm.activations)
        + (select count(*) from rm.license_events) + (select count(*) from rm.organizations) + (select count(*) from rm.api_keys) as rows`,
    );
    expect(await verify()).toEqual({
      ...{ intact: true, events: log.length, streams: licenses, notProjected: 0 },
      rows: Number(rows[0]?.rows),
    });
  });

  test('is intact while the read models are behind, and before they begin', async () => {
    await models.superuser.query(`truncate rm.licenses, rm.license_keys, rm.activations, rm.license_events, rm.organizations,
      rm.api_keys, ops.checkpoints`);
    expect(await verify()).toMatchObject({ intact: true, rows: 0, notProjected: log.length });
    await project(models.projector, (await readAll()).slice(0, half));
    expect(await verify()).toMatchObject({ intact: true, notProjected: log.length - half });
  });
});

describe('tampering with the read models is found', () => {
  beforeEach(rebuild);
  const tampered = async (sql: string) => {
    const { rowCount } = await models.superuser.query(sql);
    expect(rowCount).toBe(1);
    const verdict = await verify();
    return verdict.intact ? 'nothing' : `${verdict.finding.what} (${verdict.finding.stream})`;
  };
  const one = (table: string, key: string) => `${key} = (select ${key} from ${table} order by ${key} limit 1)`;

  test.each([
    ['rm.licenses', 'license_id', `limits = '{}'`],
    ['rm.licenses', 'license_id', `expires_at = expires_at + interval '1 millisecond'`],
    ['rm.licenses', 'license_id', 'position = position + 1'],
    ['rm.license_keys', 'key_hash', `secret_id = 'another'`],
    ['rm.activations', 'activation_id', `fingerprint_hash = '\\x00'`],
    ['rm.activations', 'activation_id', `platform = null`],
    ['rm.license_events', 'event_id', `metadata = metadata - 'actor'`],
    ['rm.license_events', 'event_id', `data = data || '{"countAfter": 3}'`],
    ['rm.organizations', 'organization_id', `name = 'another'`],
    ['rm.api_keys', 'api_key_id', `scopes = scopes || '{events:read}'`],
  ])('a changed row of %s (%s, %s)', async (table, key, change) => {
    const found = await tampered(`update ${table} set ${change} where ${one(table, key)}`);
    expect(found).toContain(`of ${table} is missing or not what the log makes it`);
    expect(found).toMatch(/\((license|organization)-/);
  });

  test.each([
    ['rm.licenses', 'license_id'],
    ['rm.license_keys', 'key_hash'],
    ['rm.activations', 'activation_id'],
    ['rm.license_events', 'event_id'],
    ['rm.organizations', 'organization_id'],
    ['rm.api_keys', 'api_key_id'],
  ])('a missing row of %s', async (table, key) => {
    expect(await tampered(`delete from ${table} where ${one(table, key)}`)).toContain(`of ${table} is missing`);
  });

  test.each([
    ['rm.licenses', `'{"license_id": "lic_extra"}'`],
    ['rm.license_keys', `'{"key_version": 2, "key_hash": "\\\\x01"}'`],
    ['rm.activations', `'{"activation_id": "act_extra"}'`],
    ['rm.license_events', `'{"revision": 100000}'`],
    ['rm.organizations', `'{"organization_id": "org_extra", "issuer_org_id": "org_extra"}'`],
    ['rm.api_keys', `'{"api_key_id": "key_extra"}'`],
  ])('a row of %s that no event made', async (table, difference) => {
    const found = await tampered(
      `insert into ${table} select (jsonb_populate_record(t, ${difference})).* from ${table} t limit 1`,
    );
    expect(found).toContain(`${table} has the row`);
    expect(found).toContain('which no event of the log makes');
  });

  test('a checkpoint beyond the end of the log', async () => {
    await models.superuser.query('update ops.checkpoints set commit_position = commit_position + 1000000000');
    expect(await verify()).toMatchObject({
      intact: false,
      finding: { what: expect.stringContaining('beyond the end of the log') },
    });
  });
});

describe('tampering with the log is found', () => {
  const inStore = async (sql: string, values: readonly unknown[]) => {
    const db = new pg.Client(running.databaseUrl);
    await db.connect();
    const { rows } = await db.query(sql, [...values]);
    await db.end();
    return rows;
  };
  const stream = `license-${testId('lic', 'tampered')}`;
  beforeAll(async () => {
    const ledger = createLog();
    const licenseId = ledger.issue('tampered');
    for (const device of ['a', 'b', 'c']) ledger.activate(licenseId, device);
    await appendLog(store, ledger.log);
    await rebuild();
  });

  /** Changes an event in the store's own table, verifies, and puts it back. */
  const tamperedEvent = async (revision: number, replace: (bytes: string) => string): Promise<Verdict> => {
    const [before] = await inStore(
      `select encode(data, 'escape') as data from eventstore.events where stream = $1 and revision = $2`,
      [stream, revision],
    );
    const set = `update eventstore.events set data = decode($3, 'escape') where stream = $1 and revision = $2`;
    await inStore(set, [stream, revision, replace(before.data)]);
    try {
      return await verify();
    } finally {
      await inStore(set, [stream, revision, before.data]);
    }
  };

  test('a changed byte of an event names its stream, revision and position', async () => {
    const verdict = await tamperedEvent(2, (bytes) => bytes.replace('linux', 'LINUX'));
    expect(verdict).toMatchObject({
      intact: false,
      finding: { stream, revision: 2n, position: expect.any(BigInt), what: expect.stringContaining('altered') },
    });
    expect(await verify()).toMatchObject({ intact: true });
  });

  test('an event that is gone, from the middle and from the end', async () => {
    const gone = async (revision: number) => {
      const rows = await inStore('delete from eventstore.events where stream = $1 and revision = $2 returning *', [
        stream,
        revision,
      ]);
      try {
        return await verify();
      } finally {
        const columns = Object.keys(rows[0]);
        await inStore(
          `insert into eventstore.events (${columns}) values (${columns.map((_, index) => `$${index + 1}`)})`,
          Object.values(rows[0]),
        );
      }
    };
    expect(await gone(2)).toMatchObject({
      intact: false,
      finding: { stream, revision: 3n, what: expect.stringContaining('revision 2 was expected') },
    });
    const last = await gone(4);
    expect(last.intact).toBe(false);
    expect(await verify()).toMatchObject({ intact: true });
  });
});
