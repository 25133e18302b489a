import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLog, customer, rival, vendor } from '../../support/license-fixtures.ts';
import { createReadModels, emptyReadModels, project, verdictOn } from '../../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());

const ledger = createLog();
const full = ledger.issue('full', { holderOrgId: customer, activations: 1 });
const between = ledger.issue('between', { holderOrgId: customer, activations: 2 });
const given = ledger.issue('given', { holderOrgId: customer });
for (const licenseId of [full, between]) ledger.activate(licenseId, 'a device');
ledger.suspend(full);
const transfer = { toHolderOrgId: rival, accepted: true, expiry: 'KEEP', activations: 'KEEP' } as const;
for (const licenseId of [between, given])
  expect(ledger.send(licenseId, { type: 'Transfer', data: transfer })).not.toEqual([]);

describe.each([1, 3, 500])('In batches of %i', (batchSize) => {
  test('a row has the level of a license, and its holder and status while it is at a level', async () => {
    await emptyReadModels(models.superuser);
    await project(models.projector, ledger.log, batchSize);
    expect(await verdictOn(models.projector, ledger.log)).toMatchObject({ intact: true });
    const { rows } = await models.superuser.query({
      text: `select license_id, issuer_org_id, holder_org_id, usage, level, recorded_status from rm.license_usage_levels
        order by created_at`,
      rowMode: 'array',
    });
    expect(rows).toEqual([
      [full, vendor, customer, 'ACTIVATIONS', 'AT_LIMIT', 'SUSPENDED'],
      [between, vendor, null, 'ACTIVATIONS', null, null],
      [given, vendor, rival, 'ACTIVATIONS', 'NONE', 'ACTIVE'],
    ]);
  });
});
