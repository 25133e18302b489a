import { toMs } from '../../time.ts';
import type { CommandOf } from '../commands.ts';
import { dueFrom, type UpcomingCommand } from '../due-command.ts';
import type { EventOf } from '../events.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';

/** Returns the commands that announce the ends of entitlements, one for each instant. */
export const dueEntitlementEnds = (facts: LicenseFacts): readonly UpcomingCommand[] =>
  [...new Set(unannouncedEnds(facts).map(({ until }) => until))].map((until) =>
    dueFrom(until, { type: 'EndEntitlements', data: { until } }),
  );

/**
 * The most ends of entitlements that one append announces, as `announcementsMax` is for ended parts. A license of an
 * earlier build may have thousands with one end.
 */
export const announcedEndsMax = 50;

/**
 * Announces, once, each entitlement that ended by `until`, with the instant of its end, the earliest first. Announces
 * `announcedEndsMax`, and leaves the rest to the next such command. Changes nothing when the command comes too early.
 */
export const endEntitlements = (
  { data, at }: CommandOf<'EndEntitlements'>,
  { facts }: IssuedLicense,
): readonly EventOf<'EntitlementEnded'>[] => {
  if (at < data.until) return [];
  const ends = unannouncedEnds(facts).filter(({ until }) => until <= data.until);
  const next = ends[announcedEndsMax]?.until ?? null;
  return ends.slice(0, announcedEndsMax).map((ended) => ({
    type: 'EntitlementEnded',
    data: ended.until === next ? { ...ended, more: true } : ended,
    effectiveAt: ended.until,
  }));
};

// What ended before the license was recorded here is no news. What ended with an announced end was announced with it.
const unannouncedEnds = ({ entitlements, entitlementsEndedAt, announcedEnds, createdAt }: LicenseFacts) => {
  const announced = new Set(announcedEnds.map(nameOfEnd));
  return entitlements
    .flatMap(({ code, source, until, withheld }) => {
      if (until === null || until <= (entitlementsEndedAt ?? createdAt)) return [];
      const end = { code, source, until };
      if (announced.has(nameOfEnd(end))) return [];
      return [withheld === true ? { ...end, withheld } : end];
    })
    .toSorted((a, b) => toMs(a.until) - toMs(b.until));
};

const nameOfEnd = ({ code, source, until }: LicenseFacts['announcedEnds'][number]): string =>
  `${until} ${source} ${code}`;
