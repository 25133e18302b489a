import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeCatalog } from '../../src/aggregates/codec-catalog.ts';
import { decodeIssuerLog } from '../../src/aggregates/codec-issuer-log.ts';
import { decodeLicense } from '../../src/aggregates/codec-license.ts';
import { decodeOrganization } from '../../src/aggregates/codec-organization.ts';
import { decodeReservation } from '../../src/aggregates/codec-reservation.ts';
import { upcasters } from '../../src/aggregates/upcasters.ts';
import type { CatalogEvent } from '../../src/domain/catalog/events.ts';
import type { IssuerLogEvent } from '../../src/domain/issuer-log/issuer-log.ts';
import type { LicenseEvent } from '../../src/domain/license/events.ts';
import type { OrganizationEvent } from '../../src/domain/organization/events.ts';
import type { ReservationEvent } from '../../src/domain/reservation/reservation.ts';
import { verifyLink } from '../../src/eventstore/chain/chain.ts';
import type { ChainRepaired } from '../../src/eventstore/chain/repair-event.ts';
import { NewerEvent, UndecodableEvent } from '../../src/eventstore/envelope.ts';
import type { JsonObject, Proposed, Recorded } from '../../src/eventstore/event-store.ts';
import { versionOf } from '../../src/eventstore/upcast.ts';
import frozenHashes from './corpus-hashes.json' with { type: 'json' };

// The corpus has one stored example of every type and version. Examples are added and never changed. When a field was
// added to a type later, the type has another example, named `Type.v1-field.json`.
const directory = new URL('corpus/', import.meta.url);
const corpus = readdirSync(directory).map((file): [string, Recorded] => {
  const stored: Proposed & { stream: string; revision: number } = JSON.parse(
    readFileSync(new URL(file, directory), 'utf8'),
  );
  return [file, { ...stored, revision: BigInt(stored.revision), position: { commit: 0n, prepare: 0n } }];
});

type StoredEvent = LicenseEvent | OrganizationEvent | CatalogEvent | ReservationEvent | IssuerLogEvent | ChainRepaired;

const example = (type: StoredEvent['type']): Recorded => {
  const [, recorded] = corpus.find(([file]) => file === `${type}.v1.json`) ?? [];
  if (recorded === undefined) throw new Error(`The corpus has no ${type}.`);
  return recorded;
};

const decode = (recorded: Recorded) => {
  const [kind] = recorded.stream.split('-');
  if (kind === 'license') return decodeLicense(recorded);
  if (kind === 'organization') return decodeOrganization(recorded);
  if (kind === 'checkpoint') return decodeIssuerLog(recorded);
  return kind === 'catalog' ? decodeCatalog(recorded) : decodeReservation(recorded);
};

/** Earlier releases named who invited, or created a key, in the envelope alone. */
const senderOf = ({ type, metadata }: Recorded): JsonObject => {
  const { actor } = metadata as { actor: { type: string; id: string } };
  if (actor.type === 'SYSTEM') return {};
  if (type === 'MemberInvited') return { invitedBy: actor.id };
  return type === 'ApiKeyCreated' ? { createdBy: actor.id } : {};
};

/** Earlier releases did not pin what a trial becomes: the built-in policy FREE. */
const pinnedOf = ({ data }: Recorded, decoded: object): JsonObject =>
  (data.policy as JsonObject | undefined)?.type === 'TRIAL' && !('afterTrial' in data) && 'afterTrial' in decoded
    ? { afterTrial: expect.objectContaining({ policy: expect.objectContaining({ tier: 'FREE' }), products: null }) }
    : {};

const types: Record<StoredEvent['type'], true> = {
  LicenseIssued: true,
  LicenseKeyIssued: true,
  ActivationRecorded: true,
  ActivationUpdated: true,
  ActivationDetailsChanged: true,
  DeactivationAnnounced: true,
  ActivationDeactivated: true,
  LicenseSuspended: true,
  SuspensionReasonAdded: true,
  LicenseReinstated: true,
  LicenseRenewed: true,
  LicenseExpired: true,
  LicenseRevoked: true,
  LicenseReferenceChanged: true,
  LicenseImported: true,
  LicenseTermStarted: true,
  LicenseExpiryChanged: true,
  LicenseMaintenanceChanged: true,
  LicenseRenewalChanged: true,
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
  LicenseKeyRotated: true,
  LicenseKeyRetired: true,
  LicenseTransferred: true,
  LicenseOffered: true,
  LicenseOfferEnded: true,
  ReplacementIssued: true,
  OrganizationCreated: true,
  ApiKeyCreated: true,
  OrganizationRenamed: true,
  OrganizationTimeZoneChanged: true,
  OrganizationClosed: true,
  LogAccessChanged: true,
  MemberInvited: true,
  InvitationWithdrawn: true,
  MemberJoined: true,
  MemberRoleChanged: true,
  MemberRemoved: true,
  ApiKeyRenamed: true,
  ApiKeyScopesChanged: true,
  ApiKeyProductsChanged: true,
  ApiKeyRotated: true,
  ApiKeyOverlapEnded: true,
  ApiKeyRevoked: true,
  ProjectCreated: true,
  ProjectChanged: true,
  ProjectArchived: true,
  ProjectRestored: true,
  IssuerTrusted: true,
  IssuerBlocked: true,
  IssuerForgotten: true,
  CatalogOpened: true,
  ProductCreated: true,
  ProductChanged: true,
  ProductArchived: true,
  PolicyCreated: true,
  PolicyVersionAdded: true,
  PolicyArchived: true,
  ReleasePublished: true,
  ReleaseWithdrawn: true,
  ReservationMade: true,
  ReservationReleased: true,
  LogStarted: true,
  CheckpointSigned: true,
  LogKeyRotated: true,
  LogRestarted: true,
  ChainRepaired: true,
};

