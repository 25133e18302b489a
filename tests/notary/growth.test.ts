import { afterAll, beforeAll, expect, test } from 'vitest';
import { growingTrees, noteGrowth } from '../../src/notary/growing-trees.ts';
import { appendToLogs } from '../../src/projections/issuer-logs/log-entries.ts';
import { createLog, rival, vendor } from '../support/license-fixtures.ts';
import { createReadModels, project } from '../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());

const growing = async () =>
  (await growingTrees(models.worker, { after: '', without: [] })).map(({ issuerOrgId }) => issuerOrgId);

test('The notary learns of each log that grew, also of entries that are committed while it takes the notices', async () => {
  const ledger = createLog();
  ledger.organization(vendor, 'vendor');
  ledger.organization(rival, 'rival');
  await project(models.projector, ledger.log);
  const known = ledger.log.length;
  ledger.issue('late', { issuerOrgId: vendor });
  const projector = await models.projector.connect();
  await projector.query('begin');
  await appendToLogs(projector, ledger.log.slice(known));
  await noteGrowth(models.worker);
  // The notice of the vendor waits for the commit.
  expect(await growing()).toEqual([rival]);
  await projector.query('commit');
  projector.release();
  await noteGrowth(models.worker);
  expect(await growing()).toEqual([rival, vendor].toSorted());
});
