import { afterAll, beforeAll, expect, test } from 'vitest';
import { licenseEventTypes } from '../../../src/aggregates/codec-license.ts';
import { withSuccessors } from '../../../src/aggregates/successor-types.ts';
import type { Ledger, TestOrganization } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
let vendor: TestOrganization;
beforeAll(async () => {
  ledger = await shareLedger();
  vendor = await ledger.createVendor('Metering Inc.');
});
afterAll(() => ledger.stop());

const get = async (path: string) => (await ledger.call('GET', path, { key: vendor.apiKey })).body;
const typesOf = (body: Awaited<ReturnType<typeof get>>) => Object.values(body.data ?? {}).map(({ type }) => type);

test('A filter by the earlier type of usage finds the usage that is recorded now', async () => {
  const { licenseId, licenseKey } = await ledger.issue({ limits: { meters: { builds: 10 } } }, vendor);
  const before = String((await get('/v1/events?types=UsageRecorded')).nextCursor);
  const body = { licenseKey, meter: 'builds', quantity: 1, usageId: 'u1' };
  expect((await ledger.call('POST', '/v1/licenses/usage', { body })).status).toBe(201);

  const cloudTypes = async (query: string) => typesOf(await get(`/v1/events?${query}`));
  const found = await cloudTypes('types=UsageRecorded');
  expect(found).toEqual(['ledger.usage.batch_recorded.v1']);
  expect(await cloudTypes(`types=UsageRecorded&cursor=${before}`)).toEqual(found);
  expect(await cloudTypes('types=UsageBatchRecorded')).toEqual(found);
  expect(await cloudTypes('types=UsageCorrected')).toEqual([]);
  expect(typesOf(await get(`/v1/licenses/${licenseId}/history?types=UsageRecorded`))).toEqual(['UsageBatchRecorded']);
});

test('A filter by a type that is recorded now stays as it is', () => {
  const types = licenseEventTypes().filter((type) => type !== 'UsageRecorded');
  expect(withSuccessors(types)).toEqual(types);
  expect(withSuccessors(null)).toBeNull();
  expect(withSuccessors(['UsageRecorded', 'UsageBatchRecorded'])).toEqual(['UsageRecorded', 'UsageBatchRecorded']);
});
