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

const post = (path: string, body: object) => ledger.call('POST', path, { key: ledger.a.apiKey, body });
const license = { tier: 'PRO', products: ['local_cli'] };
const ways = {
  issued: (holderOrganizationId: string) => post('/v1/licenses', { ...license, holderOrganizationId }),
  imported: (holderOrganizationId: string) => {
    const origin = { source: 'old_shop', sourceRef: holderOrganizationId, historyFrom: '2024-03-01T00:00:00.000Z' };
    return post('/v1/licenses/import', { ...license, ...origin, holderOrganizationId });
  },
  transferred: async (toHolderOrganizationId: string) => {
    const { licenseId } = await ledger.issue();
    return post(`/v1/licenses/${licenseId}/transfer`, { toHolderOrganizationId });
  },
};

test.each(Object.entries(ways))(
  'A license that is %s to an organization without its consent does not tell its name, letter by letter',
  async (_way, give) => {
    const { organizationId } = await ledger.createVendor(name);
    const { body } = await give(organizationId);
    expect(body.license).toMatchObject({ holderOrganizationId: null, pendingHolder: { organizationId } });
    for (let length = 1; length <= name.length; length++) expect(await found(name.slice(0, length))).toEqual([]);
  },
);

test('A holder that has consented is found by its name, and the issuer does not learn of a block', async () => {
  const holder = await ledger.createVendor('Openly Known Company');
  const { licenseId } = await ledger.issue({ holderOrganizationId: holder.organizationId, externalRef: 'known-1' });
  expect(await found('openly known')).toEqual([licenseId]);
  const { organizationId: issuerOrgId } = ledger.a;
  await ordain(ledger, holder.organizationId, { type: 'BlockIssuer', data: { issuerOrgId } });
  expect(await found('openly known')).toEqual([licenseId]);
  expect(await found('known-1')).toEqual([licenseId]);
});
