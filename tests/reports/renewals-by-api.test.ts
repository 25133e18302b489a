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

const monthEnd = '2099-01-31T00:00:00.000Z';
const goodwill = { reason: { code: 'GOODWILL' } };

test('An empty renewal takes the duration of the last term, else that of the policy in the catalog', async () => {
  const monthly = await ledger.issue({ term: { startsAt: '2098-12-31T00:00:00.000Z', duration: 'P1M' } });
  const dated = await ledger.issue({ term: { expiresAt: monthEnd } });
  const renewed = [await api.done(monthly.licenseId, 'renew', {}), await api.done(dated.licenseId, 'renew', {})];
  expect(renewed.map(({ term }) => term?.expiresAt)).toEqual(['2099-02-28T00:00:00.000Z', '2100-01-31T00:00:00.000Z']);
});

test('An empty renewal repeats harmlessly with billingRef, and renews each time without', async () => {
  const { licenseId } = await ledger.issue({ term: { expiresAt: monthEnd } });
  const first = await api.post(licenseId, 'renew', { billingRef: 'in_1' });
  const again = await api.post(licenseId, 'renew', { billingRef: 'in_1' });
  expect([first.body.changed, again.body.changed]).toEqual([true, false]);
  expect(again.body.paidTerm).toEqual(first.body.paidTerm);
  await api.done(licenseId, 'renew', {});
  await api.done(licenseId, 'renew', {});
  expect(await api.historyOf(licenseId)).toEqual(['LicenseRenewed', 'LicenseRenewed', 'LicenseRenewed']);
});

test('An empty renewal of a license without any duration says what to send', async () => {
  const { licenseId } = await ledger.issue({ tier: 'FREE', term: { expiresAt: monthEnd } });
  const answer = await api.post(licenseId, 'renew', {});
  expect(refusal(answer)).toEqual([400, 'TERM_INVALID']);
  expect(answer.body.detail).toContain('Send duration');
});

test('A license becomes perpetual, cannot be renewed then, and gets an end again', async () => {
  const { licenseId } = await ledger.issue({ term: { expiresAt: monthEnd } });
  const endless = await api.done(licenseId, 'expiry', { to: null, ...goodwill });
  expect(endless.term?.expiresAt).toBeNull();
  await api.done(licenseId, 'expiry', { to: null, ...goodwill }, false);
  expect(refusal(await api.post(licenseId, 'renew', {}))).toEqual([400, 'TERM_INVALID']);
  const ended = await api.done(licenseId, 'expiry', { to: monthEnd, ...goodwill });
  expect(ended.term?.expiresAt).toBe(monthEnd);
  expect(await api.historyOf(licenseId)).toEqual(['LicenseExpiryChanged', 'LicenseExpiryChanged']);
});
