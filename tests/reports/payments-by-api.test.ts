import { afterAll, beforeAll, expect, test } from 'vitest';
import { commanding, refusal } from '../api/licenses/commanding.ts';
import type { Ledger } from '../support/ledger.ts';
import { shareLedger } from '../support/shared-ledger.ts';

let ledger: Ledger;
let api: ReturnType<typeof commanding>;
beforeAll(async () => {
  ledger = await shareLedger();
  api = commanding(ledger);
});
afterAll(() => ledger.stop());

const year = { duration: 'P1Y', billingRef: 'in_1', reason: { code: 'PAYMENT' } };

test('A payment that is reported five times at once renews a license once, and every answer names the same term', async () => {
  const { licenseId } = await ledger.issue();
  const answers = await Promise.all(Array.from({ length: 5 }, () => api.post(licenseId, 'renew', year)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  expect(answers.filter(({ body }) => body.changed)).toHaveLength(1);
  const [first] = answers;
  expect(first?.body.paidTerm).toMatchObject({ number: 2, billingRef: 'in_1' });
  for (const { body } of answers) expect(body.paidTerm).toEqual(first?.body.paidTerm);
  expect(await api.historyOf(licenseId)).toEqual(['LicenseRenewed']);

  await api.done(licenseId, 'renew', { ...year, billingRef: 'in_2' });
  const late = await api.post(licenseId, 'renew', year);
  expect([late.body.changed, late.body.paidTerm]).toEqual([false, first?.body.paidTerm]);
  expect(late.body.license?.term).toMatchObject({ number: 3 });
});

test('A payment with other terms is refused, and a payment of another license is another payment', async () => {
  const { licenseId } = await ledger.issue();
  const other = await ledger.issue();
  await api.done(licenseId, 'renew', year);
  const answer = await api.post(licenseId, 'renew', { ...year, duration: 'P2Y' });
  expect(refusal(answer)).toEqual([409, 'BILLING_REF_REUSED']);
  expect(answer.body.errors).toMatchObject([{ pointer: '/billingRef' }]);
  await api.done(other.licenseId, 'renew', { ...year, duration: 'P2Y' });
});

test('A renewal to the present end changes nothing, and one to an earlier end is refused', async () => {
  const { licenseId } = await ledger.issue({ term: { expiresAt: '2099-01-01T00:00:00.000Z' } });
  await api.done(licenseId, 'renew', { expiresAt: '2099-01-01T00:00:00.000Z' }, false);
  const earlier = await api.post(licenseId, 'renew', { expiresAt: '2098-01-01T00:00:00.000Z' });
  expect(refusal(earlier)).toEqual([409, 'TERM_NOT_LATER']);
  expect(await api.historyOf(licenseId)).toEqual([]);
});

test('A conversion that is reported again changes nothing, also when the policy has another term since', async () => {
  const key = ledger.a.apiKey;
  await ledger.call('POST', '/v1/products', { key, body: { code: 'payer', name: 'Payer' } });
  const policy = { name: 'Paid', tier: 'PRO', products: ['payer'], term: { basis: 'ISSUE', duration: 'P1Y' } };
  const { body: paid } = await ledger.call('POST', '/v1/policies', { key, body: policy });
  const { licenseId } = await ledger.issue({ tier: 'TRIAL', products: ['payer'] });
  const conversion = { policyId: paid.id, billingRef: 'in_1' };
  const first = await api.post(licenseId, 'convert', conversion);
  expect([first.status, first.body.changed], first.text).toEqual([200, true]);
  const change = { term: { basis: 'ISSUE', duration: 'P2Y' } };
  expect((await ledger.call('PATCH', `/v1/policies/${paid.id}`, { key, body: change })).status).toBe(200);
  expect((await ledger.call('DELETE', `/v1/policies/${paid.id}`, { key })).status).toBeLessThan(300);
  const again = await api.post(licenseId, 'convert', { ...conversion, billingRef: ' in_1\n' });
  expect([again.status, again.body.changed], again.text).toEqual([200, false]);
  expect(again.body.paidTerm).toEqual(first.body.paidTerm);
});

test('A license that is FREE without end becomes PRO for the term that was paid, once', async () => {
  const { licenseId } = await ledger.issue({ tier: 'FREE', products: ['payer'] });
  const upgrade = { tier: 'PRO', term: { duration: 'P1Y' }, billingRef: 'in_1' };
  const answers = await Promise.all([upgrade, upgrade, upgrade].map((body) => api.post(licenseId, 'tier', body)));
  expect(answers.map(({ status, body }) => [status, body.changed]).toSorted()).toEqual([
    [200, false],
    [200, false],
    [200, true],
  ]);
  expect(new Set(answers.map(({ body }) => JSON.stringify(body.paidTerm))).size).toBe(1);
  const { body: license } = await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey });
  expect(license).toMatchObject({ tier: 'PRO', term: { number: 2, expiresAt: answers[0]?.body.paidTerm?.expiresAt } });
});
