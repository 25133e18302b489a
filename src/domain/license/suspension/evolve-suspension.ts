import type { At } from '../../decider.ts';
import type { Instant } from '../../time.ts';
import type { EventWith } from '../consequences.ts';
import type { LicenseFacts, Scheduled, Suspension } from '../license.ts';
import { withoutPast } from '../scheduled/evolve-scheduled.ts';
import { suspensionAt } from '../status.ts';
import type { SuspensionEvent, SuspensionReason } from './suspension-events.ts';

/** Returns the facts after an event about a suspension. */
export const evolveSuspensionFacts = (
  facts: LicenseFacts,
  event: Extract<EventWith<'facts'>, SuspensionEvent>,
  { effectiveAt }: At,
): LicenseFacts => {
  switch (event.type) {
    case 'LicenseSuspended': {
      const { eventId } = event.data;
      if (eventId !== undefined)
        return { ...facts, scheduled: [...facts.scheduled, announcedSuspension(eventId, event.data, effectiveAt)] };
      const scheduled = withoutPast(facts, 'SUSPENSION', effectiveAt);
      const suspension = suspensionSince(effectiveAt, event.data);
      return { ...facts, suspension, suspendedFor: [suspension], scheduled };
    }
    case 'SuspensionReasonAdded':
      return {
        ...facts,
        suspension: withReason(facts, event.data, effectiveAt),
        suspendedFor: reasonsWith(facts.suspendedFor, event.data, effectiveAt),
      };
    case 'LicenseReinstated':
      return { ...facts, suspension: null, suspendedFor: [], scheduled: withoutPast(facts, 'SUSPENSION', effectiveAt) };
  }
};

type Reason = { readonly reasonCode: SuspensionReason; readonly until: Instant | null };

const suspensionSince = (since: Instant, { reasonCode, until }: Reason): Suspension => ({ reasonCode, since, until });

const announcedSuspension = (eventId: string, { reasonCode, until }: Reason, effectiveAt: Instant): Scheduled => ({
  eventId,
  effectiveAt,
  change: { kind: 'SUSPENSION', reasonCode, until },
});

/** A reason that is in force already keeps its start. */
const reasonsWith = (reasons: readonly Suspension[], added: Reason, at: Instant): readonly Suspension[] => {
  const same = reasons.find(
    ({ reasonCode, until }) => reasonCode === added.reasonCode && (until === null || until > at),
  );
  const others = reasons.filter(({ reasonCode }) => reasonCode !== added.reasonCode);
  return [...others, suspensionSince(same?.since ?? at, added)];
};

const withReason = (facts: LicenseFacts, added: Reason, at: Instant): Suspension => {
  const { suspension } = facts;
  // A suspension that has ended by itself does not continue: an announced one is in force now.
  if (suspension === null || (suspension.until !== null && suspension.until <= at))
    return suspensionSince(suspensionAt(facts, at)?.since ?? at, added);
  const outlasts = suspension.until !== null && (added.until === null || added.until > suspension.until);
  return outlasts ? suspensionSince(suspension.since, added) : suspension;
};
