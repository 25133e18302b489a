import { beforeEach, describe, expect, test } from 'vitest';
import { asTenant } from '../../../src/postgres/tenant.ts';
import { feedEventById, readFeed } from '../../../src/projections/queries/event-feed.ts';
import { licenseEvents } from '../../../src/projections/tables/license-events.ts';
import { createLog, customer, testId, vendor } from '../../support/license-fixtures.ts';
import { randomLog } from '../../support/random-log.ts';
import { emptyReadModels, project } from '../../support/read-models.ts';
import { sized } from '../../support/size.ts';
import { feedIn, tenants, useFeeds } from './support.ts';

const { models, read, drain } = useFeeds();

describe('The event feed of an organization', () => {
  const log = randomLog(sized(4_000), 5);
  beforeEach(() => project(models().projector, log));

  test.each([1, 7, 1_000])(
    'contains every event of its licenses in the order of the log, in pages of %i',
    async (limit) => {
      for (const org of tenants) expect((await drain(org, null, { limit })).seen).toEqual(feedIn(log, org));
    },
  );

  test('continues after any event', async () => {
    const all = await read(customer, null, { limit: 1_000 });
    const expected = feedIn(log, customer);
    for (const [index, event] of (all?.events ?? []).entries())
      expect((await drain(customer, event)).seen).toEqual(expected.slice(index + 1));
  });

  test('contains the type, the data and the actor of an event', async () => {
    const [event] = (await read(vendor, null, { limit: 1 }))?.events ?? [];
    const stored = log.find(({ id }) => id === event?.eventId);
    expect(event).toMatchObject({
      type: stored?.type,
      issuerOrgId: vendor,
      revision: stored?.revision,
      position: stored?.position.commit,
      data: stored?.data,
      recordedAt: stored?.metadata.recordedAt,
      actor: stored?.metadata.actor,
      reasonCode: 'TEST',
    });
  });

  test('contains all events of the requested types, and reads no event twice', async () => {
    const types = ['LicenseRevoked', 'LicenseTransferred'];
    const { seen, after, pages } = await drain(vendor, null, { types, limit: 2, readMax: 20 });
    expect(seen).toEqual(feedIn(log, vendor, types));
    const all = feedIn(log, vendor);
    expect(pages).toBeLessThanOrEqual(Math.ceil(all.length / 20) + seen.length / 2 + 1);
    expect(await drain(vendor, null, { types: ['Nothing'], readMax: 20 })).toMatchObject({ seen: [], after, pages: 1 });
    const repeated = await read(vendor, null, { types: [...types, ...types], limit: 100 });
    expect(repeated?.events.map(({ eventId }) => eventId)).toEqual(seen);
  });

  test('gives one event by its id only to its issuer and its holder', async () => {
    const activation = log.find(
      ({ metadata, type }) => metadata.holderOrgId === customer && type === 'ActivationRecorded',
    );
    if (activation === undefined) throw new Error('The fixture has no such event.');
    const byId = (org: string, id = activation.id) => asTenant(models().api, org, (db) => feedEventById(db, id));
    const { issuerOrgId } = activation.metadata;
    for (const org of tenants) {
      const expected = org === customer || org === issuerOrgId ? activation.id : undefined;
      expect((await byId(org))?.eventId).toBe(expected);
    }
    expect(await byId(vendor, '00000000-0000-4000-8000-000000000001')).toBeNull();
  });
});

test('An organization without events reads an empty feed until it has its first event', async () => {
  expect(await read(vendor, null)).toEqual({ events: [], through: null, hasMore: false, covered: null });
  const ledger = createLog();
  ledger.issue('first');
  await project(models().projector, ledger.log);
  expect((await read(vendor, null))?.events).toHaveLength(2);
});

test('An event of a license that its issuer holds appears only once', async () => {
  const ledger = createLog();
  ledger.issue('own', { holderOrgId: vendor });
  await project(models().projector, ledger.log);
  expect((await drain(vendor)).seen).toEqual(feedIn(ledger.log, vendor));
});

test('Events with the same position keep the order of their stream across pages', async () => {
  const ledger = createLog();
  ledger.issue('one');
  const log = ledger.log.map((event) => ({ ...event, position: { commit: 100n, prepare: 100n } }));
  await project(models().projector, log);
  expect((await drain(vendor, null, { limit: 1 })).seen).toEqual(feedIn(ledger.log, vendor));
});

