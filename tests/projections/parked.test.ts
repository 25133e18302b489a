import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { EventStore, Recorded } from '../../src/eventstore/event-store.ts';
import type { Log } from '../../src/postgres/log.ts';
import { transaction } from '../../src/postgres/transaction.ts';
import { applyBatch } from '../../src/projections/apply.ts';
import { applyOrPark } from '../../src/projections/apply-or-park.ts';
import { moveCheckpoint, readCheckpoint } from '../../src/projections/checkpoint.ts';
import { createPool } from '../../src/projections/connect.ts';
import { listParked } from '../../src/projections/parked.ts';
import { replayParked } from '../../src/projections/replay-parked.ts';
import { runProjector } from '../../src/projections/run.ts';
import { activeProjection } from '../../src/projections/versions.ts';
import { appendLog } from '../support/append-log.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { createLog, testId, testInstant } from '../support/license-fixtures.ts';
import { randomLog } from '../support/random-log.ts';
import { createReadModels, dumpReadModels, emptyReadModels, quiet, refuseLicense } from '../support/read-models.ts';
import { sized } from '../support/size.ts';

const eventually = <Value>(read: () => Value) => expect.poll(read, { timeout: 60_000, interval: 10 });

let models: Awaited<ReturnType<typeof createReadModels>>;
let projection: Awaited<ReturnType<typeof activeProjection>>;
let running: RunningStore;
let store: EventStore;
beforeAll(async () => {
  models = await createReadModels();
  projection = await activeProjection(models.projector);
});
afterAll(() => models.drop());
beforeEach(async () => {
  await emptyReadModels(models.superuser);
  running = await startStore();
  store = running.connect();
  return () => running.stop();
});

const parked = async () => (await listParked(models.projector, projection)).map(({ stream }) => stream);
const revisionOf = async (licenseId: string) => {
  const { rows } = await models.superuser.query('select revision from rm.licenses where license_id = $1', [licenseId]);
  return rows[0] === undefined ? null : Number(rows[0].revision);
};
const replay = (stream: string) => replayParked({ store, pool: models.projector, projection }, stream);

/** Runs a projector while `work` does; `caughtUp` waits until it has handled everything. */
const projecting = async (
  work: (caughtUp: () => Promise<void>) => Promise<unknown>,
  log: Log = quiet,
  pool = models.projector,
) => {
  const stop = new AbortController();
  const projector = runProjector({
    ...{ store, pool, log, backoffMs: () => 10, retryMs: 1, signal: stop.signal },
  });
  const caughtUp = async () => {
    const head = await store.head({ timeoutMs: 5_000 });
    await eventually(() => projector.position()).toBe(head?.commit);
  };
  try {
    await work(caughtUp);
  } finally {
    stop.abort();
    await projector.done;
  }
};

/** Does `work` while another session holds the locks of a statement. */
const locking = async (sql: string, values: readonly unknown[], work: () => Promise<unknown>) => {
  const db = await models.superuser.connect();
  try {
    await db.query('begin');
    await db.query(sql, [...values]);
    await work();
  } finally {
    await db.query('rollback');
    db.release();
  }
};

const breaking = (licenseId: string, revision: number) => refuseLicense(models.superuser, licenseId, revision);

describe('an event that cannot be read', () => {
  test('parks its stream from there on, is reported once, and nothing else waits', async () => {
    const ledger = createLog();
    const [sick, well] = [ledger.issue('sick'), ledger.issue('well')];
    const poison = { id: '00000000-0000-4000-8000-000000000002', type: 'LicenseGilded', data: {}, metadata: {} };
    const later = { ...poison, id: '00000000-0000-4000-8000-000000000003' };
    const reports: object[] = [];
    await projecting(
      async (caughtUp) => {
        await appendLog(store, ledger.log);
        await store.append(`license-${sick}`, [poison], 1n, { timeoutMs: 5_000 });
        const before = ledger.log.length;
        ledger.activate(well, 'a');
        await appendLog(store, ledger.log.slice(before));
        await caughtUp();
        await store.append(`license-${sick}`, [later], 2n, { timeoutMs: 5_000 });
        ledger.activate(well, 'b');
        await appendLog(store, ledger.log.slice(before + 1));
        await caughtUp();
      },
      { ...quiet, error: (fields) => reports.push(fields) },
    );
    expect(await revisionOf(sick)).toBe(1);
    expect(await revisionOf(well)).toBe(3);
    expect(reports).toMatchObject([{ stream: `license-${sick}`, revision: '2' }]);
    expect(await listParked(models.projector, projection)).toMatchObject([
      {
        ...{ stream: `license-${sick}`, fromRevision: 2n, eventId: poison.id, eventType: 'LicenseGilded' },
        error: expect.stringContaining('LicenseGilded at revision 2'),
      },
    ]);
  });

  test('stops a rebuild instead, and parks nothing', async () => {
    const ledger = createLog();
    ledger.issue('sick');
    const [issued, keyed] = ledger.log;
    if (!issued || !keyed) throw new Error('The fixture is too short.');
    const batch = { from: 'start', events: [issued, { ...keyed, type: 'LicenseGilded' }], to: keyed.position } as const;
    await expect(applyBatch(models.projector, projection, batch)).rejects.toThrow('cannot be projected');
    expect(await parked()).toEqual([]);
    expect((await readCheckpoint(models.projector, projection)).position).toBe('start');
  });
});

