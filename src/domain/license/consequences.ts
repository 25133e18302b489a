import type { LaterEvent } from './events.ts';

/**
 * Names what an event of an issued license changes. `facts`: the license without its collections. `collections`: what
 * guards read beyond the facts. `parts`: the rows of keys, devices, seats, users and ids
 * of usage.
 */
export type Consequence = 'facts' | 'collections' | 'parts';

/** Lists the consequences of each event. An event without consequences needs one line here, and no case anywhere. */
const consequences = {
  LicenseKeyIssued: ['facts', 'parts'],
  LicenseKeyRotated: ['facts', 'parts'],
  LicenseKeyRetired: ['facts'],
  LicenseTransferred: ['facts', 'collections', 'parts'],
  LicenseOffered: ['facts'],
  LicenseOfferEnded: ['facts'],
  ReplacementIssued: ['facts'],
  LicenseReferenceChanged: ['facts'],
  ActivationRecorded: ['facts', 'collections', 'parts'],
  ActivationUpdated: ['collections', 'parts'],
  ActivationDetailsChanged: ['collections', 'parts'],
  DeactivationAnnounced: ['collections', 'parts'],
  ActivationDeactivated: ['facts', 'collections', 'parts'],
  LicenseSuspended: ['facts'],
  SuspensionReasonAdded: ['facts'],
  LicenseReinstated: ['facts', 'collections'],
  LicenseTermStarted: ['facts', 'collections'],
  LicenseRenewed: ['facts', 'collections'],
  LicenseExpiryChanged: ['facts', 'collections'],
  LicenseMaintenanceChanged: ['facts'],
  LicenseRenewalChanged: ['facts'],
  LicenseExpiringSoon: ['facts'],
  LicenseExpired: ['facts'],
  LicenseGraceEnded: ['facts'],
  LicenseRevoked: ['facts', 'collections', 'parts'],
  TierChangeScheduled: ['facts'],
  ScheduledChangeCancelled: ['facts'],
  LicenseTierChanged: ['facts', 'collections'],
  TrialConverted: ['facts', 'collections'],
  LicenseLimitsChanged: ['facts', 'collections', 'parts'],
  EntitlementGranted: ['facts'],
  EntitlementRevoked: ['facts'],
  EntitlementEnded: ['facts'],
  ProductAdded: ['facts'],
  ProductRemoved: ['facts', 'collections', 'parts'],
  UserAssigned: ['facts', 'collections', 'parts'],
  UserUnassigned: ['facts', 'collections', 'parts'],
  LeaseAcquired: ['facts', 'collections', 'parts'],
  LeaseExtended: ['collections', 'parts'],
  LeaseReleased: ['facts', 'collections', 'parts'],
  LeaseLapsed: ['facts', 'collections', 'parts'],
  UsageRecorded: ['facts', 'collections', 'parts'],
  UsageBatchRecorded: ['facts', 'collections', 'parts'],
  UsageCorrected: ['facts', 'collections', 'parts'],
  UsageReset: ['facts', 'collections'],
} as const satisfies Readonly<Record<LaterEvent['type'], readonly Consequence[]>>;

type Consequences = typeof consequences;

/** The events with this consequence. */
export type EventWith<Expected extends Consequence> = Extract<
  LaterEvent,
  {
    type: {
      [Type in keyof Consequences]: Expected extends Consequences[Type][number] ? Type : never;
    }[keyof Consequences];
  }
>;

/** Returns true when the event has this consequence. */
export const concerns = <Expected extends Consequence>(
  event: LaterEvent,
  consequence: Expected,
): event is EventWith<Expected> => (consequences[event.type] as readonly Consequence[]).includes(consequence);
