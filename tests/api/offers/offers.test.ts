import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStream } from '../../support/feed.ts';
import type { Ledger } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';
import { createOffering, offeredTo, refusal } from './offering.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});
afterAll(() => ledger.stop());

const eventsOf = async (key: string, query = '') => {
  const { body } = await ledger.call('GET', `/v1/events?${query}`, { key });
  return Object.values(body.data ?? {}).map(({ type }) => String(type).replace('ledger.license.', ''));
};

const validate = async (licenseKey: unknown) =>
  (await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey } })).body;

describe('A license for an organization that has not consented', () => {
  test('has no holder, and appears nowhere at the organization before it accepts', async () => {
    const { vendor, customer, issue, asCustomer, listed } = await createOffering(ledger);
    const { status, body } = await issue({ metadata: { order: '7' } });
    const { id, holderOrganizationId, pendingHolder } = body.license ?? {};
    expect([status, holderOrganizationId, pendingHolder?.organizationId]).toEqual([201, null, customer.organizationId]);
    expect(await listed()).toEqual([]);
    expect(await eventsOf(customer.apiKey)).toEqual([]);
    for (const path of ['', '/history', '/activations', '/users'])
      expect(refusal(await asCustomer('GET', `/v1/licenses/${id}${path}`))).toEqual([404, 'LICENSE_NOT_FOUND']);
    expect((await validate(body.licenseKey)).code).toBe('VALID');

    const { body: offers } = await asCustomer('GET', '/v1/license-offers');
    expect(offers.data).toEqual([
      {
        licenseId: id,
        issuer: { organizationId: vendor.organizationId, name: 'Vendor' },
        ...{ tier: 'PRO', products: ['local_cli'], policy: expect.anything() },
        ...{ offeredAt: expect.any(String), expiresAt: expect.any(String), expiry: 'KEEP', activations: 'KEEP' },
      },
    ]);
    // No row but the offer names the customer.
    for (const table of ['licenses', 'license_products', 'license_events', 'activations', 'leases', 'license_users']) {
      const { rows } = await ledger.database.superuser.query(`select from rm.${table} where holder_org_id = $1`, [
        customer.organizationId,
      ]);
      expect([table, rows.length]).toEqual([table, 0]);
    }
  });

  test('is offered as well when it is imported', async () => {
    const { vendor, customer, asVendor, offers, listed } = await createOffering(ledger);
    const origin = { source: 'old_shop', sourceRef: vendor.organizationId, historyFrom: '2024-03-01T00:00:00.000Z' };
    const { status, body } = await asVendor('POST', '/v1/licenses/import', { ...offeredTo(customer), ...origin });
    expect([status, body.license?.holderOrganizationId]).toEqual([201, null]);
    expect([await listed(), await offers()]).toEqual([[], [String(body.license?.id)]]);
    expect(await eventsOf(customer.apiKey)).toEqual([]);
  });

  test('gets its holder when the organization accepts, and so do later licenses without an offer', async () => {
    const { customer, offer, answer, listed, offers, issue, license, transfer } = await createOffering(ledger);
    const licenseId = await offer({ metadata: { order: '7' } });
    const accepted = await answer(licenseId, 'accept');
    expect([accepted.status, accepted.body.changed]).toEqual([200, true]);
    expect(accepted.body.license).toMatchObject({
      holderOrganizationId: customer.organizationId,
      pendingHolder: null,
      metadata: { order: '7' },
    });
    expect(accepted.headers.get('etag')).not.toBeNull();
    expect([await listed(), await offers()]).toEqual([[licenseId], []]);
    expect(await eventsOf(customer.apiKey)).toEqual(['transferred.v1']);
    expect((await answer(licenseId, 'accept')).body.changed).toBe(false);
    expect((await issue()).body.license?.holderOrganizationId).toBe(customer.organizationId);
    const unheld = await issue({ holderOrganizationId: null });
    const moved = await transfer(String(unheld.body.license?.id), customer, { accepted: true });
    expect(moved.body.license?.holderOrganizationId).toBe(customer.organizationId);
    expect((await license(licenseId)).pendingHolder).toBeNull();
  });

  test('can be declined, and offered again', async () => {
    const { vendor, customer, offer, answer, offers, license, transfer } = await createOffering(ledger);
    const licenseId = await offer();
    expect((await answer(licenseId, 'decline')).body).toEqual({ licenseId, changed: true });
    expect((await answer(licenseId, 'decline')).body).toEqual({ licenseId, changed: false });
    expect(refusal(await answer(licenseId, 'accept'))).toEqual([404, 'NOT_FOUND']);
    expect([await offers(), (await license(licenseId)).pendingHolder]).toEqual([[], null]);
    const again = await transfer(licenseId, customer);
    expect(again.body).toMatchObject({ changed: true, license: { holderOrganizationId: null } });
    expect((await transfer(licenseId, customer)).body.changed).toBe(false);
    expect(await offers()).toEqual([licenseId]);
    expect((await answer(licenseId, 'accept')).status).toBe(200);
    expect(await eventsOf(vendor.apiKey)).toEqual([
      ...['issued.v1', 'key_issued.v1', 'offered.v1', 'offer_ended.v1', 'offered.v1', 'transferred.v1'],
    ]);
  });

  test('is offered even when its policy forbids transfers, and can be offered again', async () => {
    const { customer, offer, answer, transfer } = await createOffering(ledger);
    const licenseId = await offer({ tier: 'FREE' });
    await answer(licenseId, 'decline');
    expect((await transfer(licenseId, customer)).status).toBe(200);
    expect((await answer(licenseId, 'accept')).status).toBe(200);
    expect(refusal(await transfer(licenseId, null))).toEqual([403, 'FORBIDDEN']);
  });

  test('is refused instead of offered when the request demands consent', async () => {
    const { customer, offer, transfer, license, decide } = await createOffering(ledger);
    const licenseId = await offer({ holderOrganizationId: null });
    const demanded = await transfer(licenseId, customer, { accepted: true });
    expect(refusal(demanded)).toEqual([409, 'HOLDER_CONSENT_REQUIRED']);
    expect((await license(licenseId)).pendingHolder).toBeNull();
    await decide('trust');
    expect((await transfer(licenseId, customer, { accepted: true })).status).toBe(200);
  });

  test('needs no consent within one organization', async () => {
    const { vendor, issue } = await createOffering(ledger);
    const { body } = await issue({ holderOrganizationId: vendor.organizationId });
    expect(body.license).toMatchObject({ holderOrganizationId: vendor.organizationId, pendingHolder: null });
  });
});

