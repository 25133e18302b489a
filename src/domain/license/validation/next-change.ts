import { type Instant, plusSeconds } from '../../time.ts';
import { entitlementChanges } from '../grants/effective-entitlements.ts';
import { keyUntil } from '../keys/key-rotation.ts';
import type { LicenseFacts } from '../license.ts';
import { seatsWithinLimitAt } from '../seats/withheld-seats.ts';
import { graceUntil } from '../status.ts';
import type { ValidationScope, ValidationView } from './validation-view.ts';

/**
 * Returns the first instant after `at` at which the clock alone changes the answer of a validation that is valid at
 * `at`. Returns null when no such instant is known. A client may trust the answer until then, and not longer.
 */
export const nextChangeAt = (view: ValidationView, scope: ValidationScope, at: Instant): Instant | null => {
  const { facts, lease } = view;
  let next: Instant | null = null;
  const consider = (change: Instant | null) => {
    if (change !== null && change > at && (next === null || change < next)) next = change;
  };
  consider(facts.term.expiresAt);
  consider(graceUntil(facts));
  consider(checkInDueAt(view));
  consider(lease === null ? null : lease.aliveUntil);
  consider(keyUntil(facts, scope.keyVersion ?? null));
  for (const change of entitlementChanges(facts)) consider(change);
  for (const start of facts.nextTerms) consider(start);
  consider(seatsWithinLimitAt(facts, at));
  for (const change of announcedChanges(facts)) consider(change);
  return next;
};

/**
 * Returns the first end after `at` of a period with use, which the answer shows. It makes no license invalid, so a client
 * may run without the server past it. Returns null when there is none.
 */
export const nextResetAt = ({ meterPeriods }: LicenseFacts, at: Instant): Instant | null => {
  let next: Instant | null = null;
  for (const { until } of Object.values(meterPeriods))
    if (until !== null && until > at && (next === null || until < next)) next = until;
  return next;
};

/** Returns when a license without another check-in is overdue; null when it needs none or its term has not started. */
export const checkInDueAt = ({ facts, lastCheckInAt }: ValidationView): Instant | null => {
  const { checkInSeconds } = facts.policy;
  const since = lastCheckInAt ?? facts.term.startsAt;
  return checkInSeconds === undefined || since === null ? null : plusSeconds(since, checkInSeconds);
};

// The answer does not show the renewal mode.
const announcedChanges = ({ scheduled }: LicenseFacts): readonly Instant[] =>
  scheduled.flatMap(({ effectiveAt, change }) => (change.kind === 'RENEWAL' ? [] : [effectiveAt]));
