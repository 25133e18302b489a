import { describe, expect, test } from 'vitest';
import { durationText, isoDurationIn, secondsIn, secondsText } from '../../src/console/parts/durations.ts';
import { newRow } from '../../src/console/parts/input-rows.ts';
import { changedPolicy } from '../../src/console/screens/catalog/changed-policy.ts';
import { countsByVersion } from '../../src/console/screens/catalog/pins.ts';
import {
  emptyPolicyForm,
  formOfPolicy,
  policyChangeOf,
  policyFaultsOf,
} from '../../src/console/screens/catalog/policy-form.ts';
import { differencesOf, fieldsOf } from '../../src/console/screens/catalog/policy-values.ts';
import { allRules } from '../../src/console/screens/catalog/rule-kinds.ts';
import { shownVersions } from '../../src/console/screens/catalog/versions-in-address.ts';
import { emptyForm, faultsOf, type IssueForm, issueBodyOf } from '../../src/console/screens/issue/issue-form.ts';
import { previewOf } from '../../src/console/screens/issue/issue-preview.ts';
import type { Policy } from '../../src/console/types.ts';
import { isPermitted } from '../../src/domain/authority.ts';
import { type Role, roles } from '../../src/domain/organization/events.ts';
import { permissions } from '../../src/domain/permissions.ts';

const policy: Policy = {
  ...{ id: 'pol_1', version: 2, name: 'Team', tier: 'PRO', type: 'SUBSCRIPTION', expiryStrategy: 'RESTRICT' },
  ...{ expiryGraceSeconds: 604_800, validationTtlSeconds: 86_400, offlineGraceSeconds: 5_400 },
  ...{ overage: { kind: 'NONE' }, limitStrategy: 'ALLOW_OVER' },
  deactivation: { allowed: true, cooldownSeconds: 0, maxPerTerm: null },
  ...{ fingerprintMatching: 'EXACT', componentCheck: 'NONE', fingerprintUniqueness: 'LICENSE' },
  ...{ fingerprintRequired: false, productRequired: false },
  lease: { scope: 'MACHINE', ttlSeconds: 360, resurrectSeconds: 0, borrowMaxSeconds: 0 },
  ...{ heartbeatSeconds: null, remindBefore: ['P30D', 'P1Y6M'], trialEnd: 'EXPIRE', trialDays: 'DROP' },
  ...{ trialAddressIgnores: ['TAG'], reinstateOnPayment: true, transferable: true, renewUntilSeconds: null },
  ...{ renewalDuration: null, renewalBasis: null, checkInSeconds: null, userRequired: false, versionRequired: false },
  ...{ environmentRequired: false, releasedAtRequired: false, leaseRequired: false, environment: null },
  ...{ maintenance: 'TERM', versions: { from: '1.0.0', below: null }, deactivateOnUnassign: false },
  ...{ devicesPerUser: null, deactivateUnseenAfter: 'P90D', usagePerMinute: 600, keepAddressPrefix: false },
  ...{ reclaimBorrowed: false, deactivateByKey: 'ANY', deviceNamesByKey: false, products: ['draw'] },
  term: { basis: 'ISSUE', duration: 'P1Y' },
  limits: {
    ...{ activations: 25, seats: 0, users: 'unlimited' },
    meters: { builds: { limit: 100, resets: 'P1M', overage: { kind: 'RATIO', percent: 120 } } },
  },
  entitlements: [{ code: 'export', value: null, limit: 5, until: '2030-01-01T00:00:30.000Z', source: 'tier' }],
  ...{ createdAt: '2026-01-01T00:00:00.000Z', versionCreatedAt: '2026-02-01T00:00:00.000Z', archivedAt: null },
};

describe('A length of time in the console', () => {
  test.each([
    ['1 year', 'P1Y'],
    ['30 days', 'P30D'],
    ['6 months', 'P6M'],
    ['12 hours', 'PT12H'],
    ['2 weeks', 'P2W'],
    ['P1Y6M', 'P1Y6M'],
  ])('is understood when a person writes %s', (text, iso) => expect(isoDurationIn(text)).toBe(iso));

  test.each(['', 'soon', '0 days', '1 parsec', 'P'])('is refused when it is %j', (text) =>
    expect(isoDurationIn(text)).toBeNull(),
  );

  test('is written in words', () => {
    expect(['P1Y', 'P14D', 'P1Y6M', 'odd'].map(durationText)).toEqual(['1 year', '14 days', '1 year, 6 months', 'odd']);
    expect([0, 90, 5_400, 604_800].map(secondsText)).toEqual(['0 seconds', '90 seconds', '90 minutes', '7 days']);
    expect(['7 days', '12 h', '90', 'soon'].map(secondsIn)).toEqual([604_800, 43_200, 90, null]);
  });
});