describe('A transfer to an organization that has not consented', () => {
  test('waits: the holder stays until the offer is accepted', async () => {
    const { vendor, customer, issue, answer, transfer, listed, asCustomer, as } = await createOffering(ledger);
    const other = await ledger.createVendor('Other Customer');
    const issued = await issue();
    const licenseId = String(issued.body.license?.id);
    expect((await answer(licenseId, 'accept')).body.licenseKey).toBeNull();
    const waiting = await transfer(licenseId, other, { activations: 'RELEASE' });
    expect(waiting.body).toMatchObject({
      ...{ changed: true, licenseKey: null, oldKeyWorks: true },
      license: {
        holderOrganizationId: customer.organizationId,
        pendingHolder: { organizationId: other.organizationId },
      },
    });
    expect(await listed()).toEqual([licenseId]);
    expect(refusal(await as(other)('GET', `/v1/licenses/${licenseId}`))).toEqual([404, 'LICENSE_NOT_FOUND']);
    const { body: offers } = await as(other)('GET', '/v1/license-offers');
    expect(offers.data).toMatchObject([{ licenseId, expiry: 'KEEP', activations: 'RELEASE' }]);
    const accepted = await as(other)('POST', `/v1/license-offers/${licenseId}/accept`);
    const again = await as(other)('POST', `/v1/license-offers/${licenseId}/accept`);
    expect(again.body).toMatchObject({ changed: false, licenseKey: null, oldKeyWorks: null });
    // The previous holder has no key that works any longer.
    expect((await validate(accepted.body.licenseKey)).code).toBe('VALID');
    expect((await validate(issued.body.licenseKey)).code).toBe('KEY_ROTATED');
    expect(refusal(await asCustomer('GET', `/v1/licenses/${licenseId}`))).toEqual([404, 'LICENSE_NOT_FOUND']);
    expect((await as(other)('GET', `/v1/licenses/${licenseId}`)).body.issuerOrganizationId).toBe(vendor.organizationId);
  });

  test('cannot be accepted when it can no longer be carried out, and that is no consent to the issuer', async () => {
    const { customer, issue, asVendor, asCustomer, transfer, answer, offers } = await createOffering(ledger);
    const issued = await issue({ holderOrganizationId: null, term: { perpetual: true } });
    const licenseId = String(issued.body.license?.id);
    await transfer(licenseId, customer, { expiry: 'RESET' });
    const end = { to: '2031-01-01T00:00:00Z', reason: { code: 'GOODWILL' } };
    expect((await asVendor('POST', `/v1/licenses/${licenseId}/expiry`, end)).status).toBe(200);
    expect(await offers()).toEqual([licenseId]);
    expect(refusal(await answer(licenseId, 'accept'))).toEqual([400, 'TERM_INVALID']);
    expect((await asCustomer('GET', '/v1/issuers')).body.data).toEqual([]);
    expect((await issue()).body.license).toMatchObject({
      holderOrganizationId: null,
      pendingHolder: { organizationId: customer.organizationId },
    });
  });

  test('is replaced by a later transfer, and withdrawn by one to the present holder', async () => {
    const { customer, offer, transfer, offers, answer, license } = await createOffering(ledger);
    const other = await ledger.createVendor('Other Customer');
    const licenseId = await offer();
    await transfer(licenseId, other);
    expect((await license(licenseId)).pendingHolder?.organizationId).toBe(other.organizationId);
    expect(await offers()).toEqual([]);
    expect(refusal(await answer(licenseId, 'accept'))).toEqual([404, 'NOT_FOUND']);
    await transfer(licenseId, customer);
    expect(await offers()).toEqual([licenseId]);
    expect((await transfer(licenseId, null)).body).toMatchObject({ changed: true, license: { pendingHolder: null } });
    expect(await offers()).toEqual([]);
  });

  test('ends with the license', async () => {
    const { offer, asVendor, offers, answer } = await createOffering(ledger);
    const licenseId = await offer();
    await asVendor('POST', `/v1/licenses/${licenseId}/revoke`, { reason: { code: 'FRAUD' } });
    expect(await offers()).toEqual([]);
    for (const verb of ['accept', 'decline'] as const)
      expect(refusal(await answer(licenseId, verb))).toEqual([404, 'NOT_FOUND']);
  });

  test('ends with its issuer and its receiver', async () => {
    const { vendor, customer, offer, offers, answer, transfer, issue } = await createOffering(ledger);
    const other = await ledger.createVendor('Closing Customer');
    const owner = await ledger.createMember(other.organizationId, 'OWNER');
    const licenseId = await offer({ holderOrganizationId: other.organizationId });
    const close = (organizationId: string, key: string) =>
      ledger.call('DELETE', `/v1/organizations/${organizationId}`, { key });
    expect((await close(other.organizationId, owner.accessToken)).status).toBe(200);
    expect(refusal(await transfer(licenseId, other))).toEqual([400, 'INVALID_REQUEST']);
    expect(refusal(await issue({ holderOrganizationId: other.organizationId }))).toEqual([400, 'INVALID_REQUEST']);
    const accept = `/v1/license-offers/${licenseId}/accept`;
    expect((await ledger.call('POST', accept, { key: owner.accessToken })).status).toBeGreaterThanOrEqual(400);

    const offered = await offer();
    const founder = await ledger.createMember(vendor.organizationId, 'OWNER');
    expect((await close(vendor.organizationId, founder.accessToken)).status).toBe(200);
    expect(await offers()).toEqual([]);
    expect(refusal(await answer(offered, 'accept'))).toEqual([404, 'NOT_FOUND']);
    expect((await ledger.call('GET', '/v1/issuers', { key: customer.apiKey })).body.data).toEqual([]);
  });
});

