import { describe, expect, test } from 'vitest';
import type { Credential } from '../../../src/domain/authority.ts';
import { fold } from '../../../src/domain/decider.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import type { IssuedLicense } from '../../../src/domain/license/license.ts';
import {
  isAdministrator,
  isForIssuerOnly,
  isPartyTo,
  type LicenseActing,
  type LicensePower,
  licensePermissions,
  refuseActing,
  refuseAssigning,
  refuseBeyondProducts,
  refuseReinstating,
  refuseSuspending,
  refuseWithdrawing,
} from '../../../src/domain/license/license-authority.ts';
import { type SuspensionReason, suspensionReasons } from '../../../src/domain/license/suspension/suspension-events.ts';
import type { Role, Scope } from '../../../src/domain/organization/events.ts';
import { hasPermission, type PermissionName, permissions } from '../../../src/domain/permissions.ts';
import { issued, noon, on, tomorrow } from './examples.ts';

const roles: readonly Role[] = [
  'OWNER',
  'ADMIN',
  'MEMBER',
  'GUEST',
  'BILLING',
  'AUDITOR',
  'SUPPORT',
  'SALES',
  'DEVELOPER',
];
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
const parties = { issuerOrgId: 'org_1', holderOrgId: 'org_2', products: ['app'] };
const member = (role: Role, organizationId = 'org_1'): LicenseActing => ({
  kind: 'organization',
  organizationId,
  credential: { kind: 'user', role },
});
const announcedRenewal: LicenseEvent = {
  type: 'LicenseRenewalChanged',
  data: { from: 'manual', to: 'auto', eventId: 'evt_1' },
  effectiveAt: tomorrow,
};
const permittedAs = (organizationId: string, power: LicensePower): readonly string[] =>
  credentials.flatMap(([name, credential]) =>
    refuseActing(parties, { kind: 'organization', organizationId, credential }, power) === null ? [name] : [],
  );

const readers = ['OWNER', 'ADMIN', 'MEMBER', 'BILLING', 'AUDITOR', 'SUPPORT', 'SALES', 'DEVELOPER'];

describe('the issuer', () => {
  test.each<readonly [LicensePower, readonly string[]]>([
    ['readLicenses', [...readers, 'licenses:read']],
    ['readHistory', ['OWNER', 'ADMIN', 'BILLING', 'AUDITOR', 'SUPPORT', 'events:read']],
    ['changeLicenses', ['OWNER', 'ADMIN', 'licenses:write']],
    ['sellLicenses', ['OWNER', 'ADMIN', 'SALES', 'licenses:write']],
    ['renewLicenses', ['OWNER', 'ADMIN', 'BILLING', 'SALES', 'licenses:write']],
    ['suspendLicenses', ['OWNER', 'ADMIN', 'BILLING', 'SUPPORT', 'licenses:write']],
    ['withdrawChanges', ['OWNER', 'ADMIN', 'BILLING', 'SUPPORT', 'SALES', 'licenses:write']],
    ['endLicenses', ['OWNER', 'ADMIN', 'licenses:write']],
    ['manageUse', ['OWNER', 'ADMIN', 'SUPPORT', 'licenses:write']],
    ['assignUsers', ['OWNER', 'ADMIN', 'licenses:write']],
    ['releaseSeats', ['OWNER', 'ADMIN', 'SUPPORT', 'licenses:activate']],
    ['useLicenses', ['OWNER', 'ADMIN', 'licenses:activate']],
  ])('lets exactly these use %s: %j', (power, permitted) => {
    expect(permittedAs('org_1', power)).toEqual(permitted);
  });
});

