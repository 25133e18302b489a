import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeCatalog } from '../../src/aggregates/codec-catalog.ts';
import { decodeLicense } from '../../src/aggregates/codec-license.ts';
import { decodeOrganization } from '../../src/aggregates/codec-organization.ts';
import { decodeReservation } from '../../src/aggregates/codec-reservation.ts';
import { upcasters } from '../../src/aggregates/upcasters.ts';
import type { CatalogEvent } from '../../src/domain/catalog/events.ts';
import type { LicenseEvent } from '../../src/domain/license/events.ts';
import type { OrganizationEvent } from '../../src/domain/organization/events.ts';
import type { ReservationEvent } from '../../src/domain/reservation/reservation.ts';
import { verifyLink } from '../../src/eventstore/chain/chain.ts';
import type { ChainRepaired } from '../../src/eventstore/chain/repair-event.ts';
import { NewerEvent, UndecodableEvent } from '../../src/eventstore/envelope.ts';
import type { Proposed, Recorded } from '../../src/eventstore/event-store.ts';
import { versionOf } from '../../src/eventstore/upcast.ts';
import frozenHashes from './corpus-hashes.json' with { type: 'json' };

// One stored example of every type and version, for ever: they are added to, never changed. A field that was added to a
// type later has a further example, named `Type.v1-what.json`.
const directory = new URL('corpus/', import.meta.url);
const corpus = readdirSync(directory).map((file): [string, Recorded] => {
  const stored: Proposed & { stream: string; revision: number } = JSON.parse(
    readFileSync(new URL(file, directory), 'utf8'),
  );
  return [file, { ...stored, revision: BigInt(stored.revision), position: { commit: 0n, prepare: 0n } }];
});

type StoredEvent = LicenseEvent | OrganizationEvent | CatalogEvent | ReservationEvent | ChainRepaired;

const example = (type: StoredEvent['type']): Recorded => {
  const [, found] = corpus.find(([file]) => file === `${type}.v1.json`) ?? [];
  if (found === undefined) throw new Error(`The corpus has no ${type}.`);
  return found;
};

const decode = (recorded: Recorded) => {
  const [kind] = recorded.stream.split('-');
  if (kind === 'license') return decodeLicense(recorded);
  if (kind === 'organization') return decodeOrganization(recorded);
  return kind === 'catalog' ? decodeCatalog(recorded) : decodeReservation(recorded);
};

const types: Record<StoredEvent['type'], true> = {
  LicenseIssued: true,
  LicenseKeyIssued: true,
  ActivationRecorded: true,
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
  ProductAdded: true,
  ProductRemoved: true,
  UserAssigned: true,
  UserUnassigned: true,
  LeaseAcquired: true,
  LeaseExtended: true,
  LeaseReleased: true,
  LeaseLapsed: true,
  UsageRecorded: true,
  LicenseKeyRotated: true,
  LicenseKeyRetired: true,
  LicenseTransferred: true,
  ReplacementIssued: true,
  OrganizationCreated: true,
  ApiKeyCreated: true,
  OrganizationRenamed: true,
  OrganizationTimeZoneChanged: true,
  OrganizationClosed: true,
  MemberInvited: true,
  InvitationWithdrawn: true,
  MemberJoined: true,
  MemberRoleChanged: true,
  MemberRemoved: true,
  ApiKeyRenamed: true,
  ApiKeyScopesChanged: true,
  ApiKeyRevoked: true,
  ProjectCreated: true,
  ProjectChanged: true,
  ProjectArchived: true,
  ProjectRestored: true,
  CatalogOpened: true,
  ProductCreated: true,
  ProductChanged: true,
  ProductArchived: true,
  PolicyCreated: true,
  PolicyVersionAdded: true,
  PolicyArchived: true,
  ReservationMade: true,
  ReservationReleased: true,
  ChainRepaired: true,
};

