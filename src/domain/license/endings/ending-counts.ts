import type { Instant } from '../../time.ts';
import type { LicenseEvent } from '../events.ts';
import type { Ending, IssuedLicense, Lease, License, LicenseFacts } from '../license.ts';
import { borrowedUntil, seatsInUse } from '../seats/seats-in-use.ts';
import { stillWithheld } from '../seats/withheld-seats.ts';
import type { Ends, NamedParts } from './ending-events.ts';

// A decisive event ends any number of devices, leases and users at once. An event of its own announces each of them
// later, in the same append or in following ones.

/** Events that may end devices, leases and users. */
export type DecisiveEvent = Extract<
  LicenseEvent,
  { type: 'LicenseRevoked' | 'LicenseTransferred' | 'ProductRemoved' | 'LicenseLimitsChanged' | 'UserUnassigned' }
>;

/** How many devices, leases and users. */
export type Counts = Pick<Ends, 'activations' | 'leases' | 'users'>;

/** The ending that an event belongs to, and the kind of part that it announces. */
export type Announced = { readonly index: number; readonly kind: keyof Counts };

/** Returns the `ends` of a decisive event, from the license before the event; an empty object when it ends nothing. */
export const endsOf = (
  license: IssuedLicense,
  which: Ends['which'],
  { activations, leases, users }: Counts,
  at: Instant,
): { readonly ends?: Ends } => {
  if (activations + leases + users === 0) return {};
  const keeping = keptSeats(license, oldestLeases(license, leases), at);
  const usageAfter = {
    activations: license.activations.size - activations,
    seats: seatsInUse(license, at) - leases + Object.keys(keeping.seatsFreeAt ?? {}).length,
    users: license.users.size - users,
  };
  return { ends: { which, activations, leases, users, ...keeping, usageAfter } };
};

/** Returns the `ends` of an event that unassigns a user and ends these parts; an empty object when there are none. */
export const endsOfUser = (
  license: IssuedLicense,
  named: NamedParts,
  usersAfter: number,
  at: Instant,
): { readonly ends?: Ends } => {
  const [activations, leases] = [named.activations.length, named.leases.length];
  if (activations + leases === 0) return {};
  const ending = named.leases.flatMap((leaseId) => license.leases.get(leaseId) ?? []);
  const keeping = keptSeats(license, ending, at);
  const usageAfter = {
    activations: license.activations.size - activations,
    seats: seatsInUse(license, at) - leases + Object.keys(keeping.seatsFreeAt ?? {}).length,
    users: usersAfter,
  };
  return { ends: { which: 'NAMED', activations, leases, users: 0, named, ...keeping, usageAfter } };
};

const oldestLeases = ({ leases, borrowed }: IssuedLicense, count: number): Iterable<Lease> => {
  if (borrowed.size === 0) return [];
  return count >= leases.size ? borrowed.values() : [...leases.values()].slice(0, count);
};

const keptSeats = (
  { facts }: IssuedLicense,
  ending: Iterable<Lease>,
  at: Instant,
): Pick<Ends, 'keepsBorrowed' | 'seatsFreeAt'> => {
  const seatsFreeAt = facts.policy.reclaimBorrowed === true ? {} : borrowEnds(ending, at);
  return Object.keys(seatsFreeAt).length > 0 ? { keepsBorrowed: true, seatsFreeAt } : {};
};

/** Returns when the borrows among leases end, of those that end after `at`, by lease id. */
const borrowEnds = (leases: Iterable<Lease>, at: Instant): Readonly<Record<string, Instant>> => {
  const ends: Record<string, Instant> = {};
  for (const lease of leases) {
    const until = borrowedUntil(lease, at);
    if (until !== null) ends[lease.leaseId] = until;
  }
  return ends;
};

/** Returns the usage and the endings after a decisive event. `facts` are from before the event. */
export const ended = (
  facts: LicenseFacts,
  { type, data }: DecisiveEvent,
  effectiveAt: Instant,
): Pick<LicenseFacts, 'usage' | 'endings' | 'withheldSeats'> => {
  const { holderOrgId, usage, endings, withheldSeats } = facts;
  const { ends } = data;
  if (ends === undefined) return { usage, endings, withheldSeats };
  const { activations, leases, users, usageAfter } = ends;
  const ending: Ending = { cause: causes[type], effectiveAt, holderOrgId, activations, leases, users };
  const kept = Object.entries(ends.seatsFreeAt ?? {}).map(([leaseId, freeAt]) => ({ leaseId, freeAt }));
  return {
    usage: { ...usageAfter, meters: usage.meters },
    endings: [...endings, ending],
    withheldSeats: [...stillWithheld(withheldSeats, effectiveAt), ...kept],
  };
};

/** Returns what an event announces as ended, from the endings before the event; null when it announces nothing. */
export const announcedBy = (endings: readonly Ending[], event: LicenseEvent): Announced | null => {
  if (endings.length === 0) return null;
  switch (event.type) {
    case 'ActivationDeactivated':
      return announcedOf(endings, 'activations', event.data.cause);
    case 'LeaseReleased':
      return announcedOf(endings, 'leases', event.data.cause);
    case 'UserUnassigned':
      return announcedOf(endings, 'users', event.data.cause);
    default:
      return null;
  }
};

/** Returns the endings after one announcement. */
export const withAnnounced = (endings: readonly Ending[], { index, kind }: Announced): readonly Ending[] => {
  const remaining = [...endings];
  const ending = endings[index];
  if (ending !== undefined && leftOf(ending) > 1) remaining[index] = oneLess(ending, kind);
  else remaining.splice(index, 1);
  return remaining;
};

/** Returns how many announcements an ending still needs. */
export const leftOf = ({ activations, leases, users }: Counts): number => activations + leases + users;

/**
 * Returns the holder who owns an announcement: the holder from before the decisive event. `license` is from before the
 * announcement. Returns null for other events, which belong to the current holder.
 */
export const announcementHolder = (
  license: License,
  event: LicenseEvent,
): { readonly holderOrgId: string | null } | null => {
  if (license.kind === 'unissued') return null;
  const { endings } = license.facts;
  const announced = announcedBy(endings, event);
  const ending = announced === null ? undefined : endings[announced.index];
  return ending === undefined ? null : { holderOrgId: ending.holderOrgId };
};

const causes: Readonly<Record<DecisiveEvent['type'], Ending['cause']>> = {
  LicenseRevoked: 'LICENSE_REVOKED',
  LicenseTransferred: 'TRANSFER',
  ProductRemoved: 'PRODUCT_REMOVED',
  LicenseLimitsChanged: 'LIMIT_LOWERED',
  UserUnassigned: 'USER_UNASSIGNED',
};

const announcedOf = (endings: readonly Ending[], kind: keyof Counts, cause: string): Announced | null => {
  for (let index = 0; index < endings.length; index++) {
    const ending = endings[index];
    if (ending?.cause === cause && ending[kind] > 0) return { index, kind };
  }
  return null;
};

// Written out without spread, because announcements come by the thousand.
const oneLess = (
  { cause, effectiveAt, holderOrgId, activations, leases, users }: Ending,
  kind: keyof Counts,
): Ending => ({
  cause,
  effectiveAt,
  holderOrgId,
  activations: kind === 'activations' ? activations - 1 : activations,
  leases: kind === 'leases' ? leases - 1 : leases,
  users: kind === 'users' ? users - 1 : users,
});