test('A holder reads its licenses, its feed and its offers of one issuer', async () => {
  const { customer, vendor, offer, answer, listed, offers } = await createOffering(ledger);
  const [mine, open] = [await offer(), await offer()];
  await answer(mine, 'accept');
  const other = await ledger.issue({ holderOrganizationId: customer.organizationId });
  expect(await listed()).toEqual([other.licenseId, mine]);
  expect(await listed(`?issuer=${vendor.organizationId}`)).toEqual([mine]);
  expect(await listed(`?issuer=${ledger.a.organizationId}&product=local_cli`)).toEqual([other.licenseId]);
  expect(await eventsOf(customer.apiKey, `issuer=${vendor.organizationId}`)).toEqual(['transferred.v1']);
  expect(await eventsOf(customer.apiKey, `issuer=${ledger.a.organizationId}`)).toEqual(['issued.v1', 'key_issued.v1']);
  expect(await offers(`?issuer=${vendor.organizationId}`)).toEqual([open]);
  expect(await offers(`?issuer=${ledger.a.organizationId}`)).toEqual([]);
  const first = await ledger.call('GET', `/v1/events?issuer=${vendor.organizationId}`, { key: customer.apiKey });
  const elsewhere = `/v1/events?issuer=${ledger.a.organizationId}&cursor=${first.body.nextCursor}`;
  expect(refusal(await ledger.call('GET', elsewhere, { key: customer.apiKey }))).toEqual([400, 'INVALID_REQUEST']);
});

test('A holder follows the stream of one issuer', async () => {
  const { customer, vendor, offer, answer } = await createOffering(ledger);
  const mine = await offer();
  await answer(mine, 'accept');
  const other = await ledger.issue({ holderOrganizationId: customer.organizationId });
  for (const [issuer, licenseId] of [
    [vendor.organizationId, mine],
    [ledger.a.organizationId, other.licenseId],
  ]) {
    const stream = await openStream(ledger, { key: customer.apiKey, query: `?issuer=${issuer}` });
    expect((await stream.next())?.data.subject).toBe(licenseId);
    stream.leave();
  }
});
