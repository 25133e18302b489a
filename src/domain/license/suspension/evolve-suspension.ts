import type { At } from '../../decider.ts';
import type { Instant } from '../../time.ts';
import type { EventWith } from '../consequences.ts';
import type { IssuedLicense, LicenseFacts, Scheduled, Suspension } from '../license.ts';
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
      return { ...facts, suspension: suspensionSince(effectiveAt, event.data), scheduled };
    }
    case 'SuspensionReasonAdded':
      return { ...facts, suspension: withReason(facts, event.data, effectiveAt) };
    case 'LicenseReinstated':
      return { ...facts, suspension: null, scheduled: withoutPast(facts, 'SUSPENSION', effectiveAt) };
  }
};

/** Changes, in place, the reasons of the current suspension, and the end of the last one. */
export const evolveSuspensionCollections = (
  license: IssuedLicense,
  event: Extract<EventWith<'collections'>, SuspensionEvent>,
  { recordedAt }: At,
): void => {
  const { suspendedFor } = license;
  switch (event.type) {
    case 'LicenseSuspended':
      // An announced suspension is in `facts.scheduled`.
      if (event.data.eventId !== undefined) return;
      suspendedFor.clear();
      suspendedFor.set(event.data.reasonCode, event.data.until);
      return;
    case 'SuspensionReasonAdded':
      suspendedFor.set(event.data.reasonCode, event.data.until);
      return;
    case 'LicenseReinstated':
      license.reinstatedAt = recordedAt;
      suspendedFor.clear();
      return;
    default:
      event satisfies never;
  }
};

type Reason = { readonly reasonCode: SuspensionReason; readonly until: Instant | null };

const suspensionSince = (since: Instant, { reasonCode, until }: Reason): Suspension => ({ reasonCode, since, until });

const announcedSuspension = (eventId: string, { reasonCode, until }: Reason, effectiveAt: Instant): Scheduled => ({
  eventId,
  effectiveAt,
  change: { kind: 'SUSPENSION', reasonCode, until },
});

const withReason = (facts: LicenseFacts, added: Reason, at: Instant): Suspension => {
  const { suspension } = facts;
  // A suspension that has ended by itself does not continue: an announced one is in force now.
  if (suspension === null || (suspension.until !== null && suspension.until <= at))
    return suspensionSince(suspensionAt(facts, at)?.since ?? at, added);
  const outlasts = suspension.until !== null && (added.until === null || added.until > suspension.until);
  return outlasts ? suspensionSince(suspension.since, added) : suspension;
};
