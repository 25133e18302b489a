import type { At } from '../../domain/decider.ts';
import { concerns } from '../../domain/license/consequences.ts';
import { announcedBy } from '../../domain/license/endings/ending-counts.ts';
import type { LicenseEvent } from '../../domain/license/events.ts';
import { evolveFacts } from '../../domain/license/evolve.ts';
import type { Ending, LicenseFacts } from '../../domain/license/license.ts';
import type { Decoded } from '../../eventstore/envelope.ts';
import type { Recorded } from '../../eventstore/event-store.ts';
import {
  activationChange,
  activationDetails,
  activationRow,
  activations,
  announcedDeactivation,
  deactivation,
} from '../tables/activations.ts';
import { leaseExtension, leaseLapse, leaseRelease, leaseRow, leases } from '../tables/leases.ts';
import { licenseEventRow, licenseEvents } from '../tables/license-events.ts';
import { licenseKeyRow, licenseKeys } from '../tables/license-keys.ts';
import { offerWrites } from '../tables/license-offers.ts';
import { productWrites } from '../tables/license-products.ts';
import { licenseUserRow, licenseUsers, unassignment } from '../tables/license-users.ts';
import type { FoldedLicense } from '../tables/licenses.ts';
import { endWrites, namedEndWrites, transferWrites } from '../tables/parts.ts';
import { lastValidationWrites } from '../tables/usage/license-last-validations.ts';
import { levelWrites } from '../tables/usage/license-usage-levels.ts';
import { usageCorrectionRows, usageCorrections } from '../tables/usage/usage-corrections.ts';
import { usageIdRow, usageIds } from '../tables/usage/usage-ids.ts';
import { usageSumWrites } from '../tables/usage/usage-sum-writes.ts';
import { change, make, type Write } from './changes.ts';

/**
 * Folds one event of a license. Returns the license after it, and what the event does to the rows of other tables.
 * Throws when the event does not belong to the stream.
 */
export const foldLicense = (
  before: LicenseFacts | null,
  licenseId: string,
  { event, at, envelope }: Decoded<LicenseEvent>,
  recorded: Recorded,
): { readonly after: FoldedLicense; readonly writes: readonly Write[] } => {
  const facts = evolveFacts(before, event, at);
  if (facts === null) throw new Error('the stream does not begin with LicenseIssued.');
  if (facts.licenseId !== licenseId)
    throw new Error(`it issues ${facts.licenseId}, which is not the license of its stream.`);
  const { revision, position } = recorded;
  const announced = before === null ? null : announcedEnding(before, event);
  const owners = {
    // Not from the envelope: earlier releases wrote the new holder into each envelope of an append with a transfer.
    holderOrgId: announced === null ? facts.holderOrgId : announced.holderOrgId,
    previousHolderOrgId: event.type === 'LicenseTransferred' ? (before?.holderOrgId ?? null) : null,
  };
  const history = make(licenseEvents, licenseEventRow({ licenseId, recorded, envelope, owners }));
  // The decisive event has ended the row already. By now the row may be a later assignment of the same user.
  const parts = announced === null ? partWrites(event, at, { before, owner: facts }, revision) : [];
  return {
    after: { facts, revision, position: position.commit },
    writes: [
      history,
      ...productWrites(before, facts),
      ...levelWrites(before, facts),
      ...lastValidationWrites(before, facts),
      ...offerWrites(before, facts),
      ...usageSumWrites(before, facts, event, at),
      ...parts,
    ],
  };
};

// Returns the ending that a decisive event caused and this event announces.
const announcedEnding = ({ endings }: LicenseFacts, event: LicenseEvent): Ending | null => {
  const announced = announcedBy(endings, event);
  return announced === null ? null : (endings[announced.index] ?? null);
};

// Every case returns, so that a new event without a case does not compile.
const partWrites = (
  event: LicenseEvent,
  { effectiveAt, recordedAt }: At,
  { before, owner }: { readonly before: LicenseFacts | null; readonly owner: LicenseFacts },
  revision: bigint,
): readonly Write[] => {
  if (event.type === 'LicenseIssued' || event.type === 'LicenseImported' || !concerns(event, 'parts')) return [];
  const { issuerOrgId, licenseId } = owner;
  switch (event.type) {
    case 'LicenseKeyIssued':
      return [make(licenseKeys, licenseKeyRow({ issuerOrgId, licenseId, data: event.data }))];
    case 'LicenseKeyRotated': {
      const { toVersion: keyVersion, ...key } = event.data;
      return [make(licenseKeys, licenseKeyRow({ issuerOrgId, licenseId, data: { ...key, keyVersion } }))];
    }
    case 'ActivationRecorded':
      return [make(activations, activationRow({ owner, data: event.data, activatedAt: effectiveAt, revision }))];
    case 'ActivationUpdated':
      return [change(activations, activationChange(event.data))];
    case 'ActivationDetailsChanged':
      return [change(activations, activationDetails(event.data))];
    case 'DeactivationAnnounced':
      return [change(activations, announcedDeactivation(event.data))];
    case 'ActivationDeactivated':
      return [change(activations, deactivation(event.data, effectiveAt))];
    case 'LeaseAcquired':
      return [make(leases, leaseRow({ owner, data: event.data, acquiredAt: effectiveAt, revision }))];
    case 'LeaseExtended':
      return [change(leases, leaseExtension(owner, event.data))];
    case 'LeaseReleased':
      return [change(leases, leaseRelease(owner, event.data, effectiveAt))];
    case 'LeaseLapsed':
      return [change(leases, leaseLapse(owner, event.data, effectiveAt))];
    case 'UserAssigned':
      return [
        make(licenseUsers, licenseUserRow({ owner, userRef: event.data.userRef, assignedAt: effectiveAt, revision })),
      ];
    case 'UserUnassigned':
      // Without a change of the count the user was unassigned before, and the event ends what was left.
      return [
        ...(before?.usage.users === owner.usage.users
          ? []
          : [change(licenseUsers, unassignment(owner, event.data, effectiveAt))]),
        ...namedEndWrites(owner, event.data.ends, effectiveAt),
      ];
    case 'LicenseTransferred': {
      const { ends } = event.data;
      return [...endWrites(licenseId, { ends, cause: 'TRANSFER', at: effectiveAt }), ...transferWrites(owner)];
    }
    case 'LicenseRevoked':
      return endWrites(licenseId, { ends: event.data.ends, cause: 'LICENSE_REVOKED', at: effectiveAt });
    case 'ProductRemoved': {
      const { ends, product } = event.data;
      return endWrites(licenseId, { ends, cause: 'PRODUCT_REMOVED', product, at: effectiveAt });
    }
    case 'LicenseLimitsChanged':
      return endWrites(licenseId, { ends: event.data.ends, cause: 'LIMIT_LOWERED', at: effectiveAt });
    case 'UsageRecorded':
    case 'UsageBatchRecorded': {
      const { meter } = event.data;
      const entries = event.type === 'UsageRecorded' ? [event.data] : event.data.entries;
      return entries.map((entry) => make(usageIds, usageIdRow({ owner, meter, entry, revision, recordedAt })));
    }
    case 'UsageCorrected': {
      const { meter, entries } = event.data;
      return [
        ...entries.map((entry) => make(usageIds, usageIdRow({ owner, meter, entry, revision, recordedAt }))),
        ...usageCorrectionRows({ owner, meter, revision }, entries).map((row) => make(usageCorrections, row)),
      ];
    }
  }
};
