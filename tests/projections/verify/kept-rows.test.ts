import type { PoolClient } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Recorded } from '../../../src/eventstore/event-store.ts';
import { noRows, type TableChanges } from '../../../src/projections/fold/changes.ts';
import { foldBatch } from '../../../src/projections/fold/fold-batch.ts';
import { nothingStored } from '../../../src/projections/fold/fold-event.ts';
import { leases } from '../../../src/projections/tables/leases.ts';
import { licenseUsers } from '../../../src/projections/tables/license-users.ts';
import { differingRows, type Table } from '../../../src/projections/tables/rows.ts';
import { createRowsInMemory } from '../../../src/projections/tables/rows-in-memory.ts';
import { readModelTables } from '../../../src/projections/tables/tables.ts';
import { createKeptRows } from '../../../src/projections/verify/kept-rows.ts';
import { createLog, testHash, testId, testInstant, vendor } from '../../support/license-fixtures.ts';
import { randomLog } from '../../support/random-log.ts';
import { createReadModels, project } from '../../support/read-models.ts';

// The tables lack the last third of the log.
const log = randomLog(2_000, 12);
let db: PoolClient;
let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
  await project(models.projector, log.slice(0, 1_400));
  db = await models.projector.connect();
});
afterAll(async () => {
  db.release();
  await models.drop();
});

/** Instants after the random log. */
const later = (recorded: Recorded): Recorded => {
  const commit = recorded.position.commit + BigInt(log.length) * 100n;
  return { ...recorded, position: { commit, prepare: commit } };
};

const lease = { scope: 'MACHINE', ttlSeconds: 3, resurrectSeconds: 0, borrowMaxSeconds: 0 } as const;
const tables = readModelTables.map(({ table }) => table).filter(({ group }) => group !== undefined);

/** Returns what a stream does to one table, a few events at a time. */
function* changesOf(from: readonly Recorded[], stream: string, table: Table, size = 3): Generator<TableChanges> {
  const events = from.filter((recorded) => recorded.stream === stream);
  let stored = nothingStored;
  for (let first = 0; first < events.length; first += size) {
    const page: readonly Recorded[] = events.slice(first, first + size);
    const { rows, licenses } = foldBatch(page, stored);
    stored = { ...nothingStored, licenses };
    const changes = rows.get(table);
    if (changes !== undefined) yield changes;
  }
}

test('Ended rows that are equal leave memory early, and differing rows stay', async () => {
  const streams = [...new Set(log.map(({ stream }) => stream))].filter((stream) => stream.startsWith('license-'));
  let forgotten = 0;
  for (const stream of streams)
    for (const table of tables) {
      const all = createRowsInMemory(table);
      const kept = createKeptRows(db, table, 1);
      for (const changes of changesOf(log, stream, table)) {
        all.apply(changes);
        await kept.apply(changes);
        expect(kept.count()).toBe(all.rows.size);
      }
      const differing = await differingRows(db, table, [...all.rows.values()]);
      expect((await differingRows(db, table, [...kept.rows()])).toSorted()).toEqual(differing.toSorted());
      forgotten += kept.count() - [...kept.rows()].length;
    }
  expect(forgotten).toBeGreaterThan(20);
});

test('A compared row is read back when a later event changes it', async () => {
  const ledger = createLog();
  const licenseId = ledger.issue('again', {
    users: 2,
    seats: 2,
    policy: { lease: { ...lease, resurrectSeconds: 1_000 } },
  });
  const [userRef, leaseId] = [testId('usr', 'again'), 'lease'];
  const holderHash = testHash('holder');
  const acquired = { leaseId, holderHash, product: 'local_cli', userRef: null, borrowSeconds: null, dead: [] };
  const assign = () => ledger.send(licenseId, { type: 'AssignUser', data: { userRef } });
  const unassign = () => ledger.send(licenseId, { type: 'UnassignUser', data: { userRef, cause: 'ADMIN' } });
  assign();
  unassign();
  ledger.send(licenseId, { type: 'AcquireLease', data: acquired });
  for (let second = 0; second < 10; second++) ledger.activate(licenseId, 'device');
  ledger.send(licenseId, { type: 'LapseLease', data: { leaseId, lastSeenAt: testInstant(0) } });
  await project(models.projector, ledger.log.map(later));
  const known = ledger.log.length;
  assign();
  ledger.send(licenseId, { type: 'RenewLease', data: { leaseId, borrowSeconds: null } });
  expect(ledger.log.slice(known).map(({ type }) => type)).toEqual(['UserAssigned', 'LeaseAcquired']);

  for (const table of [licenseUsers, leases]) {
    const kept = createKeptRows(db, table, 1);
    const sizes: number[] = [];
    for (const changes of changesOf(ledger.log.map(later), `license-${licenseId}`, table, 1)) {
      await kept.apply(changes);
      sizes.push([...kept.rows()].length);
    }
    expect(kept.count()).toBe(1);
    // The part is opened, ended, compared and then opened again.
    expect(sizes).toEqual([1, 0, 1]);
    expect(await differingRows(db, table, [...kept.rows()])).toHaveLength(1);
  }

  const kept = createKeptRows(db, leases, 1);
  const [acquiring = noRows(), lapsing = noRows()] = changesOf(
    ledger.log.map(later),
    `license-${licenseId}`,
    leases,
    1,
  );
  await kept.apply(acquiring);
  const [whole] = kept.rows();
  await kept.apply(lapsing);
  const changed = { issuer_org_id: vendor, license_id: licenseId, lease_id: leaseId, product: 'other' };
  await kept.apply({ ...noRows(), changed: new Map([[`${vendor}/${licenseId}/${leaseId}`, changed]]) });
  const [after] = kept.rows();
  expect(after).toMatchObject({ holder_hash: whole?.holder_hash, product: 'other', cause: 'LAPSED' });
  expect(await differingRows(db, leases, [...kept.rows()])).toHaveLength(1);
});

test('An ended row that is wrong in the table stays in memory and is reported', async () => {
  const [table] = tables;
  if (table === undefined) throw new Error('No table has rows that end.');
  const stream = log.find(({ type }) => type === 'ActivationDeactivated')?.stream ?? '';
  await models.superuser.query(`update rm.activations set platform = 'other' where license_id = $1`, [stream.slice(8)]);
  const kept = createKeptRows(db, table, 1);
  for (const changes of changesOf(log, stream, table)) await kept.apply(changes);
  expect([...kept.rows()]).toHaveLength(kept.count());
  expect(await differingRows(db, table, [...kept.rows()])).toHaveLength(kept.count());
});
