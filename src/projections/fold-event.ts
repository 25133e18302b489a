import { evolveFacts } from '../domain/license/evolve.ts';
import type { LicenseFacts } from '../domain/license/license.ts';
import { decodeLicense } from '../eventstore/codec.ts';
import { decodeCatalog } from '../eventstore/codec-catalog.ts';
import { decodeOrganization } from '../eventstore/codec-organization.ts';
import { decodeReservation } from '../eventstore/codec-reservation.ts';
import type { Decoded } from '../eventstore/envelope.ts';
import type { Recorded } from '../eventstore/event-store.ts';
import { activationRow, type Closing, type Transfer } from './activations.ts';
import { foldOrganization, type OrganizationChanges } from './fold-organization.ts';
import { licenseEventRow } from './license-events.ts';
import { licenseKeyRow } from './license-keys.ts';
import type { FoldedLicense } from './licenses.ts';
import { notProjected } from './not-projected.ts';
import type { Organization } from './organizations.ts';
import type { Row } from './rows.ts';

/** The streams that the read models are made of, and those that are read only to notice what cannot be read. */
export const streamPrefixes = ['license-', 'organization-', 'catalog-', 'reservation-'] as const;

/** What the read models hold of the streams of a batch, before it. */
export type Stored = {
  readonly licenses: ReadonlyMap<string, { readonly facts: LicenseFacts; readonly revision: bigint }>;
  readonly organizations: ReadonlyMap<string, Organization & { readonly revision: bigint }>;
};

/** What a batch changes, per table. */
export type Changes = OrganizationChanges & {
  readonly licenses: Map<string, FoldedLicense>;
  readonly licenseKeys: Row[];
  readonly activations: Map<string, Row>;
  /** Ends of activations that were made before the batch. */
  readonly closings: Closing[];
  /** Transfers of licenses, in order: what they change of activations that were made before the batch. */
  readonly transfers: Transfer[];
  readonly licenseEvents: Row[];
};

/**
 * Folds one event onto what is stored and what the batch changed so far. One that a row already contains changes nothing;
 * throws for one that does not follow on its row, or cannot be read.
 */
export const foldEvent = (changes: Changes, stored: Stored, recorded: Recorded): void => {
  const licenseId = licenseOf(recorded.stream);
  const organizationId = organizationOf(recorded.stream);
  if (licenseId !== null) foldLicense(changes, stored, licenseId, recorded);
  if (organizationId !== null) foldOrganizationEvent(changes, stored, organizationId, recorded);
  if (recorded.stream.startsWith('catalog-')) notProjected(decodeCatalog(recorded).event);
  if (recorded.stream.startsWith('reservation-')) notProjected(decodeReservation(recorded).event);
};

/** What an empty batch changes. */
export const noChanges = (): Changes => ({
  licenses: new Map(),
  licenseKeys: [],
  activations: new Map(),
  closings: [],
  transfers: [],
  licenseEvents: [],
  organizations: new Map(),
  apiKeys: new Map(),
  apiKeyChanges: new Map(),
});

/** The license that a stream is of; null: another kind of stream. */
export const licenseOf = (stream: string): string | null => idAfter('license-', stream);

/** The organization that a stream is of; null: another kind of stream. */
export const organizationOf = (stream: string): string | null => idAfter('organization-', stream);

const idAfter = (prefix: string, stream: string): string | null =>
  stream.startsWith(prefix) ? stream.slice(prefix.length) : null;

const foldLicense = (changes: Changes, stored: Stored, licenseId: string, recorded: Recorded): void => {
  const before = changes.licenses.get(licenseId) ?? stored.licenses.get(licenseId);
  if (!isNext(recorded, before)) return;

  const decoded = decodeLicense(recorded);
  const { event, at, envelope } = decoded;
  const facts = evolveFacts(before?.facts ?? null, event, at);
  if (facts === null) throw new Error('the stream does not begin with LicenseIssued.');
  if (facts.licenseId !== licenseId)
    throw new Error(`it issues ${facts.licenseId}, which is not the license of its stream.`);

  changes.licenses.set(licenseId, { facts, revision: recorded.revision, position: recorded.position.commit });
  changes.licenseEvents.push(licenseEventRow(licenseId, recorded, envelope));
  foldParts(changes, licenseId, decoded);
};

const foldParts = (changes: Changes, licenseId: string, { event, at, envelope }: Decoded<LicenseEventOf>): void => {
  if (event.type === 'LicenseKeyIssued') {
    changes.licenseKeys.push(licenseKeyRow(envelope.issuerOrgId, licenseId, event.data));
  }
  if (event.type === 'LicenseKeyRotated') {
    const { toVersion: keyVersion, ...key } = event.data;
    changes.licenseKeys.push(licenseKeyRow(envelope.issuerOrgId, licenseId, { ...key, keyVersion }));
  }
  if (event.type === 'ActivationRecorded') {
    const { issuerOrgId, holderOrgId } = envelope;
    const row = activationRow({ issuerOrgId, holderOrgId, licenseId }, event.data, at.effectiveAt);
    changes.activations.set(event.data.activationId, row);
  }
  if (event.type === 'ActivationDeactivated') {
    const { activationId, cause } = event.data;
    const opened = changes.activations.get(activationId);
    const closing = { deactivated_at: at.effectiveAt, cause };
    if (opened !== undefined) changes.activations.set(activationId, { ...opened, ...closing });
    else changes.closings.push({ activation_id: activationId, ...closing });
  }
  if (event.type === 'LicenseTransferred') {
    const { toHolderOrgId } = event.data;
    for (const [id, row] of changes.activations)
      if (row.license_id === licenseId && row.deactivated_at === null)
        changes.activations.set(id, { ...row, holder_org_id: toHolderOrgId });
    const closedBefore = changes.closings.map(({ activation_id }) => activation_id);
    changes.transfers.push({ licenseId, holderOrgId: toHolderOrgId, closedBefore });
  }
};

type LicenseEventOf = ReturnType<typeof decodeLicense>['event'];

const foldOrganizationEvent = (changes: Changes, stored: Stored, organizationId: string, recorded: Recorded): void => {
  const before = changes.organizations.get(organizationId) ?? stored.organizations.get(organizationId);
  if (isNext(recorded, before))
    foldOrganization(changes, before, organizationId, decodeOrganization(recorded), recorded);
};

const isNext = ({ revision }: Recorded, before: { readonly revision: bigint } | undefined): boolean => {
  const expected = before === undefined ? 0n : before.revision + 1n;
  if (revision > expected) throw new Error(`revision ${expected} was expected: events are missing before it.`);
  return revision === expected;
};
