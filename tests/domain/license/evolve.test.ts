import { describe, expect, test } from 'vitest';
import { fold, type Stamped } from '../../../src/domain/decider.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import { evolve, evolveFacts, fork, initial } from '../../../src/domain/license/evolve.ts';
import { oneUse } from '../../support/one-use.ts';
import { command, device, event, followedBy, free, policyWith, to } from './commands.ts';
import {
  activate,
  activated,
  activatedEvent,
  at,
  deactivatedEvent,
  expiredEvent,
  expiresAt,
  groundAddedEvent,
  issued,
  issuedEvent,
  keyIssuedEvent,
  licenseAfter,
  noon,
  on,
  pro,
  renewedEvent,
  revoke,
  revokedEvent,
  suspendedEvent,
  tomorrow,
} from './examples.ts';

/** Every type of event. A new type without an entry does not compile. */
const everyType: Readonly<Record<LicenseEvent['type'], true>> = {
  LicenseIssued: true,
  LicenseImported: true,
  LicenseKeyIssued: true,
  LicenseKeyRotated: true,
  LicenseKeyRetired: true,
  ActivationRecorded: true,
  ActivationUpdated: true,
  ActivationDetailsChanged: true,
  DeactivationAnnounced: true,
  ActivationDeactivated: true,
  LicenseMaintenanceChanged: true,
  LicenseSuspended: true,
  SuspensionReasonAdded: true,
  LicenseReinstated: true,
  LicenseRenewed: true,
  LicenseTermStarted: true,
  LicenseExpiryChanged: true,
  LicenseRenewalChanged: true,
  LicenseExpired: true,
  LicenseGraceEnded: true,
  LicenseExpiringSoon: true,
  TierChangeScheduled: true,
  ScheduledChangeCancelled: true,
  LicenseTierChanged: true,
  TrialConverted: true,
  LicenseLimitsChanged: true,
  EntitlementGranted: true,
  EntitlementRevoked: true,
  EntitlementEnded: true,
  ProductAdded: true,
  ProductRemoved: true,
  UserAssigned: true,
  UserUnassigned: true,
  LeaseAcquired: true,
  LeaseExtended: true,
  LeaseReleased: true,
  LeaseLapsed: true,
  UsageRecorded: true,
  UsageBatchRecorded: true,
  UsageCorrected: true,
  UsageReset: true,
  LicenseTransferred: true,
  LicenseOffered: true,
  LicenseOfferEnded: true,
  LicenseRevoked: true,
  ReplacementIssued: true,
  LicenseReferenceChanged: true,
};

const life: readonly Stamped<LicenseEvent>[] = [
  issued(),
  on(noon, keyIssuedEvent),
  activated('a', 1),
  activated('b', 2),
  on(noon, { type: 'ActivationUpdated', data: { activationId: 'act_b', appVersion: '2.2.0' } }),
  on(noon, deactivatedEvent('a', 'USER', 1)),
  on(noon, suspendedEvent('PAYMENT', tomorrow)),
  on(noon, groundAddedEvent('FRAUD')),
  on(tomorrow, { type: 'LicenseReinstated', data: { suspendedSince: noon, suspendedForSeconds: 86_400 } }),
  on(tomorrow, event('EntitlementEnded', { code: 'sso', source: 'grant', until: tomorrow }, tomorrow)),
  on('2027-03-03T00:00:00.000Z', expiredEvent()),
  on('2027-03-03T00:00:00.000Z', renewedEvent()),
  on('2027-03-04T00:00:00.000Z', deactivatedEvent('b', 'LICENSE_REVOKED', 0)),
  on('2027-03-04T00:00:00.000Z', revokedEvent),
];