describe('an event of a newer release', () => {
  test.each([
    ['an unknown type', { type: 'LicenseGilded' }],
    ['a higher schema version', { metadata: { schemaVersion: 9 } }],
  ])(
    'that has %s parks nothing: the projector brings in what is before it, stands by and says so',
    async (_, change) => {
      const ledger = createLog();
      const [sick, well] = [ledger.issue('sick'), ledger.issue('well')];
      ledger.activate(well, 'a');
      ledger.activate(sick, 'b');
      const newer = ledger.log.at(-1);
      if (newer === undefined) throw new Error('The fixture is too short.');
      const metadata = { ...newer.metadata, ...('metadata' in change ? change.metadata : {}) };
      const stop = new AbortController();
      await appendLog(store, [...ledger.log.slice(0, -1), { ...newer, ...change, metadata }]);
      ledger.activate(well, 'c');
      await appendLog(store, ledger.log.slice(-1));
      const projector = runProjector({
        ...{ store, pool: models.projector, log: quiet, backoffMs: () => 10, retryMs: 1, signal: stop.signal },
      });
      await eventually(() => projector.state()).toEqual({
        ...{ kind: 'standby', problem: expect.stringContaining('events of a newer release') },
      });
      expect([await revisionOf(sick), await revisionOf(well)]).toEqual([1, 2]);
      expect(await parked()).toEqual([]);
      stop.abort();
      await projector.done;
    },
  );
});

test('streams that another version of the program has parked are replayed when a projector starts', async () => {
  const ledger = createLog();
  const [sick, own] = [ledger.issue('sick'), ledger.issue('own')];
  for (const id of [sick, own]) ledger.activate(id, 'a');
  const mend = await Promise.all([breaking(sick, 2), breaking(own, 2)]);
  await appendLog(store, ledger.log);
  await projecting((caughtUp) => caughtUp());
  expect((await parked()).sort()).toEqual([`license-${own}`, `license-${sick}`].sort());

  for (const each of mend) await each();
  await models.superuser.query(`update ops.parked set program = 'another' where stream = 'license-${sick}'`);
  await projecting(() => eventually(parked).toEqual([`license-${own}`]));
  expect([await revisionOf(sick), await revisionOf(own)]).toEqual([2, 1]);
});

test('a gap parks the stream; replayed, it has every event', async () => {
  const ledger = createLog();
  const licenseId = ledger.issue('gap');
  for (const device of ['a', 'b', 'c']) ledger.activate(licenseId, device);
  await appendLog(store, ledger.log);
  const stored = (await store.read(`license-${licenseId}`)).events;
  const to = stored.at(-1)?.position;
  if (to === undefined) throw new Error('Nothing is stored.');
  const delivered = stored.filter(({ revision }) => revision !== 2n);
  const needs = { pool: models.projector, projection, log: quiet, retryMs: 1 };
  expect(await applyOrPark(needs, { from: 'start', events: delivered, to })).toBe(true);
  expect(await listParked(models.projector, projection)).toMatchObject([
    { fromRevision: 3n, error: expect.stringContaining('revision 2 was expected') },
  ]);
  expect(await revisionOf(licenseId)).toBe(1);

  expect(await replay(`license-${licenseId}`)).toEqual({ outcome: 'replayed' });
  expect(await parked()).toEqual([]);
  expect(await revisionOf(licenseId)).toBe(4);
});

const martian = {
  ...{ basis: 'ISSUE', duration: 'P1Y', startsAt: testInstant(0), expiresAt: testInstant(31_536_000) },
  timeZone: 'Mars/Olympus',
};

