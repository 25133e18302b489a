import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Ledger } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';
import { createOffering, offeredTo, refusal } from './offering.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});
afterAll(() => ledger.stop());

describe('A blocked issuer', () => {
  test('gets the same answers as before, and its offers are hidden and cannot be accepted', async () => {
    const { customer, offer, offers, decide, answer, issue, asVendor, asCustomer, vendor } =
      await createOffering(ledger);
    const early = await offer();
    const before = await asVendor('GET', `/v1/licenses/${early}`);
    expect((await decide('block')).body).toMatchObject({ decision: 'BLOCKED', name: 'Vendor' });
    const { status, body } = await issue();
    expect([status, body.license?.pendingHolder?.organizationId]).toEqual([201, customer.organizationId]);
    expect((await asVendor('GET', `/v1/licenses/${early}`)).text).toBe(before.text);
    expect(await offers()).toEqual([]);
    expect(refusal(await answer(early, 'accept'))).toEqual([404, 'NOT_FOUND']);
    const forgotten = await asCustomer('DELETE', `/v1/issuers/${vendor.organizationId}`);
    expect(forgotten.body).toMatchObject({ decision: null, decidedAt: null });
    expect(await offers()).toEqual([String(body.license?.id), early]);
    expect((await answer(early, 'accept')).status).toBe(200);
  });

  test('stays blocked when an offer that was accepted before is accepted again', async () => {
    const { offer, decide, answer, issue, listed, asCustomer } = await createOffering(ledger);
    const licenseId = await offer();
    const once = { 'idempotency-key': randomUUID() };
    const accept = () => asCustomer('POST', `/v1/license-offers/${licenseId}/accept`, undefined, once);
    const first = await accept();
    await decide('block');
    expect((await accept()).text).toBe(first.text);
    expect((await answer(licenseId, 'accept')).body.changed).toBe(false);
    expect(await listed()).toEqual([licenseId]);
    expect((await issue()).body.license?.holderOrganizationId).toBeNull();
  });
});

describe('A trusted issuer', () => {
  test('can be trusted before its first license, and forgotten', async () => {
    const { vendor, customer, decide, issue, asCustomer } = await createOffering(ledger);
    // Nobody learns the name of an organization from its id.
    expect((await decide('trust')).body).toMatchObject({ decision: 'TRUSTED', name: null });
    const { body } = await asCustomer('GET', '/v1/issuers?decision=TRUSTED');
    expect(body.data).toMatchObject([{ organizationId: vendor.organizationId, name: null, decision: 'TRUSTED' }]);
    expect((await asCustomer('GET', '/v1/issuers?decision=BLOCKED')).body.data).toEqual([]);
    expect((await issue()).body.license?.holderOrganizationId).toBe(customer.organizationId);
    await asCustomer('DELETE', `/v1/issuers/${vendor.organizationId}`);
    expect((await issue()).body.license?.holderOrganizationId).toBeNull();
  });

  test('must be another organization, and nobody learns whether it exists', async () => {
    const { customer, asCustomer } = await createOffering(ledger);
    const unknown = await asCustomer('POST', '/v1/issuers/org_01h455vb4pex5vsknk084sn02q/trust');
    expect([unknown.status, unknown.body.name]).toEqual([200, null]);
    const own = await asCustomer('POST', `/v1/issuers/${customer.organizationId}/trust`);
    expect(refusal(own)).toEqual([400, 'INVALID_REQUEST']);
  });
});

describe('A stranger', () => {
  test('sees no offer of others, and can neither accept nor decline it', async () => {
    const { offer, as, offers, license } = await createOffering(ledger);
    const stranger = as(await ledger.createVendor('Stranger'));
    const licenseId = await offer();
    expect((await stranger('GET', '/v1/license-offers')).body.data).toEqual([]);
    const unknown = await stranger('POST', '/v1/license-offers/lic_01h455vb4pex5vsknk084sn02q/accept');
    for (const verb of ['accept', 'decline']) {
      const answer = await stranger('POST', `/v1/license-offers/${licenseId}/${verb}`);
      expect({ ...answer.body, requestId: '' }).toEqual({ ...unknown.body, requestId: '' });
    }
    expect(await offers()).toEqual([licenseId]);
    expect((await license(licenseId)).pendingHolder).not.toBeNull();
  });

  test('cannot accept its own offer as the issuer', async () => {
    const { offer, asVendor } = await createOffering(ledger);
    const licenseId = await offer();
    expect(refusal(await asVendor('POST', `/v1/license-offers/${licenseId}/accept`))).toEqual([404, 'NOT_FOUND']);
  });
});

describe('A credential of the receiver', () => {
  test('needs the scope licenses:write to answer, and licenses:read to list', async () => {
    const { customer, offer } = await createOffering(ledger);
    const licenseId = await offer();
    const path = `/v1/license-offers/${licenseId}/accept`;
    const [reader, device, writer] = await Promise.all([
      ledger.createKey(customer.organizationId, ['licenses:read']),
      ledger.createKey(customer.organizationId, ['licenses:activate']),
      ledger.createKey(customer.organizationId, ['licenses:write']),
    ]);
    expect((await ledger.call('GET', '/v1/license-offers', { key: reader.apiKey })).status).toBe(200);
    for (const { apiKey: key } of [reader, device])
      expect(refusal(await ledger.call('POST', path, { key }))).toEqual([403, 'FORBIDDEN']);
    expect(refusal(await ledger.call('GET', '/v1/license-offers', { key: device.apiKey }))).toEqual([403, 'FORBIDDEN']);
    expect((await ledger.call('POST', path, { key: writer.apiKey })).status).toBe(200);
  });
});

test('An issuer has at most ten open offers to one organization, however many requests arrive at once', async () => {
  const { vendor, customer, issue, answer, offers, transfer, as } = await createOffering(ledger);
  const once = { 'idempotency-key': randomUUID() };
  const answers = await Promise.all(Array.from({ length: 16 }, (_, index) => issue({}, index === 0 ? once : {})));
  const issued = answers.filter(({ status }) => status === 201);
  expect(issued).toHaveLength(10);
  for (const each of answers.filter(({ status }) => status !== 201))
    expect(refusal(each)).toEqual([409, 'OFFER_LIMIT_EXCEEDED']);
  expect(await offers()).toHaveLength(10);
  const unheld = await issue({ holderOrganizationId: null });
  const more = await transfer(String(unheld.body.license?.id), customer);
  expect([...refusal(more), more.body.errors?.[0]?.pointer]).toEqual([
    ...[409, 'OFFER_LIMIT_EXCEEDED', '/toHolderOrganizationId'],
  ]);
  // A repetition finds its own place, another issuer and another receiver have places of their own.
  const [first] = issued;
  const licenseId = String(first?.body.license?.id);
  expect((await transfer(licenseId, customer, { activations: 'RELEASE' })).body.changed).toBe(true);
  const other = await ledger.createVendor('Other');
  expect((await issue({ holderOrganizationId: other.organizationId })).status).toBe(201);
  expect((await as(other)('POST', '/v1/licenses', offeredTo(customer))).status).toBe(201);
  // Who has consented needs no place.
  expect((await answer(licenseId, 'accept')).status).toBe(200);
  expect((await issue()).body.license?.holderOrganizationId).toBe(customer.organizationId);
  expect(vendor.organizationId).not.toBe(other.organizationId);
});
