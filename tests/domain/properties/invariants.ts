import type { Stamped } from '../../../src/domain/decider.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import type { ChangedOverrides } from '../../../src/domain/license/tiers/tier-events.ts';
import type { Limit, Limits } from '../../../src/domain/license/usage/usage-limits.ts';
import { watchPending } from './pending.ts';
import { count, watchUsage } from './watch-usage.ts';

/** Checks an event of a stream. Returns the invariant of the specification (2.7) that it breaks, or null. */
export type Watch = (stamped: Stamped<LicenseEvent>) => string | null;

/** What may follow the end of a license, besides the announcements of what it ended. */
const afterRevocation: ReadonlySet<string> = new Set(['ReplacementIssued']);

/** Watches a stream from its first event on. Reads only the events, never the folded state. */
export const watchStream = (): Watch => {
  // By id, with their product.
  const devices = new Map<string, string | null>();
  const leases = new Map<string, string | null>();
  const users = new Map<string, string | null>();
  const pending = watchPending();
  const granted = new Set<string>();
  const dropsGranted = ({ dropped }: ChangedOverrides): boolean =>
    (dropped?.entitlements ?? []).every((code) => granted.delete(`${code} grant`));
  const reminders = new Set<string>();
  const totals = new Map<string, number>();
  // The part of the totals since the end of the last term, which a term from that end counts.
  const late = new Map<string, number>();
  const { used, carry } = watchUsage(totals, late);
  const announcements = new Set<string>();
  // The starts of renewed terms, at which meters begin at 0.
  const nextTerms = new Set<string>();
  const expiries = new Set<string>();
  const ends = new Set<string>();
  let limits: Omit<Limits, 'meters'> = { activations: 0, seats: 0, users: 0 };
  let term = 0;
  let termEnd: string | null = null;
  let announced = 0;
  let graceSeconds = 0;
  let graceEnded = 0;
  let keyVersion = 0;
  let revoked = false;
  let replaced = false;
  let maintenanceSold = false;
  // How often the expiry was set: each setting resets the reminders.
  let termsSet = 0;
  let recordedAt = '';

  const open = { activations: devices, leases, users };

  const opened = (
    open: Map<string, string | null>,
    [id, product]: readonly [string, string | null],
    { countAfter, limit, overage }: { countAfter: number | null; limit: Limit; overage: boolean },
  ) => {
    if (open.has(id)) return `2.7.3: ${id} was open already`;
    open.set(id, product);
    if (countAfter !== null && countAfter !== open.size) return `2.7.1: ${countAfter} counted, ${open.size} open`;
    if (limit === 'unlimited' && overage) return '2.7.1: above no limit';
    return open.size > Number(limit) && !overage ? `2.7.1: ${open.size} open of ${limit}` : null;
  };
  const closed = (open: Map<string, string | null>, id: string, countAfter: number | null) => {
    if (!open.delete(id)) return `2.7.3: ${id} was not open`;
    return countAfter === null || countAfter === open.size ? null : `2.7.1: ${countAfter} counted, ${open.size} open`;
  };
  const beginCounts = (carried: readonly (readonly [string, number])[]) => {
    for (const marks of [totals, late, nextTerms]) marks.clear();
    for (const [meter, quantity] of carried) {
      count(totals, meter, quantity);
      carry(meter);
    }
  };
  const begun = (number: number, startsAt: string, expiresAt: string | null) => {
    if (number !== term + 1) return `2.7.4: term ${number} after ${term}`;
    if (expiresAt !== null && expiresAt <= startsAt) return `2.7.4: term ${number} ends before it starts`;
    if (startsAt > recordedAt) nextTerms.add(startsAt);
    else beginCounts(startsAt === termEnd ? [...late] : []);
    [term, termEnd] = [number, expiresAt];
    return null;
  };

  const inOrder = (stamped: Stamped<LicenseEvent>): string | null => {
    const { event, at } = stamped;
    if (revoked && !afterRevocation.has(event.type) && !pending.isAnnounced(event))
      return `2.7.2: ${event.type} after LicenseRevoked`;
    if (at.recordedAt < recordedAt) return `2.7.5: recorded at ${at.recordedAt}, after ${recordedAt}`;
    recordedAt = at.recordedAt;
    for (const startsAt of [...nextTerms])
      if (startsAt <= recordedAt) {
        totals.clear();
        nextTerms.delete(startsAt);
      }
    if (at.effectiveAt <= at.recordedAt) return null;
    const announcing = 'eventId' in event.data && event.data.eventId !== null;
    return announcing ? null : `2.7.5: ${event.type} takes effect before it is recorded`;
  };

  const sound = ({ event, at }: Stamped<LicenseEvent>): string | null => {
    if ('maintenanceUntil' in event.data) maintenanceSold = false;
    switch (event.type) {
      case 'LicenseIssued':
      case 'LicenseImported': {
        const { startsAt, expiresAt } = event.data.term;
        if (recordedAt !== at.recordedAt || keyVersion > 0) return '2.4: issued twice';
        maintenanceSold = 'maintenanceUntil' in event.data && event.data.maintenanceFromPolicy !== true;
        limits = event.data.limits;
        graceSeconds = event.data.policy.expiryGraceSeconds;
        for (const { code, source } of event.data.entitlements) granted.add(`${code} ${source}`);
        return startsAt === null ? null : begun(1, startsAt, expiresAt);
      }
      case 'LicenseKeyIssued':
        keyVersion = event.data.keyVersion;
        return keyVersion === 1 ? null : '2.4: the first key is version 1';
      case 'LicenseKeyRotated': {
        const { fromVersion, toVersion } = event.data;
        if (fromVersion !== keyVersion || toVersion !== keyVersion + 1)
          return `2.4: key ${toVersion} after ${keyVersion}`;
        keyVersion = toVersion;
        return null;
      }
      case 'LicenseKeyRetired':
        return event.data.keyVersion < keyVersion ? null : `2.4: key ${event.data.keyVersion} is in use`;
      case 'ActivationRecorded': {
        const { activationId, countAfter, overage } = event.data;
        return opened(devices, [activationId, event.data.product], { countAfter, limit: limits.activations, overage });
      }
      case 'ActivationDetailsChanged':
      case 'ActivationUpdated': {
        const { activationId, ...changes } = event.data;
        if (Object.keys(changes).length === 0) return `2.4: ${activationId} was updated without a change`;
        return devices.has(activationId) ? null : `2.7.3: ${activationId} was not open`;
      }
      case 'DeactivationAnnounced': {
        const { activationId, lastSeenAt, deactivatesAt } = event.data;
        if (lastSeenAt >= at.recordedAt || deactivatesAt <= at.recordedAt) return `2.4: no notice for ${activationId}`;
        return devices.has(activationId) ? null : `2.7.3: ${activationId} was not open`;
      }
      case 'ActivationDeactivated':
        if (pending.isAnnounced(event))
          return pending.announced(
            { kind: 'activations', id: event.data.activationId, cause: event.data.cause },
            at,
            devices.size,
            event.data.countAfter,
          );
        return closed(devices, event.data.activationId, event.data.countAfter);
      case 'LeaseAcquired': {
        // Withheld seats count too, so the count is at least the number of open leases.
        if (event.data.inUseAfter <= leases.size) return `2.7.1: ${event.data.inUseAfter} seats counted`;
        if (event.data.inUseAfter > Number(limits.seats) && !event.data.overage) return '2.7.1: a seat above the limit';
        return opened(leases, [event.data.leaseId, event.data.product], {
          countAfter: null,
          limit: limits.seats,
          overage: event.data.overage,
        });
      }
      case 'LeaseReleased':
        if (pending.isAnnounced(event))
          return pending.announced({ kind: 'leases', id: event.data.leaseId, cause: event.data.cause }, at, null, null);
        return closed(leases, event.data.leaseId, null);
      case 'LeaseLapsed':
        return closed(leases, event.data.leaseId, null);
      case 'LeaseExtended':
        return leases.has(event.data.leaseId) ? null : `2.7.3: ${event.data.leaseId} was not open`;
      case 'UserAssigned':
        return opened(users, [event.data.userRef, null], {
          countAfter: event.data.countAfter,
          limit: limits.users,
          overage: event.data.overage,
        });
      case 'UserUnassigned':
        if (pending.isAnnounced(event))
          return pending.announced(
            { kind: 'users', id: event.data.userRef, cause: event.data.cause },
            at,
            users.size,
            event.data.countAfter,
          );
        // An event about a user who was unassigned before ends what was left.
        return (
          (event.data.ends !== undefined && !users.has(event.data.userRef)
            ? null
            : closed(users, event.data.userRef, event.data.countAfter)) ??
          pending.end('USER_UNASSIGNED', event.data, at, open)
        );
      case 'LicenseLimitsChanged': {
        limits = event.data.after;
        return pending.end('LIMIT_LOWERED', event.data, at, open);
      }
      case 'LicenseRenewed': {
        const { termNumber, previousExpiresAt, startsAt, expiresAt } = event.data;
        if (previousExpiresAt !== termEnd) return `2.7.4: the last term ended at ${termEnd}, not ${previousExpiresAt}`;
        if (expiresAt <= previousExpiresAt) return `2.7.4: term ${termNumber} does not end later`;
        return begun(termNumber, startsAt, expiresAt);
      }
      case 'LicenseTermStarted':
        return begun(event.data.termNumber, event.data.startsAt, event.data.expiresAt);
      case 'LicenseExpiryChanged':
        if (event.data.from !== termEnd) return `2.7.4: the term ends at ${termEnd}, not ${event.data.from}`;
        termEnd = event.data.to;
        late.clear();
        for (const startsAt of [...nextTerms]) if (startsAt >= (event.data.to ?? '9')) nextTerms.delete(startsAt);
        termsSet += 1;
        return event.data.termNumber === term ? null : `2.7.4: ${event.data.termNumber} is not the present term`;
      case 'LicenseExpired': {
        const { termNumber, expiresAt, graceUntil } = event.data;
        if (termNumber !== term || expiresAt !== termEnd) return `2.7.4: expired as term ${termNumber} at ${expiresAt}`;
        if (expiries.has(`${termNumber} ${expiresAt}`)) return `2.7.4: term ${termNumber} announced twice`;
        expiries.add(`${termNumber} ${expiresAt}`);
        if (at.effectiveAt !== expiresAt) return '2.3.1: an expiry takes effect when the term ends';
        const graceEnd = graceSeconds === 0 ? null : Date.parse(expiresAt) + graceSeconds * 1000;
        if ((graceUntil === null ? null : Date.parse(graceUntil)) !== graceEnd)
          return `2.3.5: grace until ${graceUntil}`;
        announced = termNumber;
        return null;
      }
      case 'LicenseGraceEnded': {
        const { termNumber } = event.data;
        if (termNumber !== announced || termNumber <= graceEnded) return `2.7.4: grace of term ${termNumber} ended`;
        graceEnded = termNumber;
        return null;
      }
      case 'TierChangeScheduled':
        announcements.add(event.data.eventId);
        return null;
      case 'LicenseSuspended':
      case 'LicenseRenewalChanged':
        if (typeof event.data.eventId === 'string') announcements.add(event.data.eventId);
        return null;
      case 'ScheduledChangeCancelled':
        return announcements.delete(event.data.eventId) ? null : `2.4: ${event.data.eventId} announced nothing`;
      case 'TrialConverted':
        graceSeconds = event.data.policy.expiryGraceSeconds;
        return dropsGranted(event.data) ? null : '2.4: dropped what was not granted';
      case 'LicenseTierChanged': {
        const { scheduledBy, policy } = event.data;
        graceSeconds = policy.expiryGraceSeconds;
        if (!dropsGranted(event.data)) return '2.4: dropped what was not granted';
        return scheduledBy === null || announcements.delete(scheduledBy)
          ? null
          : `2.4: ${scheduledBy} announced nothing`;
      }
      case 'LicenseRevoked':
        revoked = true;
        return (
          pending.end('LICENSE_REVOKED', event.data, at, open) ??
          (devices.size + leases.size > 0 ? '2.4: something is left open at the revocation' : null)
        );
      case 'LicenseTransferred':
        return pending.end('TRANSFER', event.data, at, open);
      case 'LicenseOffered':
        return event.data.expiresAt > at.recordedAt ? null : '2.7.5: an offer ends before it begins';
      case 'LicenseOfferEnded':
        return null;
      case 'ProductRemoved':
        return pending.end('PRODUCT_REMOVED', event.data, at, open);
      case 'LicenseExpiringSoon': {
        const { termNumber, expiresAt, offset } = event.data;
        if (termNumber !== term || expiresAt !== termEnd) return `2.3.4: reminded of term ${termNumber}`;
        const reminder = `${termNumber} ${expiresAt} ${offset} ${termsSet}`;
        if (reminders.has(reminder)) return `2.3.4: reminded twice, ${reminder}`;
        reminders.add(reminder);
        return null;
      }
      case 'EntitlementGranted':
        granted.add(`${event.data.code} ${event.data.source}`);
        return null;
      case 'EntitlementRevoked':
        return granted.delete(`${event.data.code} ${event.data.source}`) ? null : '2.4: revoked what was not granted';
      case 'UsageRecorded':
      case 'UsageBatchRecorded':
      case 'UsageCorrected':
      case 'UsageReset':
        return used(event, at, { end: termEnd, next: nextTerms });
      case 'ReplacementIssued':
        if (!revoked || replaced) return '2.7.2: a license that is not revoked, or replaced already, is replaced';
        replaced = true;
        return null;
      case 'EntitlementEnded': {
        const { code, source, until } = event.data;
        if (at.effectiveAt !== until) return `2.3.1: ${code} ended at ${until}, not ${at.effectiveAt}`;
        const end = `${code} ${source} ${until}`;
        if (ends.has(end)) return `2.4: the end of ${end} announced twice`;
        ends.add(end);
        return null;
      }
      case 'LicenseMaintenanceChanged': {
        // A sale of what the policy gave changes no instant.
        const isRepeated = maintenanceSold && event.data.from === event.data.to;
        maintenanceSold = true;
        return isRepeated ? '2.4: a maintenance that does not change' : null;
      }
      case 'SuspensionReasonAdded':
      case 'LicenseReinstated':
      case 'ProductAdded':
      case 'LicenseReferenceChanged':
        return null;
    }
  };
  return (stamped) => inOrder(stamped) ?? sound(stamped);
};
