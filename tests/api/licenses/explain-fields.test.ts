import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issueDirectly, sendTo } from '../../support/issue-directly.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

type Event = { readonly type: string; readonly revision: number; readonly reason: object | null };
type Field = {
  readonly field: string;
  readonly value: unknown;
  readonly before: unknown;
  readonly setBy: Event | null;
  readonly byTime: { readonly since: string; readonly from: string; readonly announcedBy: Event | null } | null;
};

const call = (method: string, path: string, body: object, key = ledger.a.apiKey) =>
  ledger.call(method, path, { key, body });
const get = (path: string, key = ledger.a.apiKey) => ledger.call('GET', path, { key });
const explain = async (licenseId: string, { query = '', key = ledger.a.apiKey } = {}) => {
  const { status, body } = await get(`/v1/licenses/${licenseId}/explain${query}`, key);
  expect(status).toBe(200);
  return body as unknown as { readonly fields: readonly Field[]; readonly revision: number; readonly at: string };
};
const fieldOf = ({ fields }: { readonly fields: readonly Field[] }, name: string) =>
  fields.find(({ field }) => field === name);
const now = () => new Date(Date.parse(ledger.needs.now())).toISOString();

describe('The explanation of a license', () => {
  test('has every field with its value, and the event that set it with its actor and reason', async () => {
    const { licenseId } = await ledger.issue({ limits: { activations: 2 } });
    const reason = { code: 'CUSTOMER_REQUEST', text: 'Asked by phone' };
    await call('POST', `/v1/licenses/${licenseId}/limits`, { limits: { activations: 7 }, reason });
    const { body: license } = await get(`/v1/licenses/${licenseId}`);
    const { body: history } = await get(`/v1/licenses/${licenseId}/history?order=desc&limit=1`);
    const answer = await explain(licenseId);
    // Observations of use and metadata are in no event.
    const {
      metadata: _,
      recorded: __,
      lastValidatedAt: ___,
      recentValidations: ____,
      ...folded
    } = license as Record<string, object>;
    const { term, limits, usage, revision, ...others } = folded;
    const inside = Object.entries({ term, limits, usage }).flatMap(([name, fields]) =>
      Object.entries(fields ?? {}).map(([field, value]) => [`${name}.${field}`, value]),
    );
    const shown = Object.fromEntries(answer.fields.map(({ field, value }) => [field, value]));
    expect(shown).toEqual({ ...others, ...Object.fromEntries(inside) });
    expect(answer.revision).toBe(revision);
    const [event] = Object.values(history.data ?? {}) as unknown as readonly Record<string, unknown>[];
    const { id: eventId, type, recordedAt, effectiveAt, actor } = event ?? {};
    expect(fieldOf(answer, 'limits.activations')).toMatchObject({
      ...{ value: 7, before: 2, byTime: null },
      setBy: { eventId, type, revision, recordedAt, effectiveAt, actor, reason },
    });
    expect(fieldOf(answer, 'tier')).toMatchObject({ before: null, setBy: { type: 'LicenseIssued', revision: 0 } });
  });

  test('names what time alone changed: by the announcement, or by the field that has the instant', async () => {
    const term = { kind: 'duration', duration: 'PT1H', startsAt: null } as const;
    const { licenseId } = await issueDirectly(ledger, { term });
    const { body: license } = await get(`/v1/licenses/${licenseId}`);
    const since = (license.term as unknown as { readonly expiresAt: string }).expiresAt;
    ledger.clock.aheadMs = 7_200_000;
    const derived = { value: 'EXPIRED', setBy: { type: 'LicenseIssued' }, byTime: { since, from: 'term.expiresAt' } };
    expect(fieldOf(await explain(licenseId), 'status')).toMatchObject({ ...derived, byTime: { announcedBy: null } });
    await sendTo(ledger, licenseId, { type: 'Expire', data: { termNumber: 1 } });
    const announced = fieldOf(await explain(licenseId), 'status');
    expect(announced).toMatchObject(derived);
    expect(announced?.byTime?.announcedBy).toMatchObject({ type: 'LicenseExpired', effectiveAt: since });
    ledger.clock.aheadMs = 0;
  });

  test('shows the license as of an instant', async () => {
    const { licenseId } = await ledger.issue();
    await call('POST', `/v1/licenses/${licenseId}/suspend`, { reason: { code: 'FRAUD' } });
    const then = now();
    ledger.clock.aheadMs = 60_000;
    await call('POST', `/v1/licenses/${licenseId}/reinstate`, {});
    const suspended = { value: 'SUSPENDED', before: 'ACTIVE', setBy: { type: 'LicenseSuspended' } };
    const reinstated = { value: 'ACTIVE', before: 'SUSPENDED', setBy: { type: 'LicenseReinstated' } };
    expect(fieldOf(await explain(licenseId), 'status')).toMatchObject(reinstated);
    expect(fieldOf(await explain(licenseId, { query: `?asOf=${then}` }), 'status')).toMatchObject(suspended);
    ledger.clock.aheadMs = 0;
    const later = await get(`/v1/licenses/${licenseId}/explain?asOf=2099-01-01T00:00:00Z`);
    expect([later.status, later.body.errors]).toMatchObject([400, [{ pointer: '?asOf' }]]);
  });

  test('hides from a holder the events from before it held the license, and the license from others', async () => {
    const { licenseId } = await ledger.issue({ externalRef: 'secret-before' });
    await call('PATCH', `/v1/licenses/${licenseId}`, { externalRef: 'after' });
    await ledger.consent(ledger.b.organizationId);
    const data = {
      toHolderOrgId: ledger.b.organizationId,
      accepted: true,
      expiry: 'KEEP',
      activations: 'KEEP',
    } as const;
    await sendTo(ledger, licenseId, { type: 'Transfer', data });
    const held = await explain(licenseId, { key: ledger.b.apiKey });
    expect(fieldOf(held, 'holderOrganizationId')).toMatchObject({
      setBy: { type: 'LicenseTransferred' },
      before: null,
    });
    expect(fieldOf(held, 'externalRef')).toEqual({
      ...{ field: 'externalRef', value: 'after', setBy: null, before: null, byTime: null },
    });
    expect(JSON.stringify(held)).not.toContain('secret-before');
    const stranger = await ledger.createVendor('Stranger');
    const hidden = await get(`/v1/licenses/${licenseId}/explain`, stranger.apiKey);
    expect([hidden.status, hidden.body.code]).toEqual([404, 'LICENSE_NOT_FOUND']);
  });
});