describe('The form of a policy', () => {
  test('changes nothing when nothing was typed', () => {
    const form = formOfPolicy(policy);
    expect(policyFaultsOf(form, form)).toEqual({});
    expect(policyChangeOf(form, form, policy)).toEqual({});
    expect(differencesOf(policy, changedPolicy(policy, {}))).toEqual([]);
  });

  test('names only what was changed, and keeps what it cannot show', () => {
    const initial = formOfPolicy(policy);
    const form = {
      ...initial,
      activations: '30',
      meters: [...initial.meters, newRow({ name: 'exports', limit: 'unlimited' })],
      grants: [...initial.grants, newRow({ code: 'sso' })],
      rules: { ...initial.rules, 'lease.ttlSeconds': '10 minutes', overage: 'RATIO', overagePercent: '150' },
    };
    const change = policyChangeOf(form, initial, policy);
    expect(change).toEqual({
      limits: {
        activations: 30,
        meters: {
          builds: { limit: 100, resets: 'P1M', overage: { kind: 'RATIO', percent: 120 } },
          exports: 'unlimited',
        },
      },
      entitlements: [{ code: 'export', limit: 5, until: '2030-01-01T00:00:30.000Z' }, { code: 'sso' }],
      lease: { ttlSeconds: 600 },
      overage: { kind: 'RATIO', percent: 150 },
    });
    expect(differencesOf(policy, changedPolicy(policy, change)).map(({ name, after }) => [name, after])).toEqual([
      ['Devices', '30'],
      ['Meter exports', 'unlimited'],
      ['Entitlement sso', 'granted'],
      ['Use above a limit', 'up to 150 % of the limit'],
      ['A seat is kept without a heartbeat for', '10 minutes'],
    ]);
  });

  test('takes a rule away when its field is emptied', () => {
    const initial = formOfPolicy(policy);
    const emptied = { maintenance: '', 'versions.from': '', trialAddressIgnores: '', remindBefore: '' };
    const change = policyChangeOf({ ...initial, rules: { ...initial.rules, ...emptied } }, initial, policy);
    expect(change).toEqual({ maintenance: null, versions: null, trialAddressIgnores: [], remindBefore: [] });
  });

  test('says what is wrong in each field', () => {
    const form = {
      ...emptyPolicyForm,
      activations: 'many',
      rules: { expiryGraceSeconds: 'long', usagePerMinute: 'x' },
    };
    expect(Object.keys(policyFaultsOf(form, emptyPolicyForm))).toEqual([
      ...['name', 'activations', 'expiryGraceSeconds', 'usagePerMinute'],
    ]);
  });

  test('has a name and a value in words for every rule', () => {
    const shown = fieldsOf(policy);
    expect(new Set(shown.map(({ key }) => key)).size).toBe(shown.length);
    expect(shown.filter(({ name, value }) => name === '' || value === '')).toEqual([]);
    const named = new Set(allRules.map(({ path }) => path.split('.')[0]));
    const others = ['id', 'version', 'name', 'tier', 'products', 'term', 'limits', 'entitlements'];
    const dates = ['createdAt', 'versionCreatedAt', 'archivedAt'];
    expect(Object.keys(policy).filter((field) => !named.has(field) && ![...others, ...dates].includes(field))).toEqual(
      [],
    );
  });

  test('shows the latest version with the one before, unless the address says otherwise', () => {
    expect(shownVersions({}, 3)).toEqual({ version: 3, compare: 2 });
    expect(shownVersions({ version: 1 }, 3)).toEqual({ version: 1, compare: null });
    expect(shownVersions({ version: 9, compare: 1 }, 3)).toEqual({ version: 3, compare: 1 });
    expect(shownVersions({ compare: 0 }, 3)).toEqual({ version: 3, compare: null });
  });

  test('is there for every role but GUEST, whose navigation has no catalog', () => {
    const mayRead = (role: Role) => isPermitted({ kind: 'user', role }, permissions.readCatalog);
    expect(roles.filter((role) => !mayRead(role))).toEqual(['GUEST']);
  });

  test('counts the licenses of each version, the latest first', () => {
    const pinned = [1, 3, 1].map(
      (version) => ({ policy: { version } }) as Parameters<typeof countsByVersion>[0][number],
    );
    expect(countsByVersion(pinned)).toEqual([
      [3, 1],
      [1, 2],
    ]);
  });
});

describe('The form that issues a license', () => {
  const form = { ...emptyForm, policyId: 'pol_1' };

  test('sends only what differs from the policy', () => {
    expect(issueBodyOf(form, null)).toEqual({ policyId: 'pol_1' });
    const typed = {
      ...{
        version: '1',
        term: 'duration' as const,
        duration: '30 days',
        activations: 'Unlimited',
        reference: ' order 1 ',
      },
      ...{ grants: [newRow({ code: 'sso', kind: 'withheld' })], reasonCode: 'PURCHASE', note: 'by phone' },
    };
    expect(issueBodyOf({ ...form, ...typed }, 'lic_1')).toEqual({
      ...{ policyId: 'pol_1', policyVersion: 1, term: { duration: 'P30D' }, limits: { activations: 'unlimited' } },
      ...{ externalRef: 'order 1', entitlements: [{ code: 'sso', withheld: true }], replaces: 'lic_1' },
      reason: { code: 'PURCHASE', text: 'by phone' },
    });
  });

  test('says what is wrong in each field', () => {
    const wrong: IssueForm = {
      ...emptyForm,
      ...{ products: [], seats: '-1', term: 'expiresAt' as const, note: 'why', meters: [newRow()] },
    };
    expect(Object.keys(faultsOf(wrong)).sort()).toEqual([
      ...['expiresAt', 'meters', 'policyId', 'products', 'reasonCode', 'seats'],
    ]);
    expect(faultsOf(form)).toEqual({});
  });

  test('foretells the end in the calendar of the issuer', () => {
    const moment = { at: '2027-01-31T12:00:00.000Z', timeZone: 'Europe/Berlin' };
    const body = issueBodyOf({ ...form, term: 'duration', duration: '1 month' }, null);
    const ends = previewOf(policy, body, moment).find(({ name }) => name === 'Ends');
    expect(ends).toMatchObject({ isChanged: true, value: expect.stringContaining('Feb 28, 2027') });
  });
});
