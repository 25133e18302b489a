import { addDuration } from '../../calendar.ts';
import { reject } from '../../decider.ts';
import { type Instant, isInstant, later, parseDuration } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import type { PinnedPolicy } from '../policy.ts';
import type { Maintenance } from './term-events.ts';

type MaintenanceFacts = Pick<LicenseFacts, 'maintenanceUntil' | 'maintenanceSoldForEver' | 'maintenanceFromPolicy'>;

type Maintained = Pick<LicenseFacts, 'maintenanceUntil' | 'maintenanceSoldForEver' | 'timeZone'> & {
  readonly policy: Pick<PinnedPolicy, 'maintenance'>;
};

/**
 * Returns the maintenance that a term brings when it begins: until its end, or for a duration from its start, as the
 * policy says. It never ends earlier than the present one, and a maintenance that was sold for ever stays without end. A
 * maintenance beyond the year 9999 has no end.
 */
export const maintenanceOfTerm = (
  { policy: { maintenance }, maintenanceUntil, maintenanceSoldForEver, timeZone }: Maintained,
  { startsAt, expiresAt }: { readonly startsAt: Instant; readonly expiresAt: Instant | null },
): Maintenance => {
  if (maintenance === undefined || maintenanceSoldForEver) return {};
  const end = maintenance === 'TERM' ? expiresAt : endOf(startsAt, maintenance, timeZone);
  const until = end === null || maintenanceUntil === null ? end : later(maintenanceUntil, end);
  return until === maintenanceUntil ? {} : { maintenanceUntil: until };
};

/**
 * Returns the maintenance after the end of the term has moved: a maintenance until that end moves with it. One that was
 * sold for ever stays.
 */
export const maintenanceAfterMove = (
  { policy, maintenanceUntil, maintenanceSoldForEver }: Maintained,
  { from, to }: { readonly from: Instant | null; readonly to: Instant | null },
): Maintenance =>
  policy.maintenance === 'TERM' && maintenanceUntil === from && !maintenanceSoldForEver ? { maintenanceUntil: to } : {};

/**
 * Returns the maintenance after the license has moved to another policy. A policy without maintenance ends the one that
 * an earlier policy gave, because no later term would renew it. One that the issuer named stays.
 */
export const maintenanceUnder = (
  { maintenance }: Pick<PinnedPolicy, 'maintenance'>,
  { maintenanceFromPolicy }: Pick<LicenseFacts, 'maintenanceFromPolicy'>,
): Maintenance => (maintenance === undefined && maintenanceFromPolicy ? { maintenanceUntil: null } : {});

/**
 * Sets until when the license covers new releases, such as after a sale of maintenance alone. Null sells it for ever,
 * also when the license has no maintenance yet: no later term gives it an end. An end that the policy gave already is
 * the issuer's own from then on.
 */
export const changeMaintenance = (
  { data: { to, reasonCode } }: CommandOf<'ChangeMaintenance'>,
  { facts }: IssuedLicense,
): LicenseDecision => {
  if (reasonCode === '') return reject('INVALID_REQUEST', 'A changed maintenance needs a reason.');
  if (to !== null && !isInstant(to))
    return reject('TERM_INVALID', `${to} is not an instant like 2026-01-31T00:00:00.000Z.`);
  const { maintenanceUntil: from, maintenanceSoldForEver, maintenanceFromPolicy } = facts;
  const isSold = from === to && (to === null ? maintenanceSoldForEver : !maintenanceFromPolicy);
  return isSold ? [] : [{ type: 'LicenseMaintenanceChanged', data: { from, to } }];
};

/**
 * Returns the facts that an event about the term or the policy changes about the maintenance. Events of earlier builds
 * end a maintenance that was sold for ever.
 */
export const maintenanceIn = ({ maintenanceUntil }: Maintenance): Partial<MaintenanceFacts> =>
  maintenanceUntil === undefined
    ? {}
    : { maintenanceUntil, maintenanceSoldForEver: false, maintenanceFromPolicy: maintenanceUntil !== null };

/** Returns the facts after the end of the term has moved. A maintenance that moves with it stays the issuer's or the policy's. */
export const maintenanceMoved = (
  { maintenanceUntil, maintenanceFromPolicy }: MaintenanceFacts,
  moved: Maintenance,
): Partial<MaintenanceFacts> => {
  const changes = maintenanceIn(moved);
  const isSame = maintenanceUntil !== null && typeof moved.maintenanceUntil === 'string';
  return isSame ? { ...changes, maintenanceFromPolicy } : changes;
};

const endOf = (startsAt: Instant, text: string, timeZone: string): Instant | null => {
  const duration = parseDuration(text);
  return duration === null ? null : addDuration(startsAt, duration, undefined, timeZone);
};
