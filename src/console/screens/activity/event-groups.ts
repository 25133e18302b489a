import type { EventGroup } from './activity-in-address.ts';

/** The types of events in each group. Every type is in one group. */
export const typesOfGroup: Readonly<Record<EventGroup, readonly string[]>> = {
  sales: [
    'LicenseIssued',
    'LicenseImported',
    'ReplacementIssued',
    'TrialConverted',
    'LicenseTransferred',
    'LicenseOffered',
    'LicenseOfferEnded',
  ],
  term: [
    'LicenseTermStarted',
    'LicenseRenewed',
    'LicenseExpired',
    'LicenseExpiryChanged',
    'LicenseMaintenanceChanged',
    'LicenseRenewalChanged',
    'LicenseGraceEnded',
    'LicenseExpiringSoon',
  ],
  status: ['LicenseSuspended', 'SuspensionReasonAdded', 'LicenseReinstated', 'LicenseRevoked'],
  devices: [
    'ActivationRecorded',
    'ActivationUpdated',
    'ActivationDeactivated',
    'ActivationDetailsChanged',
    'DeactivationAnnounced',
  ],
  seats: ['LeaseAcquired', 'LeaseExtended', 'LeaseReleased', 'LeaseLapsed', 'UserAssigned', 'UserUnassigned'],
  grants: [
    'LicenseLimitsChanged',
    'EntitlementGranted',
    'EntitlementRevoked',
    'EntitlementEnded',
    'ProductAdded',
    'ProductRemoved',
    'LicenseTierChanged',
    'TierChangeScheduled',
    'ScheduledChangeCancelled',
  ],
  keys: ['LicenseKeyIssued', 'LicenseKeyRotated', 'LicenseKeyRetired', 'LicenseReferenceChanged', 'ChainRepaired'],
  usage: ['UsageRecorded', 'UsageBatchRecorded', 'UsageCorrected', 'UsageReset'],
};