describe('the holder', () => {
  test.each<readonly [LicensePower, readonly string[]]>([
    ['readLicenses', [...readers, 'licenses:read']],
    ['readHistory', [...readers, 'licenses:read']],
    ['manageUse', ['OWNER', 'ADMIN', 'licenses:activate']],
    ['assignUsers', ['OWNER', 'ADMIN', 'licenses:activate']],
    ['releaseSeats', ['OWNER', 'ADMIN', 'licenses:activate']],
    ['useLicenses', ['OWNER', 'ADMIN', 'licenses:activate']],
  ])('lets exactly these use %s: %j', (power, permitted) => {
    expect(permittedAs('org_2', power)).toEqual(permitted);
  });
  test.each<LicensePower>([
    'changeLicenses',
    'sellLicenses',
    'renewLicenses',
    'suspendLicenses',
    'withdrawChanges',
    'endLicenses',
  ])('lets nobody use %s, which is the issuer’s alone', (power) => {
    expect(permittedAs('org_2', power)).toEqual([]);
    expect(credentials.every(([, credential]) => isForIssuerOnly(credential, power))).toBe(true);
  });
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
    detail: 'This takes the role OWNER or ADMIN or BILLING or SALES; yours is GUEST.',
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

// A role suspends and reinstates for its own reason only, and a role without suspensions for none.
describe.each<readonly [Role, SuspensionReason]>([
  ['BILLING', 'PAYMENT'],
  ['SUPPORT', 'CUSTOMER_REQUEST'],
])('the role %s, which suspends for %s', (role, own) => {
  const suspendedFor = (reasonCode: SuspensionReason): LicenseEvent => ({
    type: 'LicenseSuspended',
    data: { reasonCode, until: null },
  });
  const announcedFor = (reasonCode: SuspensionReason): LicenseEvent => ({
    type: 'LicenseSuspended',
    data: { reasonCode, until: null, eventId: 'evt_1' },
    effectiveAt: tomorrow,
  });
  const added = (reasonCode: SuspensionReason): LicenseEvent => ({
    type: 'SuspensionReasonAdded',
    data: { reasonCode, until: null },
  });
  const actor = member(role);
  const forbidden = { rejected: 'FORBIDDEN', detail: `The role ${role} suspends and reinstates for ${own} only.` };
  const others = suspensionReasons.filter((reasonCode) => reasonCode !== own);

  test('suspends for this reason and no other', () => {
    const allowed = suspensionReasons.filter(
      (reasonCode) => refuseSuspending({ kind: 'user', role }, reasonCode) === null,
    );
    expect(allowed).toEqual([own]);
    expect(refuseSuspending({ kind: 'user', role: 'ADMIN' }, 'FRAUD')).toBeNull();
  });
  test('lifts a suspension for this reason', () => {
    expect(refuseReinstating(license(suspendedFor(own)), actor, noon)).toBeNull();
  });
  test.each(others)('does not lift a suspension with the reason %s', (other) => {
    expect(refuseReinstating(license(suspendedFor(other)), actor, noon)).toMatchObject(forbidden);
    expect(refuseReinstating(license(suspendedFor(own), added(other)), actor, noon)).toMatchObject(forbidden);
    expect(refuseReinstating(license(suspendedFor(other), added(own)), actor, noon)).toMatchObject(forbidden);
  });
  test('lifts its suspension when another reason has ended', () => {
    const ended: LicenseEvent = { type: 'SuspensionReasonAdded', data: { reasonCode: 'FRAUD', until: tomorrow } };
    expect(refuseReinstating(license(suspendedFor(own), ended), actor, noon)).toMatchObject(forbidden);
    expect(refuseReinstating(license(suspendedFor(own), ended), actor, tomorrow)).toBeNull();
  });
  test('does not lift an announced suspension with another reason', () => {
    expect(refuseReinstating(license(announcedFor('FRAUD')), actor, noon)).toMatchObject(forbidden);
    expect(refuseReinstating(license(announcedFor(own)), actor, noon)).toBeNull();
  });
  test('withdraws an announced suspension for this reason, and nothing else that was announced', () => {
    expect(refuseWithdrawing(license(announcedFor(own)), actor, 'evt_1')).toBeNull();
    expect(refuseWithdrawing(license(announcedFor('FRAUD')), actor, 'evt_1')).toMatchObject(forbidden);
    expect(refuseWithdrawing(license(announcedRenewal), actor, 'evt_1')).toMatchObject(forbidden);
  });
  test('gets the refusal of the license when there is no such change', () => {
    expect(refuseWithdrawing(license(announcedFor('FRAUD')), actor, 'evt_2')).toBeNull();
  });
  test.each<Role>(['OWNER', 'ADMIN'])('%s lifts and withdraws suspensions with any reason', (administrator) => {
    expect(refuseReinstating(license(suspendedFor('FRAUD')), member(administrator), noon)).toBeNull();
    expect(refuseWithdrawing(license(announcedFor('FRAUD')), member(administrator), 'evt_1')).toBeNull();
  });
  test('SALES withdraws no announced suspension and no renewal mode', () => {
    const detail = 'The role SALES withdraws announced changes of the tier or policy only.';
    for (const announced of [announcedFor(own), announcedFor('FRAUD'), announcedRenewal])
      expect(refuseWithdrawing(license(announced), member('SALES'), 'evt_1')).toMatchObject({ detail });
  });
});

describe('a seat is released as by an administrator', () => {
  const key = (...granted: readonly Scope[]): LicenseActing => ({
    kind: 'organization',
    organizationId: 'org_1',
    credential: { kind: 'apiKey', scopes: granted },
  });
  test.each<readonly [string, LicenseActing, boolean]>([
    ['an OWNER', member('OWNER'), true],
    ['SUPPORT', member('SUPPORT'), true],
    ['SALES', member('SALES'), false],
    ['an API key that may change licenses', key('licenses:write'), true],
    ['an API key of an application', key('licenses:activate'), false],
    ['a license key', { kind: 'keyHolder', keyVersion: 1 }, false],
  ])('by %s: %j', (_, by, administers) => {
    expect(isAdministrator(by)).toBe(administers);
  });
});

describe('an API key that is limited to products', () => {
  const limitedTo = (...products: readonly string[]): LicenseActing => ({
    kind: 'organization',
    organizationId: 'org_1',
    credential: { kind: 'apiKey', scopes: [...scopes], products },
  });
  test('acts on a license with these products only', () => {
    const many = { ...parties, products: ['app', 'ide'] };
    expect(refuseActing(parties, limitedTo('app'), 'changeLicenses')).toBeNull();
    expect(refuseActing(many, limitedTo('app', 'ide', 'web'), 'changeLicenses')).toBeNull();
    for (const power of Object.keys(licensePermissions) as LicensePower[]) {
      expect(refuseActing(many, limitedTo('app'), power)).toMatchObject({ rejected: 'LICENSE_NOT_FOUND' });
      expect(refuseActing(parties, limitedTo('ide'), power)).toMatchObject({ rejected: 'LICENSE_NOT_FOUND' });
    }
  });
  test('leaves no license with a product that it does not reach, now or at a scheduled change', () => {
    const { facts } = license();
    const within = { products: ['app'], scheduled: [] };
    const change = { kind: 'TIER', from: 'PRO', target: { products: ['app', 'ide'] } } as const;
    const scheduled = [{ eventId: 'evt_1', effectiveAt: tomorrow, change }] as unknown as typeof facts.scheduled;
    expect(refuseBeyondProducts(within, within, limitedTo('app'))).toBeNull();
    expect(refuseBeyondProducts(within, { ...within, products: ['app', 'ide'] }, limitedTo('app'))).toMatchObject({
      rejected: 'FORBIDDEN',
      detail: 'This API key is limited to products. Name only these: app.',
    });
    const later = { ...within, scheduled };
    expect(refuseBeyondProducts(within, later, limitedTo('app'))).toMatchObject({ rejected: 'FORBIDDEN' });
    expect(refuseBeyondProducts(within, later, member('OWNER'))).toBeNull();
    // A change that others have scheduled allows neither the same product now, nor a second change to it.
    expect(refuseBeyondProducts(later, later, limitedTo('app'))).toBeNull();
    const second = scheduled.map((announced) => ({ ...announced, eventId: 'evt_2' })) as unknown as typeof scheduled;
    for (const after of [
      { ...later, products: ['app', 'ide'] },
      { ...later, scheduled: [...scheduled, ...second] },
    ])
      expect(refuseBeyondProducts(later, after, limitedTo('app'))).toMatchObject({ rejected: 'FORBIDDEN' });
  });
  test('has no permission that is about the whole organization', () => {
    const credential = { kind: 'apiKey', scopes: [...scopes], products: ['app'] } as const;
    const permitted = (Object.keys(permissions) as PermissionName[]).filter((name) => hasPermission(credential, name));
    const ofOrganization = ['readCatalog', 'readApiKeys', 'manageApiKeys', 'readEvents', 'readOrganization'];
    expect(permitted.toSorted()).toEqual([...Object.keys(licensePermissions), ...ofOrganization].toSorted());
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
