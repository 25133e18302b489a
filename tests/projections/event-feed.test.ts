import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Recorded } from '../../src/eventstore/event-store.ts';
import { asTenant } from '../../src/postgres/tenant.ts';
import { listParked } from '../../src/projections/parked.ts';
import { type FeedPlace, feedEventById, readFeed } from '../../src/projections/queries/event-feed.ts';
import { replayParked } from '../../src/projections/replay-parked.ts';
import { runProjector } from '../../src/projections/run.ts';
import { historyOf } from '../../src/projections/tables/license-events.ts';
import { appendLog } from '../support/append-log.ts';
import { startStore } from '../support/event-store.ts';
import { feedIn as eventsOf } from '../support/feed.ts';
import { createLog, customer, rival, testId, testInstant, vendor } from '../support/license-fixtures.ts';
import { randomLog } from '../support/random-log.ts';
import {
  createReadModels,
  emptyReadModels,
  project,
  quiet,
  readModels,
  refuseLicense,
  verdictOn,
} from '../support/read-models.ts';
import { sized } from '../support/size.ts';

const eventually = <Value>(read: () => Value) => expect.poll(read, { timeout: 60_000, interval: 10 });
const tenants = [vendor, rival, customer];

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());
beforeEach(() => emptyReadModels(models.superuser));

type Options = { types?: readonly string[]; limit?: number; lookMax?: number };
const read = (orgId: string, after: FeedPlace | null, { types, limit = 100, ...rest }: Options = {}) =>
  asTenant(models.api, orgId, (db) => readFeed(db, { orgId, after, types: types ?? null, limit, ...rest }));

/** Reads on from a place until there is no more. */
const drain = async (orgId: string, from: FeedPlace | null = null, options: Options = {}) => {
  const seen: string[] = [];
  let [after, pages] = [from, 0];
  for (let hasMore = true; hasMore; pages++) {
    const page = await read(orgId, after, options);
    if (page === null) throw new Error('The place is unknown.');
    seen.push(...page.events.map(({ eventId }) => eventId));
    ({ through: after, hasMore } = page);
  }
  return { seen, after, pages };
};

/** The ids of what the log has for an organization. */
const feedIn = (log: readonly Recorded[], orgId: string, types?: readonly string[]): readonly string[] =>
  eventsOf(log, orgId)
    .filter(({ type }) => types?.includes(type) ?? true)
    .map(({ id }) => id);

describe('a feed', () => {
  const log = randomLog(sized(4_000), 5);
  beforeEach(() => project(models.projector, log));

  test.each([1, 7, 1_000])('has every event of the log, in its order, in pages of %i', async (limit) => {
    for (const org of tenants) expect((await drain(org, null, { limit })).seen).toEqual(feedIn(log, org));
  });

  test('goes on from any event', async () => {
    const all = await read(customer, null, { limit: 1_000 });
    const expected = feedIn(log, customer);
    for (const [index, event] of (all?.events ?? []).entries())
      expect((await drain(customer, event)).seen).toEqual(expected.slice(index + 1));
  });

  test('says what an event says', async () => {
    const [event] = (await read(vendor, null, { limit: 1 }))?.events ?? [];
    const stored = log.find(({ id }) => id === event?.eventId);
    expect(event).toMatchObject({
      ...{ type: stored?.type, issuerOrgId: vendor, revision: stored?.revision, position: stored?.position.commit },
      ...{ data: stored?.data, recordedAt: stored?.metadata.recordedAt, actor: stored?.metadata.actor },
      reasonCode: 'TEST',
    });
  });

  test('of some types has all of them, looks at a bounded number of events, and at none twice', async () => {
    const types = ['LicenseRevoked', 'LicenseTransferred'];
    const { seen, after, pages } = await drain(vendor, null, { types, limit: 2, lookMax: 20 });
    expect(seen).toEqual(feedIn(log, vendor, types));
    const all = feedIn(log, vendor);
    expect(pages).toBeLessThanOrEqual(Math.ceil(all.length / 20) + seen.length / 2 + 1);
    expect(await drain(vendor, null, { types: ['Nothing'], lookMax: 20 })).toMatchObject({ seen: [], after });
    expect((await read(vendor, after, { types }))?.hasMore).toBe(false);
  });

  test('shows one event by its id, to those whose it is', async () => {
    const held = log.find(({ metadata, type }) => metadata.holderOrgId === customer && type === 'ActivationRecorded');
    if (held === undefined) throw new Error('The fixture has no such event.');
    const byId = (org: string, id = held.id) => asTenant(models.api, org, (db) => feedEventById(db, id));
    const { issuerOrgId } = held.metadata;
    for (const org of tenants) {
      const expected = org === customer || org === issuerOrgId ? held.id : undefined;
      expect((await byId(org))?.eventId).toBe(expected);
    }
    expect(await byId(vendor, '00000000-0000-4000-8000-000000000001')).toBeNull();
  });
});