const lease = { leaseId: 'l1', holderHash: 'm1', product: null, userRef: null, borrowSeconds: null, dead: [] };
const scheduled = { effectiveAt: tomorrow };
const { data: origin } = issuedEvent();
/** A history with everything else: leases, users, meters, grants, keys, announced changes, tiers, a transfer. */
const otherLife: readonly Stamped<LicenseEvent>[] = followedBy(
  [
    on(noon, {
      type: 'LicenseImported',
      data: {
        ...origin,
        policy: policyWith({
          lease: { ...pro.lease, resurrectSeconds: 60, borrowMaxSeconds: 3600 },
          type: 'TRIAL',
          deactivateUnseenAfter: 'P1D',
        }),
        term: { ...origin.term, basis: 'FIRST_ACTIVATION', duration: 'P1Y', startsAt: null, expiresAt: null },
        limits: { activations: 3, seats: 3, users: 2, meters: { builds: 9 } },
        maintenanceUntil: tomorrow,
        replaces: 'lic_0',
        source: 's',
        sourceRef: 'r',
        historyFrom: noon,
      },
    }),
    on(noon, keyIssuedEvent),
    // Only earlier releases recorded this event.
    on(noon, {
      type: 'UsageRecorded',
      data: { meter: 'builds', quantity: 1, usageId: 'u0', occurredAt: noon, totalAfter: 1, limit: 9, overage: false },
    }),
  ],
  activate('a'),
  activate('b'),
  command('SwapActivation', { release: { activationId: 'act_b' }, activate: device('c') }),
  command('AssignUser', { userRef: 'usr_a' }),
  command('AssignUser', { userRef: 'usr_b' }),
  command('ChangeDevice', { activationId: 'act_a', userRef: 'usr_b', metadataRef: 'ref_m' }),
  command('UnassignUser', { userRef: 'usr_a', cause: 'ADMIN' }),
  command('AcquireLease', lease),
  command('AcquireLease', { ...lease, leaseId: 'l2', holderHash: 'm2', borrowSeconds: 60 }),
  command('RenewLease', { leaseId: 'l2', borrowSeconds: 3600 }),
  command('ReleaseLease', { leaseId: 'l2', by: 'ADMIN' }),
  command('LapseLease', { leaseId: 'l1', lastSeenAt: noon }, '2026-06-01T12:06:00.000Z'),
  command('AcquireLease', { ...lease, leaseId: 'l3' }, '2026-06-01T13:06:00.000Z'),
  command('RecordUsage', oneUse({ meter: 'builds', quantity: 2, usageId: 'u1', occurredAt: noon })),
  command('RecordUsage', {
    meter: 'builds',
    entries: [{ usageId: 'c1', corrects: 'u1', quantity: -1, occurredAt: noon, commandId: 'command-c1' }],
  }),
  command('ResetUsage', { meter: 'builds' }),
  command('GrantEntitlement', { code: 'sso', value: null, limit: null, until: null, source: 'grant' }),
  command('RevokeEntitlement', { code: 'sso', source: 'grant' }),
  command('ChangeLimits', { limits: { activations: 4, seats: 3, users: 2, meters: { builds: 9 } } }),
  command('AddProduct', { product: 'workflow_app' }),
  command('RemoveProduct', { product: 'workflow_app' }),
  command('RotateKey', { keyHash: 'cd', secretId: 's2', hint: 'ZV3MP', overlapSeconds: 60, cause: 'ROUTINE' }),
  command('RetireKey', { keyVersion: 1 }, tomorrow),
  command('ReleaseExpired', { activationId: 'act_a' }, tomorrow),
  command('ReleaseUnseen', { devices: [{ activationId: 'act_a', lastSeenAt: noon }] }, tomorrow),
  command('SetRenewal', { to: 'auto' }),
  command('ChangeReference', { to: 'sub_456' }),
  command('Suspend', { reasonCode: 'PAYMENT', until: null, scheduled }),
  command('CancelScheduled', { eventId: 'evt_1' }),
  command('ChangeTier', { target: to(free), scheduled }),
  command('CarryOutScheduled', { eventId: 'evt_2' }, tomorrow),
  command(
    'ChangePolicy',
    { target: to({ ...free, version: 2, type: 'TRIAL', transferable: true, expiryGraceSeconds: 60 }) },
    tomorrow,
  ),
  command(
    'ConvertTrial',
    {
      target: to({ ...free, version: 3, transferable: true, expiryGraceSeconds: 60, remindBefore: ['P1D'] }),
      term: { kind: 'duration', duration: 'P1M' },
      billingRef: null,
    },
    tomorrow,
  ),
  command('ChangeExpiry', { to: '2026-07-03T12:00:00.000Z', reasonCode: 'GOODWILL' }, tomorrow),
  command('ChangeMaintenance', { to: null, reasonCode: 'GOODWILL' }, tomorrow),
  command('Remind', { termNumber: 2, offset: 'P1D' }, '2026-07-03T11:00:00.000Z'),
  command('EndGrace', { termNumber: 2 }, '2026-07-03T12:01:00.000Z'),
  command('OfferLicense', { toHolderOrgId: 'org_8', expiry: 'KEEP', activations: 'KEEP' }, '2026-07-04T11:00:00.000Z'),
  command('DeclineOffer', { holderOrgId: 'org_8' }, '2026-07-04T11:00:00.000Z'),
  command(
    'Transfer',
    { toHolderOrgId: 'org_9', accepted: true, expiry: 'RESET', activations: 'RELEASE' },
    '2026-07-04T12:00:00.000Z',
  ),
  revoke('2026-07-05T12:00:00.000Z'),
  command('RecordReplacement', { by: 'lic_2' }, '2026-07-05T12:00:00.000Z'),
);