describe('The corpus of stored events', () => {
  test('has an example of each type of event', () => {
    expect([...new Set(corpus.map(([, { type }]) => type))].toSorted()).toEqual(Object.keys(types).toSorted());
  });
  test('has an example of each version of each type, which its file name tells', () => {
    const present = corpus.map(([file]) => file);
    for (const type of Object.keys(types))
      for (let version = 1; version <= versionOf(type, upcasters); version++)
        expect(present).toContain(`${type}.v${version}.json`);
    for (const [file, { type, metadata }] of corpus)
      expect(file.startsWith(`${type}.v${metadata.schemaVersion}`), file).toBe(true);
  });
  test('does not change', () => {
    expect(Object.fromEntries(corpus.map(([file, { metadata }]) => [file, metadata.hash]))).toEqual(frozenHashes);
  });
  test.each(corpus)('has the event %s, which is unaltered and readable', (_, recorded) => {
    expect(verifyLink(recorded, String(recorded.metadata.prevHash))).toBe(null);

    const { event, at, envelope } = decode(recorded);
    expect(event.type).toBe(recorded.type);
    // Data of an earlier version is converted to the current one.
    const stored = { ...senderOf(recorded), ...pinnedOf(recorded, event.data), ...recorded.data };
    if (envelope.schemaVersion === versionOf(recorded.type, upcasters)) expect(event.data).toEqual(stored);
    expect(envelope).toEqual(recorded.metadata);
    expect(at).toEqual({ recordedAt: recorded.metadata.recordedAt, effectiveAt: recorded.metadata.effectiveAt });
  });
});

describe('An event of a newer program', () => {
  const suspended = example('LicenseSuspended');

  test('is read without the fields that this program does not know', () => {
    const data = { ...suspended.data, ticket: 'T-1' };
    const metadata = { ...suspended.metadata, region: 'eu' };
    expect(decodeLicense({ ...suspended, data, metadata })).toEqual(decodeLicense(suspended));
  });
  test('is refused with its type, stream and revision when the type is unknown', () => {
    const unknown = { ...suspended, type: 'LicensePainted' };
    expect(() => decodeLicense(unknown)).toThrow(NewerEvent);
    expect(() => decodeLicense(unknown)).toThrow(`LicensePainted at revision 4 of ${suspended.stream}`);
  });
  test('is refused when its type has a higher version, and the message names the newer release', () => {
    const metadata = { ...suspended.metadata, schemaVersion: 2 };
    const later = { ...suspended, metadata };
    expect(() => decodeLicense(later)).toThrow(NewerEvent);
    expect(() => decodeLicense(later)).toThrow('It has schema version 2; this release knows 1. A newer release');
  });
  test('differs from a damaged event, which no program can read', () => {
    for (const damaged of [
      { ...suspended, type: 'LicensePainted', metadata: {} },
      { ...suspended, data: {} },
      { ...suspended, metadata: { ...suspended.metadata, schemaVersion: 'two' } },
    ])
      expect(() => decodeLicense(damaged)).toThrow(expect.objectContaining({ name: 'UndecodableEvent' }));
  });
});

describe('Decoding refuses an event', () => {
  const issued = example('LicenseIssued');
  const activated = example('ActivationRecorded');

  test.each<[string, Recorded, string]>([
    ['with a type of another stream', { ...issued, type: 'OrganizationCreated' }, 'OrganizationCreated'],
    ['without data', { ...issued, data: {} }, 'data.licenseId'],
    ['with a missing field', { ...activated, data: { ...activated.data, limit: null } }, 'data.limit'],
    ['with a float', { ...activated, data: { ...activated.data, countAfter: 1.5 } }, 'data.countAfter'],
    [
      'with an unknown code',
      { ...example('LicenseSuspended'), data: { reasonCode: 'MOOD', until: null } },
      'data.reasonCode',
    ],
    [
      'with an instant of another time zone',
      { ...issued, metadata: { ...issued.metadata, recordedAt: '2026-01-01T00:00:00+01:00' } },
      'recordedAt',
    ],
    ['with version 0', { ...issued, metadata: { ...issued.metadata, schemaVersion: 0 } }, 'schemaVersion'],
    ['without an envelope', { ...issued, metadata: {} }, 'schemaVersion'],
  ])('%s', (_, recorded, place) => {
    expect(() => decodeLicense(recorded)).toThrow(UndecodableEvent);
    expect(() => decodeLicense(recorded)).toThrow(place);
  });
});

describe('Decoding refuses a personal value in an event', () => {
  test.each<[StoredEvent['type'], string, string]>([
    ['MemberInvited', 'emailRef', 'grace@example.com'],
    ['MemberJoined', 'userId', 'Grace Hopper'],
    ['MemberRoleChanged', 'userId', 'grace@example.com'],
    ['MemberRemoved', 'userId', ''],
    ['ProjectCreated', 'metadataRef', '{"contact":"Grace"}'],
    ['ProjectChanged', 'metadataRef', 'Grace'],
  ])('of the type %s with %s %j', (type, field, value) => {
    const recorded = example(type);
    expect(() => decodeOrganization({ ...recorded, data: { ...recorded.data, [field]: value } })).toThrow(
      `data.${field}`,
    );
  });
});