test('an organization without events reads nothing, and goes on when there is one', async () => {
  expect(await read(vendor, null)).toEqual({ events: [], through: null, hasMore: false });
  const ledger = createLog();
  ledger.issue('first');
  await project(models.projector, ledger.log);
  expect((await read(vendor, null))?.events).toHaveLength(2);
});

test('a license that is held by its issuer comes once', async () => {
  const ledger = createLog();
  ledger.issue('own', { holderOrgId: vendor });
  await project(models.projector, ledger.log);
  expect((await drain(vendor)).seen).toEqual(feedIn(ledger.log, vendor));
});

describe('of a license that is transferred', () => {
  const transferred = (activations: 'KEEP' | 'RELEASE') => {
    const ledger = createLog();
    const licenseId = ledger.issue('moved', { holderOrgId: customer });
    ledger.activate(licenseId, 'a');
    ledger.send(licenseId, {
      type: 'Transfer',
      data: { toHolderOrgId: rival, accepted: true, expiry: 'KEEP', activations },
    });
    ledger.activate(licenseId, 'b');
    return ledger.log;
  };
  // As a program wrote it that announced what a transfer ends before the transfer, in the name of the new holder.
  const inOldOrder = () => {
    const [issued, key, recorded, decisive, announced, later] = transferred('RELEASE');
    if (!issued || !key || !recorded || !decisive || !announced || !later) throw new Error('The fixture is too short.');
    const { ends: _, ...data } = decisive.data;
    const { revision, stream } = decisive;
    const events = [announced, { ...decisive, data }, later].map(({ type, data: each }) => ({ type, data: each }));
    const ledger = createLog();
    ledger.issue('moved', { holderOrgId: customer });
    ledger.activate(testId('lic', 'moved'), 'a');
    expect([ledger.log.length, stream]).toEqual([Number(revision), issued.stream]);
    ledger.append(stream, events, { issuerOrgId: vendor, holderOrgId: rival }, testInstant(10));
    return ledger.log;
  };
  const typesIn = async (orgId: string) => (await read(orgId, null))?.events.map(({ type }) => type);
  const begin = ['LicenseIssued', 'LicenseKeyIssued', 'ActivationRecorded'];

  test.each([
    { name: 'with its devices', log: transferred('KEEP'), last: ['LicenseTransferred'] },
    {
      name: 'without its devices',
      log: transferred('RELEASE'),
      last: ['LicenseTransferred', 'ActivationDeactivated'],
    },
    {
      name: 'without its devices, in the old order',
      log: inOldOrder(),
      last: ['ActivationDeactivated', 'LicenseTransferred'],
    },
  ])('a transfer $name: each holder reads its own part and both read the transfer', async ({ log, last }) => {
    await project(models.projector, log);
    expect(await verdictOn(models.projector, log)).toMatchObject({ intact: true });
    expect(await typesIn(customer)).toEqual([...begin, ...last]);
    expect(await typesIn(rival)).toEqual(['LicenseTransferred', 'ActivationRecorded']);
    expect(await typesIn(vendor)).toEqual([...begin, ...last, 'ActivationRecorded']);
    // Both go on from the transfer, which both can also read by its id.
    const transfer = log.find(({ type }) => type === 'LicenseTransferred');
    for (const org of tenants) {
      const own = (await read(org, null))?.events.find(({ type }) => type === 'LicenseTransferred');
      expect((await drain(org, own)).seen).toEqual(
        feedIn(log, org).slice(1 + feedIn(log, org).indexOf(transfer?.id ?? '')),
      );
      const byId = await asTenant(models.api, org, (db) => feedEventById(db, transfer?.id ?? ''));
      expect(byId?.type).toBe('LicenseTransferred');
    }
    const deactivated = log.find(({ type }) => type === 'ActivationDeactivated')?.id ?? '';
    expect(await asTenant(models.api, rival, (db) => feedEventById(db, deactivated))).toBeNull();
    const history = await asTenant(models.api, rival, (db) =>
      historyOf(db, testId('lic', 'moved'), { order: 'asc', limit: 100, afterRevision: null }),
    );
    expect(history.map(({ type }) => type)).toEqual(['LicenseTransferred', 'ActivationRecorded']);
  });
});