test.each([
  ['a character that it cannot hold', 'ActivationRecorded', { platform: 'lin\0ux' }, 2n],
  ['the end of an activation that never was', 'ActivationDeactivated', { activationId: testId('act', 'none') }, 3n],
  ['a time zone that no row can be made with', 'LicenseIssued', { term: martian }, 0n],
])('of a batch that is refused for %s, one stream is parked', async (_, type, changed, revision) => {
  const ledger = createLog();
  const ids = Array.from({ length: 20 }, (_each, index) => ledger.issue(`license ${index}`));
  for (const id of ids) ledger.activate(id, 'a');
  for (const id of ids) ledger.deactivate(id, 'a');
  const sick = `license-${ids[7]}`;
  const isPoison = (event: Recorded) => event.stream === sick && event.type === type;
  await appendLog(
    store,
    ledger.log.map((event) => (isPoison(event) ? { ...event, data: { ...event.data, ...changed } } : event)),
  );
  await projecting((caughtUp) => caughtUp());
  expect(await listParked(models.projector, projection)).toMatchObject([{ stream: sick, fromRevision: revision }]);
  const revisions = await Promise.all(ids.map(revisionOf));
  const before = revision === 0n ? null : Number(revision) - 1;
  expect(revisions).toEqual(ids.map((id) => (`license-${id}` === sick ? before : 3)));
});

describe('an event that takes too long', () => {
  let impatient: Pool;
  beforeAll(() => {
    const url = `${models.url}?options=${encodeURIComponent('-c statement_timeout=500 -c lock_timeout=200')}`;
    impatient = createPool({ url, role: 'ledger_projector', max: 2, log: quiet });
  });
  afterAll(() => impatient.end());

  /** Makes writes of the rows of licenses, of one or of all, take a while; returns the mend. */
  const slow = async (seconds: number, licenseId?: string) => {
    const when = licenseId === undefined ? '' : `when (new.license_id = '${licenseId}' and new.revision >= 2)`;
    await models.superuser.query(`create function rm.wait() returns trigger language plpgsql as
        $$ begin perform pg_sleep(${seconds}); return new; end $$;
      create trigger waits before insert or update on rm.licenses for each row ${when} execute function rm.wait()`);
    return () => models.superuser.query('drop trigger waits on rm.licenses; drop function rm.wait()');
  };
  const twentyLicenses = async () => {
    const ledger = createLog();
    const ids = Array.from({ length: 20 }, (_, index) => ledger.issue(`license ${index}`));
    for (const id of ids) ledger.activate(id, 'a');
    await appendLog(store, ledger.log);
    return ids;
  };

  test('alone, three times, parks its stream; every other stream goes on, and a replay with more time mends it', async () => {
    const ids = await twentyLicenses();
    const [sick = ''] = ids.slice(7);
    const mend = await slow(2, sick);
    try {
      await projecting((caughtUp) => caughtUp(), quiet, impatient);
      expect(await listParked(models.projector, projection)).toMatchObject([
        { stream: `license-${sick}`, fromRevision: 2n, error: expect.stringContaining('statement timeout') },
      ]);
      expect(await Promise.all(ids.map(revisionOf))).toEqual(ids.map((id) => (id === sick ? 1 : 2)));
      const needs = { store, pool: impatient, projection };
      expect(await replayParked(needs, `license-${sick}`)).toMatchObject({ outcome: 'parked' });
      expect(await replayParked({ ...needs, statementMs: 30_000 }, `license-${sick}`)).toEqual({ outcome: 'replayed' });
      expect(await revisionOf(sick)).toBe(2);
    } finally {
      await mend();
    }
  });

  test('only together with others parks nothing', async () => {
    const ids = await twentyLicenses();
    const mend = await slow(0.05);
    try {
      await projecting((caughtUp) => caughtUp(), quiet, impatient);
      expect(await parked()).toEqual([]);
      expect(await Promise.all(ids.map(revisionOf))).toEqual(ids.map(() => 2));
    } finally {
      await mend();
    }
  });

  test('for a lock on the rows of one license parks that license alone', async () => {
    const ids = await twentyLicenses();
    await projecting((caughtUp) => caughtUp(), quiet, impatient);
    const ledger = createLog();
    const [sick = '', well = ''] = ids;
    for (const name of ['license 0', 'license 1']) ledger.activate(ledger.issue(name), 'a');
    const before = ledger.log.length;
    for (const id of [sick, well]) ledger.activate(id, 'b');
    await appendLog(store, ledger.log.slice(before));
    await locking('select from rm.licenses where license_id = $1 for update', [sick], () =>
      projecting((caughtUp) => caughtUp(), quiet, impatient),
    );
    expect(await parked()).toEqual([`license-${sick}`]);
    expect(await Promise.all([sick, well].map(revisionOf))).toEqual([2, 3]);
  });

  test.each([
    ['a whole table', 'lock table rm.activations in share mode'],
    ['the checkpoint', 'select from ops.checkpoints for update'],
  ])('while %s is locked parks nothing: the projector waits and goes on', async (_, lock) => {
    const ids = await twentyLicenses();
    let problems = 0;
    const log = { ...quiet, warn: () => void problems++ };
    await projecting(
      async (caughtUp) => {
        await locking(lock, [], () => eventually(() => problems).toBeGreaterThan(3));
        await caughtUp();
      },
      log,
      impatient,
    );
    expect(await parked()).toEqual([]);
    expect(await Promise.all(ids.map(revisionOf))).toEqual(ids.map(() => 2));
  });
});

