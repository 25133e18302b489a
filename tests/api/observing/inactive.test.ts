import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ledger, startLedger, type TestOrganization } from '../../support/ledger.ts';
import { entriesOf, type License, observerOf } from './observer.ts';

const day = 86_400;
let ledger: Ledger;
let observer: ReturnType<typeof observerOf>;
let vendor: TestOrganization;
let holder: TestOrganization;
beforeAll(async () => {
  ledger = await startLedger();
  observer = observerOf(ledger);
  vendor = await ledger.createVendor('Idle Inc.');
  holder = await ledger.createVendor('Idle Customer');
});
afterAll(() => ledger.stop());

const issue = (fields: object = {}): Promise<License> => ledger.issue({ term: { perpetual: true }, ...fields }, vendor);
const list = async (query: string, key = vendor.apiKey, position?: string) =>
  entriesOf(await observer.read(`/v1/licenses?${query}`, key, position)).map(({ id }) => String(id));
const daysAgo = (days: number) => new Date(Date.parse(ledger.needs.now()) - days * day * 1_000).toISOString();
const idsOf = (...licenses: readonly License[]) => licenses.map(({ licenseId }) => licenseId);

test('Licenses that nobody validated are found, until they are validated', async () => {
  const never = await issue({ holderOrganizationId: holder.organizationId });
  const used = await issue({ holderOrganizationId: holder.organizationId });
  const suspended = await issue();
  const later = await issue({ term: { startsAt: daysAgo(-40), perpetual: true } });
  await observer.validate(used, { product: 'local_cli' });
  const path = `/v1/licenses/${suspended.licenseId}/suspend`;
  const body = { reason: { code: 'ADMIN' } };
  expect((await ledger.call('POST', path, { key: vendor.apiKey, body })).status).toBe(200);
  expect(await list('status=INACTIVE')).toEqual([]);
  expect(await list(`lastValidatedBefore=${daysAgo(-1)}`)).toEqual(idsOf(later, suspended, used, never));

  observer.wait(29 * day);
  const recent = await issue();
  await observer.validate(used, { product: 'local_cli' });
  observer.wait(2 * day);
  expect(await list('status=INACTIVE')).toEqual(idsOf(never));
  expect(await list('status=INACTIVE', holder.apiKey)).toEqual(idsOf(never));
  expect(await list('status=INACTIVE', ledger.b.apiKey)).toEqual([]);
  expect(await list(`lastValidatedBefore=${daysAgo(30)}`)).toEqual(idsOf(later, suspended, never));
  expect(await list(`status=INACTIVE&lastValidatedBefore=${daysAgo(1)}&tier=PRO`)).toEqual(idsOf(never));
  expect(await list(`lastValidatedBefore=${daysAgo(0)}`)).toEqual(idsOf(recent, later, suspended, used, never));
  expect((await observer.get(never, '', vendor.apiKey)).body).toMatchObject({
    status: 'ACTIVE',
    lastValidatedAt: null,
  });

  // A validation of an hour ago counts exactly, although it is of the same day.
  await observer.validate(recent, { product: 'local_cli' });
  const validatedAt = String((await observer.get(recent, '', vendor.apiKey)).body.lastValidatedAt);
  const justAfter = new Date(Date.parse(validatedAt) + 1).toISOString();
  expect(await list(`lastValidatedBefore=${validatedAt}&limit=1`)).toEqual(idsOf(later));
  expect(await list(`lastValidatedBefore=${justAfter}&limit=1`)).toEqual(idsOf(recent));

  await observer.validate(never, { product: 'local_cli' });
  expect(await list('status=INACTIVE')).toEqual([]);
  observer.wait(31 * day);
  expect(await list('status=INACTIVE&sort=createdAt')).toEqual(idsOf(never, used, later, recent));
  const first = await observer.read('/v1/licenses?status=INACTIVE&limit=2', vendor.apiKey);
  expect(await list(`status=INACTIVE&limit=2&cursor=${first.body.nextCursor}`)).toEqual(idsOf(used, never));
});

test('A later holder does not learn when an earlier one validated the license', async () => {
  const next = await ledger.createVendor('Idle Successor');
  const license = await issue({ holderOrganizationId: holder.organizationId });
  observer.wait(31 * day);
  await observer.validate(license, { product: 'local_cli' });
  const body = { toHolderOrganizationId: next.organizationId, accepted: true };
  await ledger.consent(next.organizationId, vendor);
  const path = `/v1/licenses/${license.licenseId}/transfer`;
  const { status, headers } = await ledger.call('POST', path, { key: vendor.apiKey, body });
  expect(status).toBe(200);
  const position = headers.get('ledger-position') ?? '';
  expect(await list('status=INACTIVE', next.apiKey, position)).toEqual(idsOf(license));
  expect(await list('status=INACTIVE')).not.toContain(license.licenseId);
  await observer.validate(license, { product: 'local_cli' });
  expect(await list('status=INACTIVE', next.apiKey)).toEqual([]);
});

test('An instant before the days that are kept is refused', async () => {
  // A list that began with an instant 400 days ago goes on while time passes.
  expect(await list(`lastValidatedBefore=${daysAgo(400).slice(0, 10)}T00:00:00.000Z`)).toEqual([]);
  const path = `/v1/licenses?lastValidatedBefore=${daysAgo(401)}`;
  expect(await ledger.call('GET', path, { key: vendor.apiKey })).toMatchObject({
    status: 400,
    body: {
      code: 'INVALID_REQUEST',
      errors: [{ pointer: '?lastValidatedBefore' }],
      detail: expect.stringContaining('at most 400 days ago'),
    },
  });
  expect((await ledger.call('GET', '/v1/licenses?lastValidatedBefore=2026-01-01', { key: vendor.apiKey })).status).toBe(
    400,
  );
});