test('events that share a position come in the order of their stream, across pages', async () => {
  const ledger = createLog();
  ledger.issue('one');
  const log = ledger.log.map((event) => ({ ...event, position: { commit: 100n, prepare: 100n } }));
  await project(models.projector, log);
  expect((await drain(vendor, null, { limit: 1 })).seen).toEqual(feedIn(ledger.log, vendor));
});

describe('a feed whose tables are behind it', () => {
  const ledger = createLog();
  const licenseId = ledger.issue('one');
  for (const device of ['a', 'b', 'c']) ledger.activate(licenseId, device);

  test('waits until they have come to its place', async () => {
    await project(models.projector, ledger.log);
    const page = await read(vendor, null, { limit: 3 });
    const place = page?.through ?? null;
    await emptyReadModels(models.superuser);
    for (let projected = 0; projected < 3; projected++) {
      expect(await read(vendor, place)).toMatchObject({ events: [], through: place, hasMore: false });
      await project(models.projector, ledger.log.slice(0, projected + 1));
    }
    expect(await read(vendor, place)).toMatchObject({ events: [], through: place, hasMore: false });
    await project(models.projector, ledger.log);
    expect((await drain(vendor, place)).seen).toEqual(feedIn(ledger.log, vendor).slice(3));
  });

  test('does not go on from an event that the log has not', async () => {
    await project(models.projector, ledger.log);
    for (const place of [
      { position: 150n, licenseId, revision: 1n },
      { position: 100n, licenseId, revision: 9n },
      { position: 100n, licenseId: testId('lic', 'another'), revision: 0n },
    ])
      expect(await read(vendor, place)).toBeNull();
  });
});

test('a page is a walk along an index, however many events there are and wherever it begins', async () => {
  const ledger = createLog();
  ledger.issue('one', { holderOrgId: customer });
  await project(models.projector, ledger.log);
  await models.superuser.query(`insert into rm.license_events
    select (jsonb_populate_record(e, jsonb_build_object('revision', n, 'position', n * 10 + 1000, 'event_id', n,
        'issuer_org_id', case when n % 3 = 0 then 'org_' || n % 50 else e.issuer_org_id end,
        'holder_org_id', case when n % 100 = 0 then e.holder_org_id end, 'license_id', 'lic_' || n % 1000))).*
      from rm.license_events e, generate_series(1, 8000) n where e.revision = 0;
    update ops.checkpoints set commit_position = 1000000`);
  await models.superuser.query('analyze');
  for (const orgId of [vendor, customer])
    for (const after of [null, { position: 51_000n, licenseId: 'lic_0', revision: 5_000n }])
      for (const [types, limit] of [
        [null, 10],
        [null, 1_000],
        [['LicenseRevoked'], 10],
      ] as const) {
        const plan = await planOf(orgId, { after, types, limit });
        expect(plan.filter((node) => !/^Index (Only )?Scan using license_events_\w+$/.test(node))).toEqual([]);
        expect(plan).toContain('Index Scan using license_events_by_issuer');
        expect(plan).toContain('Index Scan using license_events_by_holder');
      }
});