describe('folding a license', () => {
  test('covers every type of event', () => {
    const types = new Set([...life, ...otherLife].map(({ event }) => event.type));
    expect([...types].toSorted()).toEqual(Object.keys(everyType).toSorted());
  });
  test('gives the same facts as folding the facts alone, for the other history', () => {
    let facts = evolveFacts(null, keyIssuedEvent, at(noon));
    for (const [index, { event, at: when }] of otherLife.entries()) {
      facts = evolveFacts(facts, event, when);
      const whole = licenseAfter(...otherLife.slice(0, index + 1));
      expect(JSON.stringify(facts)).toBe(JSON.stringify(whole.facts));
      expect(whole.facts.usage.activations).toBe(whole.activations.size);
      expect(whole.facts.usage.users).toBe(whole.users.size);
      expect(whole.leaseByHolder.size).toBe(whole.leases.size);
    }
  });

  test('gives the same facts as folding the facts alone, after every event', () => {
    let facts = evolveFacts(null, keyIssuedEvent, at(noon));
    expect(facts).toBeNull();
    for (const [index, { event, at: when }] of life.entries()) {
      facts = evolveFacts(facts, event, when);
      expect(facts).toEqual(licenseAfter(...life.slice(0, index + 1)).facts);
    }
  });
  test('takes its instants from the events', () => {
    const { facts, activations } = licenseAfter(...life.slice(0, 7));
    expect(facts.suspension?.since).toBe(noon);
    expect(activations.get('act_b')?.activatedAt).toBe(life[3]?.at.effectiveAt);
    expect(licenseAfter(...life).facts.revokedAt).toBe('2027-03-04T00:00:00.000Z');
  });
  test('does not change facts that a caller keeps', () => {
    const license = licenseAfter(...life.slice(0, 4));
    const before = license.facts;
    const copy = structuredClone(before);
    evolve(license, deactivatedEvent('a', 'USER', 1), at(noon));
    expect(before).toEqual(copy);
    expect(license.facts).not.toBe(before);
  });
  test('ignores an event before the issue, or of an unknown activation', () => {
    expect(evolve(initial(), revokedEvent, at(noon))).toEqual(initial());
    const { deactivated } = licenseAfter(issued(), on(noon, deactivatedEvent('x', 'ADMIN', 0)));
    expect([...deactivated]).toEqual([['act_x', noon]]);
    expect(licenseAfter(issued(), on(noon, groundAddedEvent('FRAUD', tomorrow))).facts.suspension).toEqual({
      reasonCode: 'FRAUD',
      since: noon,
      until: tomorrow,
    });
  });
});

describe('a fork of the other history', () => {
  test.each(otherLife.map((_, index) => index))('after %i events is independent of its origin', (length) => {
    const origin = fold(licenseDecider, otherLife.slice(0, length));
    const copy = fork(origin);
    expect(copy).toEqual(origin);
    let moved = copy;
    for (const { event, at: when } of otherLife.slice(length)) moved = evolve(moved, event, when);
    expect(origin).toEqual(fold(licenseDecider, otherLife.slice(0, length)));
    expect(moved).toEqual(fold(licenseDecider, otherLife));
  });
});

describe('a fork', () => {
  test.each(life.map((_, index) => index))('after %i events is independent of its origin', (length) => {
    const origin = fold(licenseDecider, life.slice(0, length));
    const copy = fork(origin);
    expect(copy).toEqual(origin);
    const later = [...life.slice(length), on(noon, activatedEvent('z', 1)), on(expiresAt, suspendedEvent('LEGAL'))];
    let moved = copy;
    for (const { event, at: when } of later) moved = evolve(moved, event, when);
    expect(origin).toEqual(fold(licenseDecider, life.slice(0, length)));
    expect(moved).not.toEqual(origin);
  });
});
