import { describe, expect, test } from 'vitest';
import type { Recorded } from '../../../src/eventstore/event-store.ts';
import { transaction } from '../../../src/postgres/transaction.ts';
import { applyBatch } from '../../../src/projections/apply.ts';
import { applyOrPark } from '../../../src/projections/apply-or-park.ts';
import { moveCheckpoint, readCheckpoint } from '../../../src/projections/checkpoint.ts';
import { runProjector } from '../../../src/projections/run-projector.ts';
import { appendLog } from '../../support/append-log.ts';
import { createLog, testId, testInstant } from '../../support/license-fixtures.ts';
import { quiet } from '../../support/read-models.ts';
import { eventually, useProjections } from './support.ts';

const { models, store, projection, listStreams, parked, revisionOf, breaking, projecting } = useProjections();

describe('An event that cannot be read', () => {
  test('parks its stream, is logged once, and delays no other stream', async () => {
    const ledger = createLog();
    const [sick, well] = [ledger.issue('sick'), ledger.issue('well')];
    const poison = { id: '00000000-0000-4000-8000-000000000002', type: 'LicenseGilded', data: {}, metadata: {} };
    const later = { ...poison, id: '00000000-0000-4000-8000-000000000003' };
    const reports: object[] = [];
    await projecting(
      async (caughtUp) => {
        await appendLog(store(), ledger.log);
        await store().append(`license-${sick}`, [poison], 1n, { timeoutMs: 5_000 });
        const before = ledger.log.length;
        ledger.activate(well, 'a');
        await appendLog(store(), ledger.log.slice(before));
        await caughtUp();
        await store().append(`license-${sick}`, [later], 2n, { timeoutMs: 5_000 });
        ledger.activate(well, 'b');
        await appendLog(store(), ledger.log.slice(before + 1));
        await caughtUp();
      },
      { ...quiet, error: (fields) => reports.push(fields) },
    );
    expect(await revisionOf(sick)).toBe(1);
    expect(await revisionOf(well)).toBe(3);
    const parking = reports.filter((report) => 'err' in report);
    expect(parking).toMatchObject([{ stream: `license-${sick}`, revision: '2' }]);
    // Neither event has a number in the log of an issuer, and each is reported.
    const unlogged = reports.filter((report) => !('err' in report));
    expect(unlogged).toMatchObject([{ revision: '2' }, { revision: '3' }]);
    expect(await listStreams()).toMatchObject([
      {
        stream: `license-${sick}`,
        fromRevision: 2n,
        eventId: poison.id,
        eventType: 'LicenseGilded',
        error: expect.stringContaining('LicenseGilded at revision 2'),
      },
    ]);
  });

  test('makes an apply without parking fail, and changes nothing', async () => {
    const ledger = createLog();
    ledger.issue('sick');
    const [issued, keyed] = ledger.log;
    if (!issued || !keyed) throw new Error('The fixture is too short.');
    const batch = { from: 'start', events: [issued, { ...keyed, type: 'LicenseGilded' }], to: keyed.position } as const;
    await expect(applyBatch(models().projector, projection, batch)).rejects.toThrow('cannot be projected');
    expect(await parked()).toEqual([]);
    expect((await readCheckpoint(models().projector, projection)).position).toBe('start');
  });
});

describe('An event of a newer release', () => {
  test.each([
    ['an unknown type', { type: 'LicenseGilded' }],
    ['a higher schema version', { metadata: { schemaVersion: 9 } }],
  ])('with %s parks nothing: the projector applies the events before it, stands by and says why', async (_, change) => {
    const ledger = createLog();
    const [sick, well] = [ledger.issue('sick'), ledger.issue('well')];
    ledger.activate(well, 'a');
    ledger.activate(sick, 'b');
    const newer = ledger.log.at(-1);
    if (newer === undefined) throw new Error('The fixture is too short.');
    const metadata = { ...newer.metadata, ...('metadata' in change ? change.metadata : {}) };
    const stop = new AbortController();
    await appendLog(store(), [...ledger.log.slice(0, -1), { ...newer, ...change, metadata }]);
    ledger.activate(well, 'c');
    await appendLog(store(), ledger.log.slice(-1));
    const projector = runProjector({
      store: store(),
      pool: models().projector,
      log: quiet,
      backoffMs: () => 10,
      retryMs: 1,
      signal: stop.signal,
    });
    await eventually(() => projector.state()).toEqual({
      kind: 'standby',
      problem: expect.stringContaining('events of a newer release'),
    });
    expect([await revisionOf(sick), await revisionOf(well)]).toEqual([1, 2]);
    expect(await parked()).toEqual([]);
    stop.abort();
    await projector.done;
  });
});

const martian = {
  basis: 'ISSUE',
  duration: 'P1Y',
  startsAt: testInstant(0),
  expiresAt: testInstant(31_536_000),
  timeZone: 'Mars/Olympus',
};

test.each([
  ['a NUL character', 'ActivationRecorded', { platform: 'lin\0ux' }, 2n],
  ['the end of an unknown activation', 'ActivationDeactivated', { activationId: testId('act', 'none') }, 3n],
  ['an unknown time zone', 'LicenseIssued', { term: martian }, 0n],
])(
  'When Postgres refuses a batch because of %s, only the stream of that event is parked',
  async (_, type, changed, revision) => {
    const ledger = createLog();
    const ids = Array.from({ length: 20 }, (_item, index) => ledger.issue(`license ${index}`));
    for (const id of ids) ledger.activate(id, 'a');
    for (const id of ids) ledger.deactivate(id, 'a');
    const sick = `license-${ids[7]}`;
    const isPoison = (event: Recorded) => event.stream === sick && event.type === type;
    await appendLog(
      store(),
      ledger.log.map((event) => (isPoison(event) ? { ...event, data: { ...event.data, ...changed } } : event)),
    );
    await projecting((caughtUp) => caughtUp());
    expect(await listStreams()).toMatchObject([{ stream: sick, fromRevision: revision }]);
    const revisions = await Promise.all(ids.map(revisionOf));
    const before = revision === 0n ? null : Number(revision) - 1;
    expect(revisions).toEqual(ids.map((id) => (`license-${id}` === sick ? before : 3)));
  },
);

test('Events of one append with the same position are parked or projected together', async () => {
  const ledger = createLog();
  const [sick, well] = [ledger.issue('sick'), ledger.issue('well')];
  const shared = ledger.log.map((event, index) => {
    const commit = index < 2 ? 100n : 200n;
    return { ...event, position: { commit, prepare: commit } };
  });
  const mend = await breaking(sick, 1);
  try {
    const needs = { pool: models().projector, projection, log: quiet, retryMs: 1 };
    const to = { commit: 200n, prepare: 200n };
    expect(await applyOrPark(needs, { from: 'start', events: shared, to })).toBe(true);
    expect(await listStreams()).toMatchObject([{ stream: `license-${sick}`, fromRevision: 0n }]);
    expect(await revisionOf(well)).toBe(1);
  } finally {
    await mend();
  }
});

test('The projector reads only the parked streams of the events in a batch', async () => {
  await models().superuser.query(
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
  const moved = await transaction(models().projector, 'begin', (db) =>
    moveCheckpoint(db, projection, { from: 'start', events: [issued, keyed], to: keyed.position }),
  );
  expect(moved).toEqual({ parked: new Set(['license-3']) });
  expect(keyed.stream).toBe(`license-${licenseId}`);
});
