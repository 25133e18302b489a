import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLog, customer, rival, vendor } from '../../support/license-fixtures.ts';
import { createReadModels, emptyReadModels, project, verdictOn } from '../../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());

const ledger = createLog();
const active = ledger.issue('active', { holderOrgId: customer });
const suspended = ledger.issue('suspended', { holderOrgId: customer });
const transferred = ledger.issue('transferred', { holderOrgId: customer });
ledger.activate(active, 'a device');
ledger.suspend(suspended);
const transfer = { toHolderOrgId: rival, accepted: true, expiry: 'KEEP', activations: 'KEEP' } as const;
expect(ledger.send(transferred, { type: 'Transfer', data: transfer })).not.toEqual([]);

describe.each([1, 3, 500])('In batches of %i', (batchSize) => {
  test('a row has the holder of a license, and whether it is active, and keeps its day', async () => {
    await emptyReadModels(models.superuser);
    // The first events issue the licenses.
    const issues = ledger.log.findIndex(({ stream }) => stream === `license-${transferred}`) + 1;
    await project(models.projector, ledger.log.slice(0, issues), batchSize);
    await models.superuser.query(
      `update rm.license_last_validations set validated_on = '2026-02-03', validated_holder_org_id = $1`,
      [customer],
    );
    await project(models.projector, ledger.log, batchSize);
    expect(await verdictOn(models.projector, ledger.log)).toMatchObject({ intact: true });
    const { rows } = await models.superuser.query({
      text: `select license_id, issuer_org_id, holder_org_id, is_active, unused_since::text, held_unused_since::text,
          unused_month - 2026 * 12 from rm.license_last_validations order by created_at`,
      rowMode: 'array',
    });
    expect(rows).toEqual([
      [active, vendor, customer, true, '2026-02-03', '2026-02-03', 1],
      [suspended, vendor, customer, false, '2026-02-03', '2026-02-03', 1],
      [transferred, vendor, rival, true, '2026-02-03', '2026-01-01', 1],
    ]);
  });
});
