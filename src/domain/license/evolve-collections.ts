import type { At } from '../decider.ts';
import type { LicenseEvent } from './events.ts';
import type { LaterEvent } from './evolve-facts.ts';
import type { IssuedLicense } from './license.ts';

/** Changes, in place, what guards ask about beyond the facts, which are still those before the event. */
export const evolveCollections = (license: IssuedLicense, event: LaterEvent, at: At): void => {
  const { effectiveAt } = at;
  switch (event.type) {
    case 'ActivationRecorded':
      open(license, event.data, at);
      return;
    case 'ActivationDeactivated':
      close(license, event.data, at);
      return;
    case 'LicenseSuspended':
      if (event.data.eventId !== undefined) return;
      license.suspendedFor.clear();
      license.suspendedFor.set(event.data.reasonCode, event.data.until);
      return;
    case 'SuspensionReasonAdded':
      license.suspendedFor.set(event.data.reasonCode, event.data.until);
      return;
    case 'LicenseReinstated':
      license.suspendedFor.clear();
      return;
    case 'LicenseRenewed':
      license.deactivationsInTerm = 0;
      if (event.data.startsAt !== event.data.previousExpiresAt) license.calendarAnchor = event.data.startsAt;
      return;
    case 'LicenseTermStarted':
      license.deactivationsInTerm = 0;
      license.calendarAnchor = event.data.startsAt;
      return;
    case 'LicenseExpiryChanged':
      license.calendarAnchor = event.data.to;
      return;
    case 'UserAssigned':
      license.users.add(event.data.userRef);
      return;
    case 'UserUnassigned':
      license.users.delete(event.data.userRef);
      return;
    case 'LeaseAcquired':
      take(license, event.data, at);
      return;
    case 'LeaseExtended': {
      const lease = license.leases.get(event.data.leaseId);
      if (lease !== undefined) license.leases.set(lease.leaseId, { ...lease, expiresAt: event.data.expiresAt });
      return;
    }
    case 'LeaseReleased': {
      const { leaseId, seatFreeAt } = event.data;
      forgetLease(license, leaseId);
      license.released.add(leaseId);
      if (seatFreeAt !== null) license.withheld.set(leaseId, seatFreeAt);
      return;
    }
    case 'LeaseLapsed': {
      const lease = license.leases.get(event.data.leaseId);
      forgetLease(license, event.data.leaseId);
      if (lease !== undefined) license.lapsed.set(lease.leaseId, { lease, lapsedAt: effectiveAt });
      return;
    }
    case 'UsageRecorded':
      license.usageIds.add(event.data.usageId);
      return;
    case 'LicenseKeyIssued':
    case 'LicenseExpired':
    case 'LicenseGraceEnded':
    case 'LicenseExpiringSoon':
    case 'LicenseRevoked':
    case 'LicenseReferenceChanged':
    case 'LicenseRenewalChanged':
    case 'TierChangeScheduled':
    case 'ScheduledChangeCancelled':
    case 'LicenseTierChanged':
    case 'TrialConverted':
    case 'LicenseLimitsChanged':
    case 'EntitlementGranted':
    case 'EntitlementRevoked':
    case 'ProductAdded':
    case 'ProductRemoved':
    case 'LicenseKeyRotated':
    case 'LicenseKeyRetired':
    case 'LicenseTransferred':
    case 'ReplacementIssued':
      return;
  }
};

type Data<Type extends LicenseEvent['type']> = Extract<LicenseEvent, { type: Type }>['data'];

const open = (license: IssuedLicense, data: Data<'ActivationRecorded'>, { effectiveAt }: At): void => {
  const { activationId, fingerprintHash, product, nameRef, platform, appVersion } = data;
  const { components = noComponents, userRef = null, environment = null } = data;
  license.activations.set(activationId, {
    activationId,
    fingerprintHash,
    product,
    nameRef,
    platform,
    appVersion,
    activatedAt: effectiveAt,
    components,
    userRef,
    environment,
  });
  license.byFingerprint.set(fingerprintHash, activationId);
};

const close = (license: IssuedLicense, { activationId, cause }: Data<'ActivationDeactivated'>, at: At): void => {
  const activation = license.activations.get(activationId);
  license.activations.delete(activationId);
  license.deactivated.add(activationId);
  if (activation !== undefined) {
    license.byFingerprint.delete(activation.fingerprintHash);
    license.deactivated.add(activation.fingerprintHash);
  }
  if (cause !== 'USER' && cause !== 'SWAP') return;
  license.deactivationsInTerm += 1;
  license.lastDeactivatedAt = at.effectiveAt;
};

const take = (license: IssuedLicense, data: Data<'LeaseAcquired'>, { effectiveAt }: At): void => {
  const { leaseId, holderHash, product, userRef, ttlSeconds, expiresAt, borrow } = data;
  license.leases.set(leaseId, { leaseId, holderHash, product, userRef, ttlSeconds, expiresAt, borrow });
  license.leaseByHolder.set(holderHash, leaseId);
  license.lapsed.delete(leaseId);
  if (borrow) license.borrowed.add(leaseId);
  for (const [released, freeAt] of license.withheld) if (freeAt <= effectiveAt) license.withheld.delete(released);
};

const forgetLease = (license: IssuedLicense, leaseId: string): void => {
  const lease = license.leases.get(leaseId);
  if (lease !== undefined) license.leaseByHolder.delete(lease.holderHash);
  license.leases.delete(leaseId);
  license.borrowed.delete(leaseId);
};

const noComponents: Readonly<Record<string, string>> = {};
