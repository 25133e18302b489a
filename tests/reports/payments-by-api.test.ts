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
