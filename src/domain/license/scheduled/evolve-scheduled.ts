import type { Instant } from '../../time.ts';
import type { LicenseFacts, Scheduled } from '../license.ts';
import type { ScheduledEvent } from './scheduled-events.ts';

/** Returns the facts after an event about an announced change. */
export const evolveScheduledFacts = (facts: LicenseFacts, { data }: ScheduledEvent): LicenseFacts => ({
  ...facts,
  scheduled: withoutAnnounced(facts.scheduled, data.eventId),
});

/** Returns the announced changes without the one that the event `eventId` announced; all of them for null. */
export const withoutAnnounced = (scheduled: readonly Scheduled[], eventId: string | null): readonly Scheduled[] =>
  eventId === null ? scheduled : scheduled.filter((announced) => announced.eventId !== eventId);

/**
 * Returns the announced changes without those of this kind that have taken effect by `now`: the event that is folded
 * says what is in force now.
 */
export const withoutPast = (
  { scheduled }: LicenseFacts,
  kind: Scheduled['change']['kind'],
  now: Instant,
): readonly Scheduled[] => {
  const isPast = ({ change, effectiveAt }: Scheduled) => change.kind === kind && effectiveAt <= now;
  return scheduled.some(isPast) ? scheduled.filter((announced) => !isPast(announced)) : scheduled;
};
