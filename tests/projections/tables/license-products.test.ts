import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asTenant } from '../../../src/postgres/tenant.ts';
import { listLicenses, placeOf } from '../../../src/projections/queries/lists/license-list.ts';
import { createLog, customer, rival, testInstant, vendor } from '../../support/license-fixtures.ts';
import { createReadModels, emptyReadModels, project, verdictOn } from '../../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());

const ledger = createLog();
const options = { holderOrgId: customer, products: ['local_cli', 'cloud_ide'] };
const [kept, changed, transferred] = ['kept', 'changed', 'given'].map((name) => ledger.issue(name, options));
const change = (type: 'AddProduct' | 'RemoveProduct', product: string) =>
  expect(ledger.send(changed ?? '', { type, data: { product } })).not.toEqual([]);
change('AddProduct', 'workflow_app');
change('RemoveProduct', 'cloud_ide');
change('RemoveProduct', 'local_cli');
change('AddProduct', 'local_cli');
const transfer = { toHolderOrgId: rival, accepted: true, expiry: 'KEEP', activations: 'KEEP' } as const;
expect(ledger.send(transferred ?? '', { type: 'Transfer', data: transfer })).not.toEqual([]);

describe.each([1, 3, 500])('In batches of %i', (batchSize) => {
  test('licenses are listed by their present products, for their issuer and their present holder', async () => {
    await emptyReadModels(models.superuser);
    await project(models.projector, ledger.log, batchSize);
    expect(await verdictOn(models.projector, ledger.log)).toMatchObject({ intact: true });
    const listed = (orgId: string, product: string, after: Parameters<typeof listLicenses>[1]['after'] = null) =>
      asTenant(models.api, orgId, async (db) => {
        const page = await listLicenses(db, { orgId, limit: 2, after, now: testInstant(100), product });
        return page.map(({ facts }) => facts);
      });
    const idsOf = async (...query: Parameters<typeof listed>) =>
      (await listed(...query)).map(({ licenseId }) => licenseId);
    const first = await listed(vendor, 'local_cli');
    expect(first.map(({ licenseId }) => licenseId)).toEqual([transferred, changed]);
    const last = first.at(-1);
    expect(await idsOf(vendor, 'local_cli', last === undefined ? null : placeOf(last))).toEqual([kept]);
    expect(await idsOf(vendor, 'cloud_ide')).toEqual([transferred, kept]);
    expect(await idsOf(vendor, 'workflow_app')).toEqual([changed]);
    expect(await idsOf(customer, 'local_cli')).toEqual([changed, kept]);
    expect(await idsOf(rival, 'local_cli')).toEqual([transferred]);
    expect(await idsOf(rival, 'workflow_app')).toEqual([]);
  });
});
