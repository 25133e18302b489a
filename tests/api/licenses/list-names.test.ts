import { beforeAll, expect, test } from 'vitest';
import type { Ledger } from '../../support/ledger.ts';
import { ordain } from '../../support/organizations.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});

/** The ids of the licenses that organization A finds by `q`. */
const found = async (q: string): Promise<readonly string[]> => {
  const { body } = await ledger.call('GET', `/v1/licenses?q=${encodeURIComponent(q)}`, { key: ledger.a.apiKey });
  return Object.values(body.data ?? {}).map(({ id }) => String(id));
};
const name = 'Quietly Hidden Company';

test('A license for an organization that has not consented does not tell its name, letter by letter', async () => {
  const { organizationId } = await ledger.createVendor(name);
  const body = { tier: 'PRO', products: ['local_cli'], holderOrganizationId: organizationId };
  const issued = await ledger.call('POST', '/v1/licenses', { key: ledger.a.apiKey, body });
  expect(issued.status).toBe(201);
  for (let length = 1; length <= name.length; length++) expect(await found(name.slice(0, length))).toEqual([]);
});

test('A holder that has consented is found by its name, and the issuer does not learn of a block', async () => {
  const holder = await ledger.createVendor('Openly Known Company');
  const { licenseId } = await ledger.issue({ holderOrganizationId: holder.organizationId, externalRef: 'known-1' });
  expect(await found('openly known')).toEqual([licenseId]);
  const { organizationId: issuerOrgId } = ledger.a;
  await ordain(ledger, holder.organizationId, { type: 'BlockIssuer', data: { issuerOrgId } });
  expect(await found('openly known')).toEqual([licenseId]);
  expect(await found('known-1')).toEqual([licenseId]);
});
