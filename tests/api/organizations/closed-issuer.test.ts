import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ledger } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});
afterAll(() => ledger.stop());

test('Licenses of a closed organization are invalid, and those of others stay valid', async () => {
  const { licenseKey } = await ledger.issue();
  const other = await ledger.issue({}, ledger.b);
  const validate = async (key: string) => {
    const { body } = await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey: key } });
    return [body.valid, body.code];
  };
  expect(await validate(licenseKey)).toEqual([true, 'VALID']);
  await ledger.database.superuser.query('update rm.organizations set closed_at = now() where organization_id = $1', [
    ledger.a.organizationId,
  ]);
  expect(await validate(licenseKey)).toEqual([false, 'TENANT_SUSPENDED']);
  expect(await validate(other.licenseKey)).toEqual([true, 'VALID']);
});
