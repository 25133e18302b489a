import type { At } from '../decider.ts';
import { concerns } from './consequences.ts';
import { endOpen, takeAnnounced } from './endings/evolve-endings.ts';
import type { LaterEvent, LicenseEvent } from './events.ts';
import { lapseKnownUntil, noteRepeatable } from './forget.ts';
import type { IssuedLicense } from './license.ts';

/** Changes, in place, what guards ask about beyond the facts, which are still those before the event. */
export const evolveCollections = (license: IssuedLicense, event: LaterEvent, at: At): void => {
  if (!concerns(event, 'collections')) return;
  const { recordedAt, effectiveAt } = at;
  switch (event.type) {
    case 'ActivationRecorded':
      open(license, event.data, at);
      return;
    case 'ActivationDeactivated':
      if (!takeAnnounced(license, event, at)) close(license, event.data, at);
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
      license.users.set(event.data.userRef, effectiveAt);
      return;
    case 'UserUnassigned':
      if (!takeAnnounced(license, event, at)) license.users.delete(event.data.userRef);
      return;
    case 'LeaseAcquired':
      take(license, event.data);
      return;
    case 'LeaseExtended': {
      const lease = license.leases.get(event.data.leaseId);
      if (lease === undefined) return;
      const extended = { ...lease, expiresAt: event.data.expiresAt };
      license.leases.set(lease.leaseId, extended);
      license.borrowed.set(lease.leaseId, extended);
      return;
    }
    case 'LeaseReleased': {
      if (takeAnnounced(license, event, at)) return;
      const { leaseId, seatFreeAt } = event.data;
      forgetLease(license, leaseId);
      noteRepeatable(license.released, leaseId, recordedAt);
      if (seatFreeAt !== null) license.withheld.set(leaseId, seatFreeAt);
      return;
    }
    case 'LeaseLapsed': {
      const lease = license.leases.get(event.data.leaseId);
      forgetLease(license, event.data.leaseId);
      if (lease === undefined) return;
      const { resurrectSeconds } = license.facts.policy.lease;
      const knownUntil = lapseKnownUntil(effectiveAt, resurrectSeconds, recordedAt);
      license.lapsed.set(lease.leaseId, { lease, lapsedAt: effectiveAt, knownUntil });
      return;
    }
    case 'UsageRecorded':
      noteRepeatable(license.usageIds, event.data.usageId, recordedAt);
      return;
    case 'LicenseRevoked':
    case 'LicenseTransferred':
    case 'LicenseLimitsChanged':
    case 'ProductRemoved':
      endOpen(license, event);
      return;
    default:
      // Fails to compile where a type of event has no case.
      event satisfies never;
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
  noteRepeatable(license.deactivated, activationId, at.recordedAt);
  if (activation !== undefined) {
    license.byFingerprint.delete(activation.fingerprintHash);
    noteRepeatable(license.deactivated, activation.fingerprintHash, at.recordedAt);
  }
  if (cause !== 'USER' && cause !== 'SWAP') return;
  license.deactivationsInTerm += 1;
  license.lastDeactivatedAt = at.effectiveAt;
};

const take = (license: IssuedLicense, data: Data<'LeaseAcquired'>): void => {
  const { leaseId, holderHash, product, userRef, ttlSeconds, expiresAt, borrow } = data;
  const lease = { leaseId, holderHash, product, userRef, ttlSeconds, expiresAt, borrow };
  license.leases.set(leaseId, lease);
  license.leaseByHolder.set(holderHash, leaseId);
  license.lapsed.delete(leaseId);
  if (borrow) license.borrowed.set(leaseId, lease);
};

const forgetLease = (license: IssuedLicense, leaseId: string): void => {
  const lease = license.leases.get(leaseId);
  if (lease !== undefined) license.leaseByHolder.delete(lease.holderHash);
  license.leases.delete(leaseId);
  license.borrowed.delete(leaseId);
};

const noComponents: Readonly<Record<string, string>> = {};