describe('stored events of every version', () => {
  test('have an example of each type', () => {
    expect([...new Set(corpus.map(([, { type }]) => type))].toSorted()).toEqual(Object.keys(types).toSorted());
  });
  test('have an example of each version of each type, named so', () => {
    const present = corpus.map(([file]) => file);
    for (const type of Object.keys(types))
      for (let version = 1; version <= versionOf(type, upcasters); version++)
        expect(present).toContain(`${type}.v${version}.json`);
    for (const [file, { type, metadata }] of corpus)
      expect(file.startsWith(`${type}.v${metadata.schemaVersion}`), file).toBe(true);
  });
  test('are as they were when they were added', () => {
    expect(Object.fromEntries(corpus.map(([file, { metadata }]) => [file, metadata.hash]))).toEqual(frozenHashes);
  });
  test.each(corpus)('%s still has its hash, and is read whole', (_, recorded) => {
    expect(verifyLink(recorded, String(recorded.metadata.prevHash))).toBe(null);

    const { event, at, envelope } = decode(recorded);
    expect(event.type).toBe(recorded.type);
    // What was written in an earlier version is read as the present one has it.
    if (envelope.schemaVersion === versionOf(recorded.type, upcasters)) expect(event.data).toEqual(recorded.data);
    expect(envelope).toEqual(recorded.metadata);
    expect(at).toEqual({ recordedAt: recorded.metadata.recordedAt, effectiveAt: recorded.metadata.effectiveAt });
  });
});

describe('an event of a newer program', () => {
  const suspended = example('LicenseSuspended');

  test('with fields that are not known yet is read without them', () => {
    const data = { ...suspended.data, ticket: 'T-1' };
    const metadata = { ...suspended.metadata, region: 'eu' };
    expect(decodeLicense({ ...suspended, data, metadata })).toEqual(decodeLicense(suspended));
  });
  test('of an unknown type is refused, naming type, stream and revision', () => {
    const unknown = { ...suspended, type: 'LicensePainted' };
    expect(() => decodeLicense(unknown)).toThrow(NewerEvent);
    expect(() => decodeLicense(unknown)).toThrow(`LicensePainted at revision 4 of ${suspended.stream}`);
  });
  test('of a later version of its type is refused, saying who wrote it', () => {
    const metadata = { ...suspended.metadata, schemaVersion: 2 };
    const later = { ...suspended, metadata };
    expect(() => decodeLicense(later)).toThrow(NewerEvent);
    expect(() => decodeLicense(later)).toThrow('It has schema version 2; this release knows 1. A newer release');
  });
  test('is told from one that nobody can read', () => {
    for (const damaged of [
      { ...suspended, type: 'LicensePainted', metadata: {} },
      { ...suspended, data: {} },
      { ...suspended, metadata: { ...suspended.metadata, schemaVersion: 'two' } },
    ])
      expect(() => decodeLicense(damaged)).toThrow(expect.objectContaining({ name: 'UndecodableEvent' }));
  });
});

describe('what is not an event of ours is refused', () => {
  const issued = example('LicenseIssued');
  const activated = example('ActivationRecorded');

  test.each<[string, Recorded, string]>([
    ['a type of another stream', { ...issued, type: 'OrganizationCreated' }, 'OrganizationCreated'],
    ['no data', { ...issued, data: {} }, 'data.licenseId'],
    ['a missing field', { ...activated, data: { ...activated.data, limit: null } }, 'data.limit'],
    ['a float', { ...activated, data: { ...activated.data, countAfter: 1.5 } }, 'data.countAfter'],
    [
      'an unknown code',
      { ...example('LicenseSuspended'), data: { reasonCode: 'MOOD', until: null } },
      'data.reasonCode',
    ],
    [
      'an instant of another zone',
      { ...issued, metadata: { ...issued.metadata, recordedAt: '2026-01-01T00:00:00+01:00' } },
      'recordedAt',
    ],
    ['a version that is none', { ...issued, metadata: { ...issued.metadata, schemaVersion: 0 } }, 'schemaVersion'],
    ['no envelope', { ...issued, metadata: {} }, 'schemaVersion'],
  ])('%s', (_, recorded, named) => {
    expect(() => decodeLicense(recorded)).toThrow(UndecodableEvent);
    expect(() => decodeLicense(recorded)).toThrow(named);
  });
});

describe('what would put a person into the log is refused', () => {
  test.each<[StoredEvent['type'], string, string]>([
    ['MemberInvited', 'emailRef', 'grace@example.com'],
    ['MemberJoined', 'userId', 'Grace Hopper'],
    ['MemberRoleChanged', 'userId', 'grace@example.com'],
    ['MemberRemoved', 'userId', ''],
    ['ProjectCreated', 'metadataRef', '{"contact":"Grace"}'],
    ['ProjectChanged', 'metadataRef', 'Grace'],
  ])('%s with %s %j', (type, field, value) => {
    const recorded = example(type);
    expect(() => decodeOrganization({ ...recorded, data: { ...recorded.data, [field]: value } })).toThrow(
      `data.${field}`,
    );
  });
});
