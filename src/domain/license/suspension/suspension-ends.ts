import { fromMs, type Instant, secondsBetween, toMs } from '../../time.ts';
import type { CommandOf } from '../commands.ts';
import { dueFrom, type UpcomingCommand } from '../due-command.ts';
import type { EventOf } from '../events.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { isSuspended, suspensionAt } from '../status.ts';

/** Returns the commands that announce the ends of timed suspensions, also of announced ones. */
export const dueSuspensionEnds = (facts: LicenseFacts): readonly UpcomingCommand[] =>
  suspensionEnds(facts).map((until) => dueFrom(until, { type: 'EndSuspension', data: { until } }));

/**
 * Announces, once, that a suspension ended by itself, with the instant of that end. Changes nothing when the command
 * comes too early, or when another suspension covers that instant.
 */
export const endSuspension = (
  { data: { until }, at }: CommandOf<'EndSuspension'>,
  { facts }: IssuedLicense,
): readonly EventOf<'LicenseReinstated'>[] => {
  if (at < until || !suspensionEnds(facts).includes(until)) return [];
  const since = suspensionAt(facts, fromMs(toMs(until) - 1))?.since ?? until;
  return [
    {
      type: 'LicenseReinstated',
      data: { suspendedSince: since, suspendedForSeconds: secondsBetween(since, until) },
      effectiveAt: until,
    },
  ];
};

/** Returns the instants at which the license stops being suspended by itself, recorded and announced suspensions alike. */
const suspensionEnds = (facts: LicenseFacts): readonly Instant[] => {
  const { suspension, scheduled } = facts;
  const ends = new Set<Instant>();
  const add = (until: Instant | null) => {
    if (until !== null && !isSuspended(facts, until)) ends.add(until);
  };
  if (suspension !== null) add(suspension.until);
  for (const { change } of scheduled) if (change.kind === 'SUSPENSION') add(change.until);
  return [...ends];
};
