import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlatformLicenseOf, tierOf } from '../../src/application/organizations/platform-license.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import { createLog, customer, rival, testId, testInstant, vendor } from '../support/license-fixtures.ts';
import { createReadModels, project } from '../support/read-models.ts';

// The vendor is the platform: what it issues to others counts.
const platformOrgId = vendor;
const [upgraded, lapsed, held, graced, none] = ['upgraded', 'lapsed', 'suspended', 'graced', 'none'].map((name) =>
  testId('org', name),
) as [string, string, string, string, string];

let models: Awaited<ReturnType<typeof createReadModels>>;
const ledger = createLog();
const issueTo = (
  holderOrgId: string,
  tier: PinnedPolicy['tier'],
  over: Partial<PinnedPolicy> = {},
  expiresAt = 5_000,
) =>
  ledger.issue(`${tier} of ${holderOrgId}`, {
    holderOrgId,
    policy: { tier, ...over },
    expiresAt: testInstant(expiresAt),
  });

beforeAll(async () => {
  models = await createReadModels();
  issueTo(customer, 'PRO');
  issueTo(upgraded, 'FREE');
  issueTo(upgraded, 'ENTERPRISE');
  ledger.revoke(issueTo(upgraded, 'TRIAL'));
  issueTo(lapsed, 'ENTERPRISE', {}, 100);
  issueTo(graced, 'ENTERPRISE', { expiryGraceSeconds: 1_000 }, 500);
  ledger.suspend(issueTo(held, 'ENTERPRISE'));
  // From somebody who is not the platform: everybody could give themselves any tier so.
  ledger.issue('from the rival', { issuerOrgId: rival, holderOrgId: none, policy: { tier: 'ENTERPRISE' } });
  await project(models.projector, ledger.log);
});
afterAll(() => models.drop());

const reader = (over: { platformOrgId?: string | null; clock?: { seconds: number } } = {}) =>
  createPlatformLicenseOf({
    pool: models.api,
    platformOrgId,
    now: () => testInstant(over.clock?.seconds ?? 1_000),
    ...over,
  });

test('An organization has the tier and entitlements of its platform license', async () => {
  expect(await reader()(customer)).toEqual({
    tier: 'PRO',
    entitlements: [{ code: 'export', value: null, limit: 100, until: null, source: 'grant' }],
  });
  expect(tierOf(await reader()(customer), 'FREE')).toBe('PRO');
});

test('The highest of several working licenses counts, also in grace', async () => {
  expect(await reader()(upgraded)).toMatchObject({ tier: 'ENTERPRISE' });
  expect(await reader()(graced)).toMatchObject({ tier: 'ENTERPRISE' });
});

test('Without a working license of the platform the default tier applies', async () => {
  for (const organizationId of [lapsed, held, none, rival, testId('org', 'unknown')]) {
    expect(await reader()(organizationId)).toBeNull();
    expect(tierOf(await reader()(organizationId), 'TRIAL')).toBe('TRIAL');
  }
});

test('Without a platform no license is read', async () => {
  expect(await reader({ platformOrgId: null })(customer)).toBeNull();
});

test('An answer is at most a minute old, and concurrent requests share one query', async () => {
  const clock = { seconds: 1_000 };
  const platformLicense = reader({ clock });
  const asked = await Promise.all(Array.from({ length: 50 }, () => platformLicense(customer)));
  expect(new Set(asked).size).toBe(1);
  clock.seconds = 1_059;
  expect(await platformLicense(customer)).toBe(asked[0]);
  clock.seconds = 1_060;
  expect(await platformLicense(customer)).not.toBe(asked[0]);
});

test('A failed query is repeated', async () => {
  let fails = true;
  const pool = Object.create(models.api, {
    connect: { value: async () => (fails ? Promise.reject(new Error('lost')) : models.api.connect()) },
  });
  const platformLicense = createPlatformLicenseOf({ pool, platformOrgId, now: () => testInstant(1_000) });
  await expect(platformLicense(customer)).rejects.toThrow('lost');
  fails = false;
  expect(await platformLicense(customer)).toMatchObject({ tier: 'PRO' });
});