/** How Postgres would get at events for a page. */
const planOf = async (orgId: string, reading: Omit<Parameters<typeof readFeed>[1], 'orgId'>) => {
  const lines: string[] = [];
  await asTenant(models.api, orgId, async (db) => {
    const query = async (given: { readonly text: string; readonly values: unknown[] }) => {
      if (given.text.includes('rm.license_events')) {
        const { rows } = await db.query<[string]>({ ...given, text: `explain ${given.text}`, rowMode: 'array' });
        lines.push(...rows.map(([line]) => line));
      }
      return db.query(given);
    };
    const explained = new Proxy(db, { get: (target, name) => (name === 'query' ? query : Reflect.get(target, name)) });
    await readFeed(explained, { orgId, ...reading });
  });
  return lines.flatMap((line) => /(\w[\w ]*) on license_events\b/.exec(line)?.[1] ?? []);
};

describe('beside parked streams', () => {
  const parked = async () => (await listParked(models.projector, readModels)).map(({ stream }) => stream);

  /** Runs a projector over a real store while `work` does. */
  const projecting = async (work: (needs: Awaited<ReturnType<typeof start>>) => Promise<void>) => {
    const needs = await start();
    try {
      await work(needs);
    } finally {
      await needs.end();
    }
  };
  const start = async () => {
    const running = await startStore();
    const store = running.connect();
    const stop = new AbortController();
    const options = { store, pool: models.projector, log: quiet, backoffMs: () => 10, retryMs: 1, signal: stop.signal };
    const projector = runProjector(options);
    return {
      position: projector.position,
      append: (log: readonly Recorded[]) => appendLog(store, log),
      caughtUp: async () => {
        const head = await store.head({ timeoutMs: 5_000 });
        await eventually(() => projector.position()).toBe(head?.commit);
      },
      replay: (stream: string) => replayParked({ store, pool: models.projector, projection: readModels }, stream),
      end: async () => {
        stop.abort();
        await projector.done;
        await running.stop();
      },
    };
  };

  test('a feed waits for what is left out, others do not, and after the replay nothing is missing or comes twice', () =>
    projecting(async ({ append, caughtUp, replay }) => {
      const ledger = createLog();
      const [sick, well] = [ledger.issue('sick'), ledger.issue('well', { holderOrgId: customer })];
      const unconcerned = ledger.issue('unconcerned', { issuerOrgId: rival });
      const before = ledger.log.length;
      for (const device of ['a', 'b'])
        for (const id of [well, sick, unconcerned, well]) ledger.activate(id, `${device}${ledger.log.length}`);
      const mend = await refuseLicense(models.superuser, sick, 2);
      await append(ledger.log);
      await caughtUp();
      expect(await parked()).toEqual([`license-${sick}`]);

      const waiting = await drain(vendor);
      const expected = feedIn(ledger.log, vendor);
      // The first event after the issuing is of the license that is well; the next one is left out.
      expect(waiting.seen).toEqual(expected.slice(0, 5));
      expect(before).toBe(6);
      expect((await drain(rival)).seen).toEqual(feedIn(ledger.log, rival));
      expect((await drain(customer)).seen).toEqual(feedIn(ledger.log, customer));
      await mend();
      expect(await replay(`license-${sick}`)).toEqual({ outcome: 'replayed' });
      expect([...waiting.seen, ...(await drain(vendor, waiting.after)).seen]).toEqual(expected);
    }));

  test('who comes to hold a license while it is parked waits too', () =>
    projecting(async ({ append, caughtUp, replay }) => {
      const ledger = createLog();
      const sick = ledger.issue('sick');
      const mend = await refuseLicense(models.superuser, sick, 2);
      ledger.activate(sick, 'a');
      const transfer = { toHolderOrgId: customer, accepted: true, expiry: 'KEEP', activations: 'KEEP' } as const;
      ledger.send(sick, { type: 'Transfer', data: transfer });
      ledger.issue('well', { holderOrgId: customer });
      await append(ledger.log);
      await caughtUp();
      const waiting = await drain(customer);
      expect(waiting.seen).toEqual([]);
      await mend();
      await replay(`license-${sick}`);
      expect((await drain(customer, waiting.after)).seen).toEqual(feedIn(ledger.log, customer));
    }));

  test('who gives away a license while it is parked waits for the transfer, and for nothing after it', () =>
    projecting(async ({ append, caughtUp, replay }) => {
      const ledger = createLog();
      const sick = ledger.issue('sick', { holderOrgId: customer });
      const mend = await refuseLicense(models.superuser, sick, 2);
      const transfer = { toHolderOrgId: rival, accepted: true, expiry: 'KEEP', activations: 'KEEP' } as const;
      ledger.send(sick, { type: 'Transfer', data: transfer });
      ledger.activate(sick, 'a');
      ledger.issue('well', { holderOrgId: customer });
      await append(ledger.log);
      await caughtUp();
      const waiting = await drain(customer);
      expect(waiting.seen).toEqual(feedIn(ledger.log.slice(0, 2), customer));
      await mend();
      await replay(`license-${sick}`);
      expect((await drain(customer, waiting.after)).seen).toEqual(feedIn(ledger.log, customer).slice(2));
      expect((await drain(rival)).seen).toEqual(feedIn(ledger.log, rival));
    }));

  test('an event that says of no organization whose it is holds up those of its license', () =>
    projecting(async ({ append, caughtUp, replay }) => {
      const ledger = createLog();
      const sick = ledger.issue('sick', { issuerOrgId: rival, holderOrgId: customer });
      const log = [...ledger.log];
      ledger.activate(sick, 'a');
      ledger.issue('well', { holderOrgId: customer });
      const [poison, ...others] = ledger.log.slice(log.length);
      if (poison === undefined) throw new Error('The fixture has no such event.');
      await append([...log, { ...poison, metadata: {} }, ...others]);
      await caughtUp();
      expect((await drain(customer)).seen).toEqual(feedIn(log, customer));
      expect(await replay(`license-${sick}`)).toMatchObject({ outcome: 'parked' });
      expect((await drain(customer)).seen).toEqual(feedIn(log, customer));
    }));

  test(
    'readers during parking, replaying and failing replays see each event once, in order',
    () =>
      projecting(async ({ append, caughtUp, replay, position }) => {
        const log = randomLog(sized(4_000), 17);
        const licenses = [...new Set(log.map(({ stream }) => stream))].filter((stream) =>
          stream.startsWith('license-'),
        );
        const sick = licenses.filter((_, index) => index % 3 === 0).slice(0, 6);
        // Each is refused twice: a first replay comes to the second fault.
        const mends = new Map<string, (() => Promise<unknown>)[]>();
        for (const stream of sick) {
          const refused = [2, 4].map((revision) => refuseLicense(models.superuser, stream.slice(8), revision));
          mends.set(stream, await Promise.all(refused));
        }
        let isOver = false;
        let replays = 0;
        const consume = async (org: string) => {
          const seen: string[] = [];
          let after: FeedPlace | null = null;
          for (let last = false; !last; ) {
            last = isOver;
            const now = { at: position(), replays };
            const read: Awaited<ReturnType<typeof drain>> = await drain(org, after, { limit: 50 });
            seen.push(...read.seen);
            after = read.after;
            if (!last) await eventually(() => isOver || position() !== now.at || replays !== now.replays).toBe(true);
          }
          return seen;
        };
        const consumers = Promise.all(tenants.map(consume));
        await append(log);
        await caughtUp();
        expect((await parked()).length).toBeGreaterThan(0);
        for (const stream of await parked()) {
          for (const mend of mends.get(stream) ?? []) {
            await mend();
            await replay(stream);
            replays += 1;
          }
        }
        expect(await parked()).toEqual([]);
        isOver = true;
        expect(await consumers).toEqual(tenants.map((org) => feedIn(log, org)));
        const { rows } = await models.superuser.query('select from ops.parked_owners');
        expect(rows).toEqual([]);
        for (const left of [...mends.values()].flat()) await left().catch(() => undefined);
      }),
    600_000,
  );
});
