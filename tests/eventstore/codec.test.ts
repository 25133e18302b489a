import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { LicenseEvent } from '../../src/domain/license/events.ts';
import type { OrganizationEvent } from '../../src/domain/organization/events.ts';
import { verifyLink } from '../../src/eventstore/chain.ts';
import { decodeLicense, decodeOrganization } from '../../src/eventstore/codec.ts';
import { UndecodableEvent } from '../../src/eventstore/envelope.ts';
import type { Proposed, Recorded } from '../../src/eventstore/event-store.ts';
import frozenHashes from './corpus-hashes.json' with { type: 'json' };

// One stored example of every type and version, for ever: they are added to, never changed.
const directory = new URL('corpus/', import.meta.url);
const corpus = readdirSync(directory).map((file): [string, Recorded] => {
  const stored: Proposed & { stream: string; revision: number } = JSON.parse(
    readFileSync(new URL(file, directory), 'utf8'),
  );
  return [file, { ...stored, revision: BigInt(stored.revision), position: { commit: 0n, prepare: 0n } }];
});

const example = (type: (LicenseEvent | OrganizationEvent)['type']): Recorded => {
  const [, found] = corpus.find(([file]) => file === `${type}.v1.json`) ?? [];
  if (found === undefined) throw new Error(`The corpus has no ${type}.`);
  return found;
};

const decode = (recorded: Recorded) =>
  recorded.stream.startsWith('license-') ? decodeLicense(recorded) : decodeOrganization(recorded);

const types: Record<(LicenseEvent | OrganizationEvent)['type'], true> = {
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
  OrganizationCreated: true,
  ApiKeyCreated: true,
};

describe('stored events of every version', () => {
  test('have an example of each type', () => {
    expect(corpus.map(([, { type }]) => type).toSorted()).toEqual(Object.keys(types).toSorted());
  });
  test('are as they were when they were added', () => {
    expect(Object.fromEntries(corpus.map(([file, { metadata }]) => [file, metadata.hash]))).toEqual(frozenHashes);
  });
  test.each(corpus)('%s still has its hash, and is read whole', (_, recorded) => {
    expect(verifyLink(recorded, String(recorded.metadata.prevHash))).toBe(null);

    const { event, at, envelope } = decode(recorded);
    expect(event).toEqual({ type: recorded.type, data: recorded.data });
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
    expect(() => decodeLicense(unknown)).toThrow(UndecodableEvent);
    expect(() => decodeLicense(unknown)).toThrow(`LicensePainted at revision 4 of ${suspended.stream}`);
  });
  test('of another schema version is refused', () => {
    const metadata = { ...suspended.metadata, schemaVersion: 2 };
    expect(() => decodeLicense({ ...suspended, metadata })).toThrow('schemaVersion');
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
    ['no envelope', { ...issued, metadata: {} }, 'schemaVersion'],
  ])('%s', (_, recorded, named) => {
    expect(() => decodeLicense(recorded)).toThrow(UndecodableEvent);
    expect(() => decodeLicense(recorded)).toThrow(named);
  });
});
