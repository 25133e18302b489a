import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { commanding, later, refusal } from './commanding.ts';

let ledger: Ledger;
let api: ReturnType<typeof commanding>;
beforeAll(async () => {
  ledger = await startLedger();
  api = commanding(ledger);
});
afterAll(() => ledger.stop());

const reason = { code: 'GOODWILL' };
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
const day = 86_400;

describe('The end of a term', () => {
  test('can be changed, and not to the past', async () => {
    const { licenseId } = await ledger.issue();
    const to = '2099-12-31T00:00:00.000Z';
    expect((await api.done(licenseId, 'expiry', { to, reason })).term?.expiresAt).toBe(to);
    await api.done(licenseId, 'expiry', { to, reason }, false);
    expect(refusal(await api.post(licenseId, 'expiry', { to: inSeconds(-60), reason }))).toEqual([400, 'TERM_INVALID']);
    expect(await api.historyOf(licenseId)).toEqual(['LicenseExpiryChanged']);
  });

  test('changes only with a reason', async () => {
    const { licenseId } = await ledger.issue();
    const answer = await api.post(licenseId, 'expiry', { to: '2099-12-31T00:00:00Z' });
    expect(refusal(answer)).toEqual([400, 'INVALID_REQUEST']);
    expect(answer.body.errors).toMatchObject([{ pointer: '/reason' }]);
  });

  test('that has passed cannot be changed, nor that of a revoked license', async () => {
    const { licenseId } = await ledger.issue({ term: { duration: 'PT1H' } });
    const expiry = { to: '2099-12-31T00:00:00Z', reason };
    expect(refusal(await later(ledger, 3_601, () => api.post(licenseId, 'expiry', expiry)))).toEqual([
      400,
      'TERM_INVALID',
    ]);
    await api.post(licenseId, 'revoke', { reason });
    expect(refusal(await api.post(licenseId, 'expiry', expiry))).toEqual([409, 'LICENSE_REVOKED']);
  });
});

describe('A scheduled suspension', () => {
  const announce = async (effectiveAt = inSeconds(7 * day)) => {
    const { licenseId, licenseKey } = await ledger.issue();
    const license = await api.done(licenseId, 'suspend', { reason: { code: 'PAYMENT' }, effectiveAt });
    return { licenseId, licenseKey, license, eventId: String(license.scheduled?.[0]?.eventId) };
  };

  test('applies from its instant, without a job', async () => {
    const { licenseId, licenseKey, license } = await announce();
    expect(license).toMatchObject({
      status: 'ACTIVE',
      suspension: null,
      scheduled: [{ kind: 'SUSPENSION', reasonCode: 'PAYMENT', until: null }],
    });
    const validate = () => ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey } });
    expect((await validate()).body.code).toBe('VALID');
    await later(ledger, 7 * day + 1, async () => {
      expect(await api.read(licenseId)).toMatchObject({
        status: 'SUSPENDED',
        suspension: { reasonCode: 'PAYMENT' },
        scheduled: [],
      });
      expect((await validate()).body.code).toBe('SUSPENDED');
    });
    expect(await api.historyOf(licenseId)).toEqual(['LicenseSuspended']);
  });

  test('changes the ETag when it takes effect', async () => {
    const { licenseId } = await announce();
    const tag = async () => (await api.send('GET', licenseId, '')).headers.get('etag');
    const before = await tag();
    expect(await tag()).toBe(before);
    expect(await later(ledger, 7 * day + 1, tag)).not.toBe(before);
  });

  test('can be withdrawn by its event id until it takes effect', async () => {
    const { licenseId, eventId } = await announce();
    const history = await api.send('GET', licenseId, 'history');
    expect(history.body.data?.[2]).toMatchObject({ type: 'LicenseSuspended', id: eventId });
    expect(await api.done(licenseId, 'cancel-scheduled', { eventId })).toMatchObject({ scheduled: [] });
    expect(refusal(await api.post(licenseId, 'cancel-scheduled', { eventId }))).toEqual([404, 'NOT_FOUND']);
    await later(ledger, 7 * day + 1, async () => expect((await api.read(licenseId)).status).toBe('ACTIVE'));

    const come = await announce();
    const late = await later(ledger, 7 * day + 1, () =>
      api.post(come.licenseId, 'cancel-scheduled', { eventId: come.eventId }),
    );
    expect(refusal(late)).toEqual([404, 'NOT_FOUND']);
  });

  test('must be in the future, and only one can be scheduled', async () => {
    const { licenseId } = await announce('2099-01-01T00:00:00.000Z');
    const again = { reason: { code: 'PAYMENT' }, effectiveAt: '2099-01-01T00:00:00.000Z' };
    await api.done(licenseId, 'suspend', again, false);
    const past = { reason: { code: 'PAYMENT' }, effectiveAt: inSeconds(-1) };
    expect(refusal(await api.post(licenseId, 'suspend', past))).toEqual([400, 'TERM_INVALID']);
  });

  test('can be scheduled and withdrawn by BILLING for PAYMENT only', async () => {
    const { accessToken } = await ledger.createMember(ledger.a.organizationId, 'BILLING');
    const { licenseId } = await ledger.issue();
    const effectiveAt = inSeconds(day);
    const announced = await api.post(licenseId, 'suspend', { reason: { code: 'PAYMENT' }, effectiveAt }, accessToken);
    expect(announced.status).toBe(200);
    const fraud = { reason: { code: 'FRAUD' }, effectiveAt };
    expect(refusal(await api.post(licenseId, 'suspend', fraud, accessToken))).toEqual([403, 'FORBIDDEN']);
    await api.done(licenseId, 'suspend', fraud);
    await api.done(licenseId, 'renewal', { to: 'auto', effectiveAt });
    const { scheduled } = await api.read(licenseId);
    const cancel = (index: number) =>
      api.post(licenseId, 'cancel-scheduled', { eventId: String(scheduled?.[index]?.eventId) }, accessToken);
    expect((await cancel(0)).body.changed).toBe(true);
    expect(refusal(await cancel(1))).toEqual([403, 'FORBIDDEN']);
    expect(refusal(await cancel(2))).toEqual([403, 'FORBIDDEN']);
  });
});