test('while others hold the checkpoint, but never between two tries, no stream is parked', async () => {
  // As replays that take turns with the projector: it gets the checkpoint to look whether it can write, not to write.
  await models.superuser.query(`create sequence public.holds;
    create function public.hold() returns trigger language plpgsql security definer as $$ begin
      if nextval('public.holds') <= 4 then
        raise exception 'canceling statement due to lock timeout' using errcode = '55P03';
      end if;
      return new; end $$;
    create trigger holds before update of commit_position on ops.checkpoints
      for each row when (new.commit_position is not null) execute function public.hold()`);
  try {
    const ledger = createLog();
    const licenseId = ledger.issue('innocent');
    await appendLog(store, ledger.log);
    await projecting((caughtUp) => caughtUp());
    expect(await parked()).toEqual([]);
    expect(await revisionOf(licenseId)).toBe(1);
  } finally {
    await models.superuser.query(
      'drop trigger holds on ops.checkpoints; drop function public.hold; drop sequence public.holds',
    );
  }
});

test('events of one append that share their position are parked or projected together', async () => {
  const ledger = createLog();
  const [sick, well] = [ledger.issue('sick'), ledger.issue('well')];
  const shared = ledger.log.map((event, index) => {
    const commit = index < 2 ? 100n : 200n;
    return { ...event, position: { commit, prepare: commit } };
  });
  const mend = await breaking(sick, 1);
  try {
    const needs = { pool: models.projector, projection, log: quiet, retryMs: 1 };
    const to = { commit: 200n, prepare: 200n };
    expect(await applyOrPark(needs, { from: 'start', events: shared, to })).toBe(true);
    expect(await listParked(models.projector, projection)).toMatchObject([
      { stream: `license-${sick}`, fromRevision: 0n },
    ]);
    expect(await revisionOf(well)).toBe(1);
  } finally {
    await mend();
  }
});

test('the projector asks only for the parked streams among the events of a batch', async () => {
  await models.superuser.query(
    `insert into ops.parked (projection, version, stream, from_revision, event_id, event_type, error)
      select $1, $2, 'license-' || n, 0, '', '', '' from generate_series(1, 10) n`,
    [projection.name, projection.version],
  );
  const ledger = createLog();
  const licenseId = ledger.issue('one');
  const [issued, keyed] = ledger.log.map((event, index) => ({
    ...event,
    stream: ['license-3', event.stream][index] ?? '',
  }));
  if (!issued || !keyed) throw new Error('The fixture is too short.');
  const moved = await transaction(models.projector, 'begin', (db) =>
    moveCheckpoint(db, projection, 'start', keyed.position, [issued, keyed]),
  );
  expect(moved).toEqual({ parked: new Set(['license-3']) });
  expect(keyed.stream).toBe(`license-${licenseId}`);
});

test('what may pass is tried for ever and parks nothing', async () => {
  await models.superuser.query(`create sequence rm.tries; grant usage on rm.tries to ledger_projector;
    create function rm.fail_at_first() returns trigger language plpgsql as $$ begin
      if nextval('rm.tries') < 20 then raise exception 'not now' using errcode = '40001'; end if;
      return new; end $$;
    create trigger fails before insert on rm.licenses for each row execute function rm.fail_at_first()`);
  try {
    const ledger = createLog();
    const licenseId = ledger.issue('unlucky');
    await appendLog(store, ledger.log);
    await projecting((caughtUp) => caughtUp());
    expect(await parked()).toEqual([]);
    expect(await revisionOf(licenseId)).toBe(1);
  } finally {
    await models.superuser.query(
      'drop trigger fails on rm.licenses; drop function rm.fail_at_first; drop sequence rm.tries',
    );
  }
});

