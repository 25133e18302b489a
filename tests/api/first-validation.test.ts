import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { issueDirectly, sendTo } from '../support/issue-directly.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { sized } from '../support/size.ts';

let ledger: Ledger;
let store: ReturnType<Ledger['store']['connect']>;
beforeAll(async () => {
  ledger = await startLedger();
  store = ledger.store.connect();
});
afterAll(() => ledger.stop());

const validate = (licenseKey: string, named: object = {}) =>
  ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey, ...named } });
const waiting = { term: { kind: 'firstValidation', duration: 'P1D' } } as const;
const eventsOf = async (licenseId: string) => (await store.read(licenseAggregate.stream(licenseId))).events;
const starts = async (licenseId: string) =>
  (await eventsOf(licenseId)).filter(({ type }) => type === 'LicenseTermStarted');

describe('A term that waits for the first validation', () => {
  test('starts with a valid first validation, and a second one changes nothing', async () => {
    const { licenseId, licenseKey } = await issueDirectly(ledger, waiting);
    const first = await validate(licenseKey);
    expect(first.body).toMatchObject({ valid: true, code: 'VALID', status: 'ACTIVE', revision: 2 });
    const [start] = await starts(licenseId);
    expect(start).toMatchObject({
      data: { trigger: 'FIRST_VALIDATION', termNumber: 1, startsAt: first.body.asOf, expiresAt: first.body.expiresAt },
      metadata: { actor: { type: 'CLIENT', id: licenseId } },
    });
    const second = await validate(licenseKey);
    expect(second.body).toMatchObject({ code: 'VALID', expiresAt: first.body.expiresAt, revision: 2 });
    expect(second.headers.get('ledger-position')).toBeNull();
  });

  test('starts once for concurrent validations, and all get the same answer', async () => {
    const { licenseId, licenseKey } = await issueDirectly(ledger, waiting);
    const answers = await Promise.all(Array.from({ length: sized(1_000) }, () => validate(licenseKey)));
    expect(new Set(answers.map(({ body }) => body.code))).toEqual(new Set(['VALID']));
    expect(new Set(answers.map(({ body }) => body.expiresAt)).size).toBe(1);
    expect(await starts(licenseId)).toHaveLength(1);
  });

  test('does not start while the license is invalid for another reason', async () => {
    const { licenseId, licenseKey } = await issueDirectly(ledger, waiting);
    const refused = await validate(licenseKey, { product: 'workflow_app' });
    expect(refused.body).toMatchObject({ code: 'NOT_YET_VALID', reasons: ['NOT_YET_VALID', 'PRODUCT_NOT_LICENSED'] });
    await sendTo(ledger, licenseId, { type: 'Suspend', data: { reasonCode: 'ADMIN', until: null } });
    expect((await validate(licenseKey)).body.code).toBe('SUSPENDED');
    expect(await starts(licenseId)).toEqual([]);
  });

  test('starts for a device that is not activated yet', async () => {
    const { licenseKey } = await issueDirectly(ledger, { ...waiting, policy: { fingerprintRequired: true } });
    const activate = () =>
      ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey, fingerprint: 'laptop' } });
    expect((await validate(licenseKey, { fingerprint: 'laptop' })).body.code).toBe('NOT_ACTIVATED');
    expect((await activate()).status).toBe(201);
    expect((await validate(licenseKey, { fingerprint: 'laptop' })).body.code).toBe('VALID');
  });

  test('does not start by a validation when it waits for the first activation', async () => {
    const term = { kind: 'firstActivation', duration: 'P1D' } as const;
    const { licenseId, licenseKey } = await issueDirectly(ledger, { term });
    expect((await validate(licenseKey)).body.code).toBe('NOT_ACTIVATED');
    expect(await starts(licenseId)).toEqual([]);
  });
});

