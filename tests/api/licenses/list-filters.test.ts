import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ledger, TestOrganization } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
let vendor: TestOrganization;
let holder: TestOrganization;
beforeAll(async () => {
  ledger = await shareLedger();
  vendor = await ledger.createVendor('Filtering Inc.');
  holder = await ledger.createVendor('Filtered Customer');
});
afterAll(() => ledger.stop());

const issue = async (fields: object) => (await ledger.issue(fields, vendor)).licenseId;
const list = async (query: string, key = vendor.apiKey) => {
  const { status, body } = await ledger.call('GET', `/v1/licenses?${query}`, { key });
  return status === 200 ? Object.values(body.data ?? {}).map(({ id }) => String(id)) : [status, body.code];
};

test('The issuer and the holder find licenses by their policy, after a change of the policy too', async () => {
  const policyOf = async (licenseId: string) =>
    (await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: vendor.apiKey })).body.policy.id;
  const free = await issue({ tier: 'FREE', holderOrganizationId: holder.organizationId });
  const pro = await issue({ tier: 'PRO' });
  expect(await list(`policy=${await policyOf(free)}`)).toEqual([free]);
  expect(await list(`policy=${await policyOf(free)}&status=ACTIVE&tier=FREE&product=local_cli`)).toEqual([free]);
  expect(await list(`policy=${await policyOf(free)}&tier=PRO`)).toEqual([]);
  expect(await list(`policy=${await policyOf(free)}`, holder.apiKey)).toEqual([free]);
  expect(await list(`policy=${await policyOf(pro)}`, holder.apiKey)).toEqual([]);

  const body = { tier: 'FREE' };
  const changed = await ledger.call('POST', `/v1/licenses/${pro}/tier`, { key: vendor.apiKey, body });
  expect(changed.status).toBe(200);
  expect(await list(`policy=${await policyOf(free)}`)).toEqual([pro, free]);
});
