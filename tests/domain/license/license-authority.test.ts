import { describe, expect, test } from 'vitest';
import type { Credential } from '../../../src/domain/authority.ts';
import { fold } from '../../../src/domain/decider.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import type { IssuedLicense } from '../../../src/domain/license/license.ts';
import {
  isForIssuerOnly,
  isPartyTo,
  type LicenseActing,
  type LicensePower,
  licensePermissions,
  refuseActing,
  refuseAssigning,
  refuseReinstating,
  refuseSuspending,
  refuseWithdrawing,
} from '../../../src/domain/license/license-authority.ts';
import type { SuspensionReason } from '../../../src/domain/license/suspension/suspension-events.ts';
import type { Role, Scope } from '../../../src/domain/organization/events.ts';
import { issued, noon, on, tomorrow } from './examples.ts';

const roles: readonly Role[] = ['OWNER', 'ADMIN', 'MEMBER', 'GUEST', 'BILLING', 'AUDITOR'];
const scopes: readonly Scope[] = [
  'licenses:read',
  'licenses:write',
  'licenses:activate',
  'catalog:write',
  'events:read',
  'webhooks:write',
  'members:write',
  'projects:write',
];
const credentials: readonly (readonly [string, Credential])[] = [
  ...roles.map((role) => [role, { kind: 'user', role }] as const),
  ...scopes.map((scope) => [scope, { kind: 'apiKey', scopes: [scope] }] as const),
];

const license = (...events: readonly LicenseEvent[]): IssuedLicense => {
  const state = fold(licenseDecider, [issued({ holderOrgId: 'org_2' }), ...events.map((event) => on(noon, event))]);
  if (state.kind === 'unissued') throw new Error('The example was not issued.');
  return state;
};
const parties = { issuerOrgId: 'org_1', holderOrgId: 'org_2' };
const member = (role: Role, organizationId = 'org_1'): LicenseActing => ({
  kind: 'organization',
  organizationId,
  credential: { kind: 'user', role },
});
const permittedAs = (organizationId: string, power: LicensePower): readonly string[] =>
  credentials.flatMap(([name, credential]) =>
    refuseActing(parties, { kind: 'organization', organizationId, credential }, power) === null ? [name] : [],
  );

describe('the issuer', () => {
  test.each<readonly [LicensePower, readonly string[]]>([
    ['readLicenses', ['OWNER', 'ADMIN', 'MEMBER', 'BILLING', 'AUDITOR', 'licenses:read']],
    ['readHistory', ['OWNER', 'ADMIN', 'BILLING', 'AUDITOR', 'events:read']],
    ['changeLicenses', ['OWNER', 'ADMIN', 'licenses:write']],
    ['renewLicenses', ['OWNER', 'ADMIN', 'BILLING', 'licenses:write']],
    ['suspendLicenses', ['OWNER', 'ADMIN', 'BILLING', 'licenses:write']],
    ['endLicenses', ['OWNER', 'ADMIN', 'licenses:write']],
    ['manageUse', ['OWNER', 'ADMIN', 'licenses:write']],
    ['useLicenses', ['OWNER', 'ADMIN', 'licenses:activate']],
  ])('lets exactly these use %s: %j', (power, permitted) => {
    expect(permittedAs('org_1', power)).toEqual(permitted);
  });
});

describe('the holder', () => {
  test.each<readonly [LicensePower, readonly string[]]>([
    ['readLicenses', ['OWNER', 'ADMIN', 'MEMBER', 'BILLING', 'AUDITOR', 'licenses:read']],
    ['readHistory', ['OWNER', 'ADMIN', 'MEMBER', 'BILLING', 'AUDITOR', 'licenses:read']],
    ['manageUse', ['OWNER', 'ADMIN', 'licenses:activate']],
    ['useLicenses', ['OWNER', 'ADMIN', 'licenses:activate']],
  ])('lets exactly these use %s: %j', (power, permitted) => {
    expect(permittedAs('org_2', power)).toEqual(permitted);
  });
  test.each<LicensePower>(['changeLicenses', 'renewLicenses', 'suspendLicenses', 'endLicenses'])(
    'lets nobody use %s, which is the issuer’s alone',
    (power) => {
      expect(permittedAs('org_2', power)).toEqual([]);
      expect(credentials.every(([, credential]) => isForIssuerOnly(credential, power))).toBe(true);
    },
  );
});

describe('an organization that is neither issuer nor holder', () => {
  test.each(Object.keys(licensePermissions) as LicensePower[])(
    'gets the refusal of an unknown license: %s',
    (power) => {
      expect(refuseActing(parties, member('OWNER', 'org_3'), power)).toMatchObject({
        rejected: 'LICENSE_NOT_FOUND',
        detail: 'There is no such license.',
      });
      expect(permittedAs('org_3', power)).toEqual([]);
    },
  );
  test('neither issued the license nor holds it', () => {
    expect(['org_1', 'org_2', 'org_3'].filter((id) => isPartyTo(parties, id))).toEqual(['org_1', 'org_2']);
    expect(isPartyTo({ ...parties, holderOrgId: null }, 'org_2')).toBe(false);
  });
});

