import type { At } from '../decider.ts';
import { concerns, type EventWith } from './consequences.ts';
import { evolveDeviceFacts } from './devices/evolve-devices.ts';
import { evolveEndingFacts } from './endings/evolve-endings.ts';
import type { LaterEvent } from './events.ts';
import { evolveGrantFacts } from './grants/evolve-grants.ts';
import { evolveIssueFacts } from './issue/evolve-issue.ts';
import { evolveKeyFacts } from './keys/evolve-keys.ts';
import type { LicenseFacts } from './license.ts';
import { evolveScheduledFacts } from './scheduled/evolve-scheduled.ts';
import { evolveSeatFacts } from './seats/evolve-seats.ts';
import { evolveSuspensionFacts } from './suspension/evolve-suspension.ts';
import { evolveTermFacts } from './term/evolve-term.ts';
import { evolveTierFacts } from './tiers/evolve-tiers.ts';
import { evolveTransferFacts } from './transfer/evolve-transfer.ts';
import { evolveUsageFacts } from './usage/evolve-usage.ts';
import { countedAt, inTermAt, withoutOtherResets } from './usage/term-counters.ts';

/** Returns the facts after an event of an issued license. A new type of event without a case does not compile. */
export const evolveIssuedFacts = (previous: LicenseFacts, event: LaterEvent, at: At): LicenseFacts =>
  concerns(event, 'facts')
    ? withoutOtherResets(evolved(inTermAt(previous, countedAt(at)), event, at), previous)
    : previous;

const evolved = (facts: LicenseFacts, event: EventWith<'facts'>, at: At): LicenseFacts => {
  switch (event.type) {
    case 'ActivationRecorded':
    case 'ActivationDeactivated':
      return evolveDeviceFacts(facts, event);
    case 'LeaseAcquired':
    case 'LeaseReleased':
    case 'LeaseLapsed':
      return evolveSeatFacts(facts, event, at);
    case 'LicenseLimitsChanged':
    case 'UsageRecorded':
    case 'UsageBatchRecorded':
    case 'UsageCorrected':
    case 'UsageReset':
      return evolveUsageFacts(facts, event, at);
    case 'UserAssigned':
    case 'UserUnassigned':
    case 'EntitlementGranted':
    case 'EntitlementRevoked':
    case 'EntitlementEnded':
    case 'ProductAdded':
    case 'ProductRemoved':
      return evolveGrantFacts(facts, event, at);
    case 'LicenseTermStarted':
    case 'LicenseRenewed':
    case 'LicenseExpiryChanged':
    case 'LicenseMaintenanceChanged':
    case 'LicenseRenewalChanged':
    case 'LicenseExpired':
    case 'LicenseGraceEnded':
    case 'LicenseExpiringSoon':
      return evolveTermFacts(facts, event, at);
    case 'ScheduledChangeCancelled':
      return evolveScheduledFacts(facts, event);
    case 'LicenseSuspended':
    case 'SuspensionReasonAdded':
    case 'LicenseReinstated':
      return evolveSuspensionFacts(facts, event, at);
    case 'TierChangeScheduled':
    case 'LicenseTierChanged':
    case 'TrialConverted':
      return evolveTierFacts(facts, event, at);
    case 'LicenseKeyIssued':
    case 'LicenseKeyRotated':
    case 'LicenseKeyRetired':
      return evolveKeyFacts(facts, event);
    case 'LicenseTransferred':
    case 'LicenseOffered':
    case 'LicenseOfferEnded':
      return evolveTransferFacts(facts, event, at);
    case 'LicenseRevoked':
      return evolveEndingFacts(facts, event, at);
    case 'ReplacementIssued':
    case 'LicenseReferenceChanged':
      return evolveIssueFacts(facts, event);
  }
};
