import type { At } from '../../domain/decider.ts';
import type { LicenseEvent } from '../../domain/license/events.ts';
import { evolveFacts } from '../../domain/license/evolve.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import type { Decoded } from '../../eventstore/envelope.ts';
import type { Recorded } from '../../eventstore/event-store.ts';
import { activationRow, activations, deactivation, type PartOwner } from '../tables/activations.ts';
import { leaseExtension, leaseLapse, leaseRelease, leaseRow, leases } from '../tables/leases.ts';
import { licenseEventRow, licenseEvents } from '../tables/license-events.ts';
import { licenseKeyRow, licenseKeys } from '../tables/license-keys.ts';
import { productWrites } from '../tables/license-products.ts';
import { licenseUserRow, licenseUsers, unassignment } from '../tables/license-users.ts';
import type { FoldedLicense } from '../tables/licenses.ts';
import { change, make, type Write } from './changes.ts';

/**
 * One event of a license: what the license is after it, and what it does to the rows of other tables. `transfer` gives what
 * is open on the license to another holder. Throws where the event does not belong into the stream.
 */
export const foldLicense = (
  before: LicenseFacts | null,
  licenseId: string,
  { event, at, envelope }: Decoded<LicenseEvent>,
  recorded: Recorded,
  transfer: (holderOrgId: string | null) => readonly Write[],
): { readonly after: FoldedLicense; readonly writes: readonly Write[] } => {
  const facts = evolveFacts(before, event, at);
  if (facts === null) throw new Error('the stream does not begin with LicenseIssued.');
  if (facts.licenseId !== licenseId)
    throw new Error(`it issues ${facts.licenseId}, which is not the license of its stream.`);
  const history = make(licenseEvents, licenseEventRow(licenseId, recorded, envelope));
  return {
    after: { facts, revision: recorded.revision, position: recorded.position.commit },
    writes: [history, ...productWrites(before, facts), ...partWrites(event, at, facts, transfer)],
  };
};

// The one return is what makes a new event without a case fail to compile.
const partWrites = (
  event: LicenseEvent,
  { effectiveAt }: At,
  owner: PartOwner,
  transfer: (holderOrgId: string | null) => readonly Write[],
): readonly Write[] => {
  switch (event.type) {
    case 'LicenseKeyIssued':
      return [make(licenseKeys, licenseKeyRow(owner.issuerOrgId, owner.licenseId, event.data))];
    case 'LicenseKeyRotated': {
      const { toVersion: keyVersion, ...key } = event.data;
      return [make(licenseKeys, licenseKeyRow(owner.issuerOrgId, owner.licenseId, { ...key, keyVersion }))];
    }
    case 'ActivationRecorded':
      return [make(activations, activationRow(owner, event.data, effectiveAt))];
    case 'ActivationDeactivated':
      return [change(activations, deactivation(event.data, effectiveAt))];
    case 'LeaseAcquired':
      return [make(leases, leaseRow(owner, event.data, effectiveAt))];
    case 'LeaseExtended':
      return [change(leases, leaseExtension(owner, event.data))];
    case 'LeaseReleased':
      return [change(leases, leaseRelease(owner, event.data, effectiveAt))];
    case 'LeaseLapsed':
      return [change(leases, leaseLapse(owner, event.data, effectiveAt))];
    case 'UserAssigned':
      return [make(licenseUsers, licenseUserRow(owner, event.data.userRef, effectiveAt))];
    case 'UserUnassigned':
      return [change(licenseUsers, unassignment(owner, event.data, effectiveAt))];
    case 'LicenseTransferred':
      return transfer(event.data.toHolderOrgId);
    case 'LicenseIssued':
    case 'LicenseImported':
    case 'LicenseKeyRetired':
    case 'LicenseSuspended':
    case 'SuspensionReasonAdded':
    case 'LicenseReinstated':
    case 'LicenseRenewed':
    case 'LicenseExpired':
    case 'LicenseRevoked':
    case 'LicenseReferenceChanged':
    case 'LicenseTermStarted':
    case 'LicenseExpiryChanged':
    case 'LicenseRenewalChanged':
    case 'LicenseGraceEnded':
    case 'LicenseExpiringSoon':
    case 'TierChangeScheduled':
    case 'ScheduledChangeCancelled':
    case 'LicenseLimitsChanged':
    case 'EntitlementGranted':
    case 'EntitlementRevoked':
    case 'ProductAdded':
    case 'ProductRemoved':
    case 'LicenseTierChanged':
    case 'TrialConverted':
    case 'UsageRecorded':
    case 'ReplacementIssued':
      return [];
  }
};
