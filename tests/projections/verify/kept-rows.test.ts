import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Recorded } from '../../../src/eventstore/event-store.ts';
import type { TableChanges } from '../../../src/projections/fold/changes.ts';
import { foldBatch } from '../../../src/projections/fold/fold-batch.ts';
import { nothingStored } from '../../../src/projections/fold/fold-event.ts';
import { differingRows, type Table } from '../../../src/projections/tables/rows.ts';
import { createRowsInMemory } from '../../../src/projections/tables/rows-in-memory.ts';
import { readModelTables } from '../../../src/projections/tables/tables.ts';
import { createKeptRows } from '../../../src/projections/verify/kept-rows.ts';
import { randomLog } from '../../support/random-log.ts';
import { createReadModels, project } from '../../support/read-models.ts';

// Leases and users come back under their ids, so that a row which has ended and was compared changes again.
const log = randomLog(2_000, 12);
let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
  await project(models.projector, log);
});
afterAll(() => models.drop());

const tables = readModelTables.map(({ table }) => table).filter(({ group }) => group !== undefined);

/** What a stream does to one table, a few events at a time. */
function* changesOf(stream: string, table: Table): Generator<TableChanges> {
  const events = log.filter((recorded) => recorded.stream === stream);
  let stored = nothingStored;
  for (let first = 0; first < events.length; first += 3) {
    const page: readonly Recorded[] = events.slice(first, first + 3);
    const { rows, licenses } = foldBatch(page, stored);
    stored = { ...nothingStored, licenses };
    const changes = rows.get(table);
    if (changes !== undefined) yield changes;
  }
}

test('rows that have ended are compared early and forgotten, and are read back when a later event changes them', async () => {
  const streams = [...new Set(log.map(({ stream }) => stream))].filter((stream) => stream.startsWith('license-'));
  const db = await models.projector.connect();
  let [forgotten, remade] = [0, 0];
  try {
    for (const stream of streams)
      for (const table of tables) {
        const all = createRowsInMemory(table);
        const kept = createKeptRows(db, table, 1);
        for (const changes of changesOf(stream, table)) {
          const before = kept.count() - [...kept.rows()].length;
          all.apply(changes);
          await kept.apply(changes);
          expect(kept.count()).toBe(all.rows.size);
          if (kept.count() - [...kept.rows()].length < before) remade += 1;
        }
        for (const row of kept.rows()) expect([...all.rows.values()]).toContainEqual(row);
        expect(await differingRows(db, table, [...kept.rows()])).toEqual([]);
        forgotten += kept.count() - [...kept.rows()].length;
      }
  } finally {
    db.release();
  }
  expect(forgotten).toBeGreaterThan(50);
  expect(remade).toBeGreaterThan(0);
});

test('a row that ended and is wrong in the table is kept, and so found', async () => {
  const [table] = tables;
  if (table === undefined) throw new Error('No table has rows that end.');
  const stream = log.find(({ type }) => type === 'ActivationDeactivated')?.stream ?? '';
  await models.superuser.query(`update rm.activations set platform = 'other' where license_id = $1`, [stream.slice(8)]);
  const db = await models.projector.connect();
  try {
    const kept = createKeptRows(db, table, 1);
    for (const changes of changesOf(stream, table)) await kept.apply(changes);
    expect([...kept.rows()]).toHaveLength(kept.count());
    expect(await differingRows(db, table, [...kept.rows()])).toHaveLength(kept.count());
  } finally {
    db.release();
  }
});