describe('A feed that is ahead of the read models', () => {
  const ledger = createLog();
  const licenseId = ledger.issue('one');
  for (const device of ['a', 'b', 'c']) ledger.activate(licenseId, device);

  test('stays empty until the read models reach its place', async () => {
    await project(models().projector, ledger.log);
    const page = await read(vendor, null, { limit: 3 });
    const place = page?.through ?? null;
    await emptyReadModels(models().superuser);
    for (let projected = 0; projected < 3; projected++) {
      expect(await read(vendor, place)).toMatchObject({ events: [], through: place, hasMore: false });
      await project(models().projector, ledger.log.slice(0, projected + 1));
    }
    expect(await read(vendor, place)).toMatchObject({ events: [], through: place, hasMore: false });
    await project(models().projector, ledger.log);
    expect((await drain(vendor, place)).seen).toEqual(feedIn(ledger.log, vendor).slice(3));
  });

  test('refuses a place that the log does not contain', async () => {
    await project(models().projector, ledger.log);
    for (const place of [
      { position: 150n, licenseId, revision: 1n },
      { position: 100n, licenseId, revision: 9n },
      { position: 100n, licenseId: testId('lic', 'another'), revision: 0n },
    ])
      expect(await read(vendor, place)).toBeNull();
  });
});

test('Postgres reads a page along an index, for any number of events and any beginning', async () => {
  const ledger = createLog();
  ledger.issue('one', { holderOrgId: customer });
  await project(models().projector, ledger.log);
  const columns = Object.keys(licenseEvents.columns).join();
  await models().superuser.query(`insert into rm.license_events (${columns}) select ${columns} from (
    select (jsonb_populate_record(e, jsonb_build_object('revision', n, 'position', n * 10 + 1000, 'event_id', n,
        'issuer_org_id', case when n % 3 = 0 then 'org_' || n % 50 else e.issuer_org_id end,
        'holder_org_id', case when n % 100 = 0 then e.holder_org_id end, 'license_id', 'lic_' || n % 1000))).*
      from rm.license_events e, generate_series(1, 8000) n where e.revision = 0) copies;
    insert into rm.log_entries select issuer_org_id, row_number() over (partition by issuer_org_id) + 9, gen_random_uuid(),
      'license-' || license_id, revision, hash, recorded_at from rm.license_events where position > 1000;
    update ops.checkpoints set commit_position = 1000000`);
  await models().superuser.query('analyze');
  for (const orgId of [vendor, customer])
    for (const after of [null, { position: 51_000n, licenseId: 'lic_0', revision: 5_000n }])
      for (const [types, limit] of [
        [null, 10],
        [null, 1_000],
        [['LicenseRevoked'], 10],
      ] as const) {
        const plan = await planOf(orgId, { after, types, limit });
        expect(plan.filter((node) => !alongIndex.test(node))).toEqual([]);
        const ofTypes = types === null ? '' : '_and_type';
        expect(plan).toContain(`Index Scan using license_events_by_issuer${ofTypes}`);
        expect(plan.join()).toContain('Index Scan using license_events_by_holder');
      }
});

test('What an organization holds of its own is in the indexes of issuers alone', async () => {
  const own = createLog();
  for (let license = 0; license < 20; license += 1) own.issue(`own ${license}`, { holderOrgId: vendor });
  await project(models().projector, own.log);
  await models().superuser.query('analyze rm.license_events');
  const { rows } = await models().superuser.query<{ name: string; entries: number }>(
    `select relname as name, reltuples::int as entries from pg_class where relname like 'license_events_by_%'`,
  );
  const entries = Object.fromEntries(rows.map(({ name, entries: count }) => [name, count]));
  expect(entries).toMatchObject({
    license_events_by_issuer: own.log.length,
    license_events_by_holder: 0,
    license_events_by_holder_and_type: 0,
  });
});

/** One event, or the last index of an issuer, never all of its log. */
const ofLog = 'Index Scan using log_entries_by_event|Index (Only )?Scan Backward using log_entries_pkey';
const alongIndex = new RegExp(`^(?:Index (Only )?Scan (Backward )?using license_events_\\w+|${ofLog})$`);

/** Returns how Postgres reads `rm.license_events` and `rm.log_entries` for a page. */
const planOf = async (orgId: string, reading: Omit<Parameters<typeof readFeed>[1], 'orgId'>) => {
  const lines: string[] = [];
  await asTenant(models().api, orgId, async (db) => {
    const query = async (statement: { readonly text: string; readonly values: unknown[] }) => {
      if (/rm\.(license_events|log_entries)/.test(statement.text)) {
        const { rows } = await db.query<[string]>({
          text: `explain ${statement.text}`,
          values: statement.values,
          rowMode: 'array',
        });
        lines.push(...rows.map(([line]) => line));
      }
      return db.query(statement);
    };
    const explained = new Proxy(db, { get: (target, name) => (name === 'query' ? query : Reflect.get(target, name)) });
    await readFeed(explained, { orgId, ...reading });
  });
  return lines.flatMap((line) => /(\w[\w ]*) on (?:license_events|log_entries)\b/.exec(line)?.[1] ?? []);
};
