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
import { archivedCodes, onSaleIn, productChoices } from '../../src/console/screens/catalog/product-choices.ts';
import { allRules } from '../../src/console/screens/catalog/rule-kinds.ts';
import { shownVersions } from '../../src/console/screens/catalog/versions-in-address.ts';
import { placeInRow } from '../../src/console/screens/issue/row-faults.ts';
import { roleScreens } from '../../src/console/shell/role-screens.ts';
import { isPermitted } from '../../src/domain/authority.ts';
import { type Role, roles } from '../../src/domain/organization/events.ts';
import { permissions } from '../../src/domain/permissions.ts';
import { policy } from './sample-policy.ts';

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

  test('is in the navigation of every role but GUEST', () => {
    const namesFor = (role: Role) =>
      roleScreens((name) => isPermitted({ kind: 'user', role }, permissions[name], 'own')).map(({ text }) => text);
    expect(roles.filter((role) => !namesFor(role).includes('Catalog'))).toEqual(['GUEST']);
    expect(namesFor('GUEST')).toEqual(['People and keys']);
    const everyScreen = ['Licenses', 'Why refused?', 'Customers', 'Catalog', 'Activity', 'Proof', 'People and keys'];
    expect(namesFor('OWNER')).toEqual(everyScreen);
  });

  test('has a percentage of at least 100 only when use above a limit is up to a percentage', () => {
    const initial = formOfPolicy(policy);
    const formWith = (overage: string, overagePercent: string) => ({
      ...initial,
      rules: { ...initial.rules, overage, overagePercent },
    });
    expect(policyChangeOf(formWith('NONE', 'x'), initial, policy)).toEqual({});
    expect(policyFaultsOf(formWith('NONE', 'x'), initial)).toEqual({});
    for (const percent of ['', '0', '99', '1.5', 'x'])
      expect(Object.keys(policyFaultsOf(formWith('RATIO', percent), initial))).toEqual(['overagePercent']);
    expect(policyChangeOf(formWith('RATIO', '100'), initial, policy)).toEqual({
      overage: { kind: 'RATIO', percent: 100 },
    });
    const ratio = formWith('RATIO', '120');
    expect(policyChangeOf({ ...ratio, rules: { ...ratio.rules, overage: 'ALWAYS' } }, ratio, policy)).toEqual({
      overage: { kind: 'ALWAYS' },
    });
  });

  test('refuses a name that is there twice, and an entitlement without a limit in numbers', () => {
    const [first, second] = [newRow({ name: 'builds', limit: '1' }), newRow({ name: ' builds ', limit: '2' })];
    const grant = newRow({ code: 'sso', limit: 'unlimited' });
    const form = { ...emptyPolicyForm, name: 'Team', meters: [first, second], grants: [grant] };
    expect(policyFaultsOf(form, emptyPolicyForm)).toEqual({
      [placeInRow(second, 'name')]: 'Another row has this name already.',
      [placeInRow(grant, 'limit')]: 'Write a whole number, or nothing. An entitlement has no unlimited limit.',
    });
  });

  test('marks archived products, and a new license gets those on sale', () => {
    const product = (code: string, archivedAt: string | null) => ({ code, name: code.toUpperCase(), archivedAt });
    const listed = [product('draw', null), product('old', '2026-01-01T00:00:00.000Z'), product('gone', '2026-01-01')];
    expect(productChoices(listed, ['old', 'later'])).toEqual([
      { value: 'draw', text: 'DRAW (draw)' },
      { value: 'old', text: 'OLD (old, archived)' },
      { value: 'later', text: 'later' },
    ]);
    const archived = archivedCodes(listed);
    expect(onSaleIn({ ...policy, products: ['draw', 'old'] }, archived).products).toEqual(['draw']);
    expect(onSaleIn({ ...policy, products: ['old'] }, archived).products).toEqual(['old']);
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
