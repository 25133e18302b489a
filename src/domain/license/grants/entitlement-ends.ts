import type { Instant } from '../../time.ts';
import type { CommandOf } from '../commands.ts';
import { dueFrom, type UpcomingCommand } from '../due-command.ts';
import type { EventOf } from '../events.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';

/** Returns the commands that announce the ends of entitlements, one for each instant. */
export const dueEntitlementEnds = (facts: LicenseFacts): readonly UpcomingCommand[] =>
  facts.entitlements.length === 0
    ? []
    : [...new Set(unannouncedEnds(facts).map(({ until }) => until))].map((until) =>
        dueFrom(until, { type: 'EndEntitlements', data: { until } }),
      );

/**
 * Announces, once, each entitlement that ended by `until`, with the instant of its end, the earliest first. Changes
 * nothing when the command comes too early.
 */
export const endEntitlements = (
  { data, at }: CommandOf<'EndEntitlements'>,
  { facts }: IssuedLicense,
): readonly EventOf<'EntitlementEnded'>[] =>
  at < data.until
    ? []
    : unannouncedEnds(facts)
        .filter(({ until }) => until <= data.until)
        .map((ended) => ({ type: 'EntitlementEnded', data: ended, effectiveAt: ended.until }));

// What ended before the license was recorded here is no news. What ended with an announced end was announced with it.
const unannouncedEnds = ({ entitlements, entitlementsEndedAt, createdAt }: LicenseFacts) =>
  entitlements
    .flatMap(({ code, source, until }) =>
      until !== null && until > (entitlementsEndedAt ?? createdAt) ? [{ code, source, until }] : [],
    )
    .toSorted((a, b) => compare(a.until, b.until));

const compare = (a: Instant, b: Instant): number => (a < b ? -1 : a > b ? 1 : 0);