test('A preview of a renewal says when the next term ends as the policy has it, and renews nothing', async () => {
  const { licenseId } = await ledger.issue({ term: { duration: 'P1Y' } });
  const { status, body } = await api.post(licenseId, 'renew?preview=true', {});
  expect([status, body.changed, body.paidTerm, body.before?.term?.number]).toEqual([200, false, null, 1]);
  expect(await api.historyOf(licenseId)).toEqual([]);
  const renewed = await api.done(licenseId, 'renew', {});
  expect(body.after?.term).toEqual(renewed.term);
  await api.post(licenseId, 'revoke', { reason });
  expect(refusal(await api.post(licenseId, 'renew?preview=true', {}))).toEqual([409, 'LICENSE_REVOKED']);
});

test('Meters go on after an early renewal, and begin at zero when the renewed term starts', async () => {
  const { licenseId, licenseKey } = await ledger.issue({
    term: { duration: 'P1D' },
    limits: { meters: { builds: 100 } },
  });
  const use = (quantity: number) =>
    ledger.call('POST', '/v1/licenses/usage', { body: { licenseKey, meter: 'builds', quantity } });
  expect((await use(90)).body.usage).toMatchObject({ total: 90 });
  expect((await api.done(licenseId, 'renew', { duration: 'P1D' })).usage?.meters).toEqual({ builds: 90 });
  expect(refusal(await use(11))).toEqual([409, 'QUOTA_EXCEEDED']);
  const seen = await api.send('GET', licenseId, '');
  await later(ledger, day + 60, async () => {
    const next = await api.send('GET', licenseId, '');
    expect(next.body.usage?.meters).toEqual({});
    expect(next.headers.get('etag')).not.toBe(seen.headers.get('etag'));
    const { body } = await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey, meters: ['builds'] } });
    expect(body).toMatchObject({ valid: true, limits: { meters: { builds: { used: 0, max: 100 } } } });
    expect((await use(100)).body.usage).toMatchObject({ total: 100 });
  });
});

describe('The renewal at the end of the term', () => {
  test('is set immediately and once', async () => {
    const { licenseId } = await ledger.issue();
    const { term } = await api.done(licenseId, 'renewal', { to: 'cancelAtPeriodEnd', reason });
    expect(term?.renewal).toBe('cancelAtPeriodEnd');
    await api.done(licenseId, 'renewal', { to: 'cancelAtPeriodEnd' }, false);
  });

  test('can be scheduled and withdrawn', async () => {
    const { licenseId } = await ledger.issue();
    const { scheduled } = await api.done(licenseId, 'renewal', { to: 'auto', effectiveAt: inSeconds(day) });
    expect(scheduled).toMatchObject([{ kind: 'RENEWAL', to: 'auto' }]);
    await later(ledger, day + 1, async () =>
      expect(await api.read(licenseId)).toMatchObject({ term: { renewal: 'auto' }, scheduled: [] }),
    );
    await api.done(licenseId, 'cancel-scheduled', { eventId: String(scheduled?.[0]?.eventId) });
    await later(ledger, day + 1, async () => expect((await api.read(licenseId)).term?.renewal).toBe('manual'));
  });
});

test('A license that waits for its first use says so and starts with it', async () => {
  const { licenseId, licenseKey, answer } = await ledger.issue({
    term: { duration: 'P1M', basis: 'FIRST_ACTIVATION' },
  });
  expect(answer.body.license?.term).toMatchObject({
    number: 0,
    startsAt: null,
    expiresAt: null,
    timeZone: 'UTC',
    awaits: { trigger: 'FIRST_ACTIVATION', duration: 'P1M' },
  });
  await ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey, fingerprint: 'first' } });
  expect((await api.read(licenseId)).term).toMatchObject({ number: 1, awaits: null, expiresAt: expect.any(String) });
});