describe('a replay', () => {
  test('lets the projector go on while it reads, and brings in what was appended meanwhile', async () => {
    const ledger = createLog();
    const licenseId = ledger.issue('sick');
    ledger.activate(licenseId, 'a');
    const mend = await breaking(licenseId, 2);
    await appendLog(store, ledger.log);
    await projecting((caughtUp) => caughtUp());
    await mend();
    const before = ledger.log.length;
    for (const device of ['b', 'c', 'd']) ledger.activate(licenseId, device);
    let reads = 0;
    const slowly: Pick<EventStore, 'read'> = {
      read: async (...asked) => {
        const page = await store.read(...asked);
        reads += 1;
        if (reads > 1) return page;
        await appendLog(store, ledger.log.slice(before));
        await projecting((caughtUp) => caughtUp());
        return page;
      },
    };
    const needs = { store: slowly, pool: models.projector, projection };
    expect(await replayParked(needs, `license-${licenseId}`)).toEqual({ outcome: 'replayed' });
    expect(await parked()).toEqual([]);
    expect(await revisionOf(licenseId)).toBe(5);
  });

  test.each([1, 2, 3, 4])('in pages of %s brings in every event', async (pageMax) => {
    const ledger = createLog();
    const licenseId = ledger.issue('sick');
    for (const device of ['a', 'b']) ledger.activate(licenseId, device);
    const mend = await breaking(licenseId, 1);
    await appendLog(store, ledger.log);
    await projecting((caughtUp) => caughtUp());
    await mend();
    const needs = { store, pool: models.projector, projection, pageMax };
    expect(await replayParked(needs, `license-${licenseId}`)).toEqual({ outcome: 'replayed' });
    expect(await revisionOf(licenseId)).toBe(3);
  });

  test('that fails keeps what fits, and the stream parked with the new error', async () => {
    const ledger = createLog();
    const licenseId = ledger.issue('sick');
    for (const device of ['a', 'b', 'c']) ledger.activate(licenseId, device);
    const stream = `license-${licenseId}`;
    const mends = [await breaking(licenseId, 4), await breaking(licenseId, 2)];
    await appendLog(store, ledger.log);
    await projecting((caughtUp) => caughtUp());
    expect(await revisionOf(licenseId)).toBe(1);
    await mends[1]?.();
    expect(await replay(stream)).toMatchObject({ outcome: 'parked', error: expect.stringContaining('revision 4') });
    expect(await revisionOf(licenseId)).toBe(3);
    expect(await listParked(models.projector, projection)).toMatchObject([{ stream, fromRevision: 4n }]);
    await mends[0]?.();
    expect(await replay(stream)).toEqual({ outcome: 'replayed' });
    expect(await replay(stream)).toEqual({ outcome: 'not_parked' });
    expect(await revisionOf(licenseId)).toBe(4);
  });

  test('beside a running projector leaves no event out and counts none twice', async () => {
    const log = randomLog(sized(6_000), 31);
    const licenses = [...new Set(log.map(({ stream }) => stream))].filter((stream) => stream.startsWith('license-'));
    const sick = licenses.filter((_, index) => index % 3 === 0);
    let replayed = 0;
    const mends = await Promise.all(sick.map((stream) => breaking(stream.slice('license-'.length), 4)));
    await projecting(async (caughtUp) => {
      const half = Math.floor(log.length / 2);
      await appendLog(store, log.slice(0, half));
      await eventually(async () => (await parked()).length).toBeGreaterThan(0);
      let isAppended = false;
      const appended = appendLog(store, log.slice(half)).finally(() => {
        isAppended = true;
      });
      for (const [index, mend] of mends.entries()) {
        await mend();
        // This one may be parked, be about to be, or not have come; the other may still not fit. Two operators at once.
        const streams = [sick[index] ?? '', (await parked()).at(-1) ?? ''];
        const replays = await Promise.all([...streams, ...streams].map(replay));
        replayed += replays.filter(({ outcome }) => outcome === 'replayed').length;
      }
      while (!isAppended || (await parked()).length > 0) for (const stream of await parked()) await replay(stream);
      await appended;
      await caughtUp();
      for (const stream of await parked()) await replay(stream);
    });
    expect(replayed).toBeGreaterThan(0);
    const seen = await dumpReadModels(models.superuser);
    await emptyReadModels(models.superuser);
    await projecting((caughtUp) => caughtUp());
    expect(await dumpReadModels(models.superuser)).toEqual(seen);
  });
});
