import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createFastFold } from '../../../src/projections/rebuild/fold-fast.ts';
import { randomLog } from '../../support/random-log.ts';
import { createReadModels, dumpReadModels, emptyReadModels, project } from '../../support/read-models.ts';
import { sized } from '../../support/size.ts';

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

describe('the fast fold makes the rows that the projector makes', () => {
  test.each([
    { part: 7, licensesMax: 5 },
    { part: 100, licensesMax: 30 },
    { part: 1_000, licensesMax: 0 },
    { part: 1_000, licensesMax: 50_000 },
  ])('in parts of $part events, with $licensesMax licenses in memory', async ({ part, licensesMax }) => {
    const fold = createFastFold(models.projector, licensesMax);
    for (let first = 0; first < log.length; first += part) await fold.add(log.slice(first, first + part));
    await fold.finish();
    expect(await dumpReadModels(models.superuser)).toEqual(projected);
  });
});

test('an event that does not fit is named, whenever it comes', async () => {
  const fold = createFastFold(models.projector, 3);
  const gap = log.findIndex(({ stream, revision }) => stream.startsWith('license-') && revision === 5n);
  const without = log.filter((_, index) => index !== gap);
  const added = async () => {
    for (let first = 0; first < without.length; first += 50) await fold.add(without.slice(first, first + 50));
    await fold.finish();
  };
  await expect(added()).rejects.toThrow(`revision 5 was expected: events are missing before it.`);
});

test('a failure to write is told, at the latest at the end', async () => {
  const fold = createFastFold(models.projector);
  await models.superuser.query('alter table rm.license_events add constraint never check (false)');
  try {
    await fold.add(log);
    await expect(fold.finish()).rejects.toThrow('violates check constraint "never"');
  } finally {
    await models.superuser.query('alter table rm.license_events drop constraint never');
  }
});
