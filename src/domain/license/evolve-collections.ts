import type { At } from '../decider.ts';
import { concerns } from './consequences.ts';
import { evolveDeviceCollections } from './devices/evolve-devices.ts';
import { endOpen } from './endings/ended-parts.ts';
import type { LaterEvent } from './events.ts';
import { evolveGrantCollections } from './grants/evolve-grants.ts';
import type { IssuedLicense } from './license.ts';
import { evolveSeatCollections } from './seats/evolve-seats.ts';
import { evolveTermCollections } from './term/evolve-term.ts';
import { notePaidConversion } from './term/paid-terms.ts';
import { evolveUsageCollections } from './usage/evolve-usage.ts';
import { countedAt, hasEnteredTerm } from './usage/term-counters.ts';

/**
 * Changes, in place, what guards read beyond the facts. The facts are still those before the event. A new type of event
 * without a case does not compile.
 */
export const evolveCollections = (license: IssuedLicense, event: LaterEvent, at: At): void => {
  if (hasEnteredTerm(license.facts, countedAt(at))) license.deactivationsInTerm = 0;
  if (!concerns(event, 'collections')) return;
  switch (event.type) {
    case 'ActivationRecorded':
    case 'ActivationUpdated':
    case 'ActivationDetailsChanged':
    case 'DeactivationAnnounced':
    case 'ActivationDeactivated':
      evolveDeviceCollections(license, event, at);
      return;
    case 'LeaseAcquired':
    case 'LeaseExtended':
    case 'LeaseReleased':
    case 'LeaseLapsed':
      evolveSeatCollections(license, event, at);
      return;
    case 'LicenseLimitsChanged':
    case 'UsageRecorded':
    case 'UsageBatchRecorded':
    case 'UsageCorrected':
    case 'UsageReset':
      evolveUsageCollections(license, event, at);
      return;
    case 'UserAssigned':
    case 'UserUnassigned':
    case 'ProductRemoved':
      evolveGrantCollections(license, event, at);
      return;
    case 'LicenseTermStarted':
    case 'LicenseRenewed':
    case 'LicenseExpiryChanged':
      evolveTermCollections(license, event, at);
      return;
    case 'LicenseTierChanged':
      if (event.data.policyId !== license.facts.policy.policyId) license.termDuration = null;
      return;
    case 'TrialConverted':
      license.termDuration = null;
      notePaidConversion(license, event, at.effectiveAt);
      return;
    case 'LicenseReinstated':
      license.reinstatedAt = at.recordedAt;
      return;
    case 'LicenseRevoked':
    case 'LicenseTransferred':
      endOpen(license, event, at);
      return;
    default:
      event satisfies never;
  }
};