describe('A vendor who reads a license', () => {
  const validateById = (licenseId: string, key: string) =>
    ledger.call('POST', '/v1/licenses/validate', { key, body: { licenseId } });

  test('begins no term, and the application does, by its key or by an API key', async () => {
    const owner = await ledger.createMember(ledger.a.organizationId, 'OWNER');
    const [byKey, byId] = [await issueDirectly(ledger, waiting), await issueDirectly(ledger, waiting)];
    for (const { licenseId } of [byKey, byId]) {
      const looked = await validateById(licenseId, owner.accessToken);
      expect(looked.body).toMatchObject({ valid: false, code: 'NOT_YET_VALID' });
      expect(await starts(licenseId)).toEqual([]);
    }
    expect((await validate(byKey.licenseKey)).body.code).toBe('VALID');
    expect((await validateById(byId.licenseId, ledger.a.apiKey)).body.code).toBe('VALID');
    expect(await starts(byId.licenseId)).toHaveLength(1);
  });

  test('does not check it in', async () => {
    const owner = await ledger.createMember(ledger.a.organizationId, 'OWNER');
    const { licenseId } = await issueDirectly(ledger, { policy: { checkInSeconds: 86_400 } });
    expect((await validateById(licenseId, owner.accessToken)).body.code).toBe('VALID');
    const sql = 'select count(*)::int as count from ops.license_check_ins where license_id = $1';
    const checkIns = async () =>
      (await ledger.database.superuser.query<{ count: number }>(sql, [licenseId])).rows[0]?.count;
    expect(await checkIns()).toBe(0);
    await validateById(licenseId, ledger.a.apiKey);
    expect(await checkIns()).toBe(1);
  });
});

describe('A license that must check in', () => {
  const daily = { policy: { checkInSeconds: 86_400 } };
  const ahead = async (seconds: number, work: () => Promise<unknown>) => {
    ledger.clock.aheadMs = seconds * 1_000;
    return work().finally(() => {
      ledger.clock.aheadMs = 0;
    });
  };
  const codeIn = (seconds: number, licenseKey: string, named: object = {}) =>
    ahead(seconds, async () => (await validate(licenseKey, named)).body.code);

  test('is overdue after too long, says so once, and is on time again', async () => {
    const { licenseKey } = await issueDirectly(ledger, daily);
    expect(await codeIn(86_000, licenseKey)).toBe('VALID');
    expect(await codeIn(86_000 + 86_300, licenseKey)).toBe('VALID');
    expect(await codeIn(86_000 + 86_300 + 86_400, licenseKey)).toBe('CHECK_IN_OVERDUE');
    expect(await codeIn(86_000 + 86_300 + 86_400, licenseKey)).toBe('VALID');
  });

  test('is not checked in by a validation that fails for another reason', async () => {
    const { licenseKey } = await issueDirectly(ledger, daily);
    const wrong = { product: 'workflow_app' };
    expect(await codeIn(86_000, licenseKey, wrong)).toBe('PRODUCT_NOT_LICENSED');
    expect(await codeIn(86_500, licenseKey, wrong)).toBe('CHECK_IN_OVERDUE');
    expect(await codeIn(86_500, licenseKey)).toBe('CHECK_IN_OVERDUE');
  });

  test('stores a check-in at most once a minute', async () => {
    const { licenseId, licenseKey } = await issueDirectly(ledger, daily);
    const noted = async () => {
      const sql = 'select checked_in_at from ops.license_check_ins where license_id = $1';
      return (await ledger.database.superuser.query<{ checked_in_at: Date }>(sql, [licenseId])).rows[0]?.checked_in_at;
    };
    await codeIn(1_000, licenseKey);
    const first = await noted();
    await codeIn(1_030, licenseKey);
    expect(await noted()).toEqual(first);
    await codeIn(1_070, licenseKey);
    expect((await noted())?.getTime()).toBeGreaterThan(first?.getTime() ?? 0);
  });

  test('limits the cache time so that the next check-in is on time', async () => {
    const { licenseKey } = await issueDirectly(ledger, daily);
    expect((await validate(licenseKey)).body.ttlSeconds).toBe(43_200);
  });
});

test('The answer names the requested features and meters that are missing', async () => {
  const { licenseKey } = await issueDirectly(ledger);
  expect((await validate(licenseKey)).body).toMatchObject({ missingEntitlements: [], exceededMeters: [] });
});
