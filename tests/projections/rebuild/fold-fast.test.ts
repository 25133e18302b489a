import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { transaction } from '../../../src/postgres/transaction.ts';
import { noteLeftOut } from '../../../src/projections/parked.ts';
import { createFastFold } from '../../../src/projections/rebuild/fold-fast.ts';
import { createLog, testHash } from '../../support/license-fixtures.ts';
import { randomLog } from '../../support/random-log.ts';
import { createReadModels, dumpReadModels, emptyReadModels, project, readModels } from '../../support/read-models.ts';
import { sampled, sized } from '../../support/size.ts';

const log = randomLog(sized(30_000), 11);

let models: Awaited<ReturnType<typeof createReadModels>>;
let projected: Awaited<ReturnType<typeof dumpReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
  await project(models.projector, log);
  projected = await dumpReadModels(models.superuser);
});
beforeEach(() => emptyReadModels(models.superuser));
afterAll(() => models.drop());

describe('The fast fold makes the same rows as the projector', () => {
  test.each(
    sampled(
      [
        { part: 7, licensesMax: 5 },
        { part: 1_000, licensesMax: 50_000 },
        { part: 100, licensesMax: 30 },
        { part: 1_000, licensesMax: 0 },
      ],
      2,
    ),
  )('in parts of $part events with $licensesMax licenses in memory', async ({ part, licensesMax }) => {
    const fold = createFastFold(models.loader, licensesMax);
    for (let first = 0; first < log.length; first += part) await fold.add(log.slice(first, first + part));
    await fold.finish();
    expect(await dumpReadModels(models.superuser)).toEqual(projected);
  });
});

test('The fast fold leaves out a stream from its first misfit on, and folds all others', async () => {
  const fold = createFastFold(models.loader, 3);
  const gap = log.findIndex(({ stream, revision }) => stream.startsWith('license-') && revision === 5n);
  const without = log.filter((_, index) => index !== gap);
  for (let first = 0; first < without.length; first += 50) await fold.add(without.slice(first, first + 50));
  await fold.finish();
  const { misfits, events } = fold.leftOut();
  const stream = log[gap]?.stream;
  expect(misfits).toMatchObject([
    { recorded: { stream, revision: 6n }, message: expect.stringContaining('revision 5 was expected') },
  ]);
  expect(new Set(events.map((event) => event.stream))).toEqual(new Set([stream]));
  const { rows } = await models.superuser.query('select license_id, revision from rm.licenses');
  const last = (id: string) =>
    without
      .filter((event) => event.stream === `license-${id}` && (event.stream !== stream || event.revision < 5n))
      .at(-1);
  expect(rows.map(({ license_id: id, revision }) => [id, BigInt(revision)])).toEqual(
    rows.map(({ license_id: id }) => [id, last(id)?.revision]),
  );
});

test('The left out events contain every key of their streams, also after the first misfit', async () => {
  const ledger = createLog();
  const licenseId = ledger.issue('sick');
  const key = { keyHash: testHash('the second key'), secretId: 'secret-1', hint: 'BBBBB' };
  ledger.send(licenseId, { type: 'RotateKey', data: { ...key, overlapSeconds: 0, cause: 'LOST' } });
  const events = ledger.log.map((event) => (event.revision === 0n ? { ...event, data: {} } : event));
  const fold = createFastFold(models.loader);
  for (const event of events) await fold.add([event]);
  await fold.finish();
  await transaction(models.projector, 'begin', (db) => noteLeftOut(db, readModels, fold.leftOut().events));
  const { rows } = await models.superuser.query(
    `select stream, key_version, encode(key_hash, 'hex') as hash from ops.parked_keys order by key_version`,
  );
  expect(rows).toEqual([
    { stream: `license-${licenseId}`, key_version: 1, hash: testHash('key of sick') },
    { stream: `license-${licenseId}`, key_version: 2, hash: testHash('the second key') },
  ]);
});

test('The fast fold reports a failed write, at the latest at its end', async () => {
  const fold = createFastFold(models.loader);
  await models.superuser.query('alter table rm.license_events add constraint never check (false)');
  try {
    await fold.add(log);
    await expect(fold.finish()).rejects.toThrow('violates check constraint "never"');
  } finally {
    await models.superuser.query('alter table rm.license_events drop constraint never');
  }
});