test('a refusal names the required role and the role of the caller', () => {
  expect(refuseActing(parties, member('GUEST'), 'renewLicenses')).toMatchObject({
    rejected: 'FORBIDDEN',
    detail: 'This takes the role OWNER or ADMIN or BILLING; yours is GUEST.',
  });
});

test.each<Credential>([
  { kind: 'user', role: 'OWNER' },
  { kind: 'apiKey', scopes: ['licenses:write'] },
])('a holder learns that only the issuer may do what no credential of a holder may: %j', (credential) => {
  const holder: LicenseActing = { kind: 'organization', organizationId: 'org_2', credential };
  expect(refuseActing(parties, holder, 'changeLicenses')).toMatchObject({
    rejected: 'FORBIDDEN',
    detail: 'Only the issuer may do this.',
  });
});

test('a holder of the key and the program itself act without a role', () => {
  expect(refuseActing(parties, { kind: 'keyHolder', keyVersion: 1 }, 'useLicenses')).toBeNull();
  expect(refuseActing(parties, { kind: 'system' }, 'changeLicenses')).toBeNull();
});

describe('the role BILLING', () => {
  const suspendedFor = (reasonCode: SuspensionReason): LicenseEvent => ({
    type: 'LicenseSuspended',
    data: { reasonCode, until: null },
  });
  const announcedFor = (reasonCode: SuspensionReason): LicenseEvent => ({
    type: 'LicenseSuspended',
    data: { reasonCode, until: null, eventId: 'evt_1' },
    effectiveAt: tomorrow,
  });
  const billing = member('BILLING');
  const forbidden = { rejected: 'FORBIDDEN' };

  test.each<readonly [Role, SuspensionReason, boolean]>([
    ['BILLING', 'PAYMENT', true],
    ['BILLING', 'FRAUD', false],
    ['ADMIN', 'FRAUD', true],
  ])('%s suspends for %s: %j', (role, reasonCode, may) => {
    expect(refuseSuspending({ kind: 'user', role }, reasonCode) === null).toBe(may);
  });
  test('lifts a suspension for PAYMENT', () => {
    expect(refuseReinstating(license(suspendedFor('PAYMENT')), billing)).toBeNull();
  });
  test('does not lift a suspension with another reason', () => {
    expect(refuseReinstating(license(suspendedFor('FRAUD')), billing)).toMatchObject(forbidden);
    const both: LicenseEvent = { type: 'SuspensionReasonAdded', data: { reasonCode: 'FRAUD', until: null } };
    expect(refuseReinstating(license(suspendedFor('PAYMENT'), both), billing)).toMatchObject(forbidden);
  });
  test('does not lift an announced suspension with another reason', () => {
    expect(refuseReinstating(license(announcedFor('FRAUD')), billing)).toMatchObject(forbidden);
    expect(refuseReinstating(license(announcedFor('PAYMENT')), billing)).toBeNull();
  });
  test('withdraws an announced suspension for PAYMENT, and nothing else that was announced', () => {
    expect(refuseWithdrawing(license(announcedFor('PAYMENT')), billing, 'evt_1')).toBeNull();
    expect(refuseWithdrawing(license(announcedFor('FRAUD')), billing, 'evt_1')).toMatchObject(forbidden);
    const renewal: LicenseEvent = {
      type: 'LicenseRenewalChanged',
      data: { from: 'manual', to: 'auto', eventId: 'evt_1' },
      effectiveAt: tomorrow,
    };
    expect(refuseWithdrawing(license(renewal), billing, 'evt_1')).toMatchObject(forbidden);
  });
  test('gets the refusal of the license when there is no such change', () => {
    expect(refuseWithdrawing(license(announcedFor('FRAUD')), billing, 'evt_2')).toBeNull();
  });
  test.each<Role>(['OWNER', 'ADMIN'])('%s lifts and withdraws suspensions with any reason', (role) => {
    expect(refuseReinstating(license(suspendedFor('FRAUD')), member(role))).toBeNull();
    expect(refuseWithdrawing(license(announcedFor('FRAUD')), member(role), 'evt_1')).toBeNull();
  });
});

describe('users are assigned', () => {
  test('by the holder of the license, and not by its issuer', () => {
    expect(refuseAssigning(license(), member('OWNER', 'org_2'))).toBeNull();
    expect(refuseAssigning(license(), member('OWNER', 'org_1'))).toMatchObject({ rejected: 'FORBIDDEN' });
  });
  test('by the issuer when the license has no holder', () => {
    const state = license();
    const withoutHolder = { ...state, facts: { ...state.facts, holderOrgId: null } };
    expect(refuseAssigning(withoutHolder, member('ADMIN', 'org_1'))).toBeNull();
  });
});
