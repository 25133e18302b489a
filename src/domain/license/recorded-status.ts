import type { Instant } from '../time.ts';
import type { LicenseFacts } from './license.ts';
import { graceUntil, type Status } from './status.ts';

/** A status, and the instants between which it is right: `from` inclusive, `until` exclusive. Null: without a bound. */
export type RecordedStatus = { readonly status: Status; readonly from: Instant | null; readonly until: Instant | null };

/**
 * Returns the status that the recorded events say, and when it is the status of `status`. At other instants something
 * has fallen due that no event records yet. Lists find licenses by it and compute the others.
 */
export const recordedStatus = (facts: LicenseFacts): RecordedStatus => {
  if (facts.revokedAt !== null) return { status: 'REVOKED', from: null, until: null };
  if (facts.suspension !== null) return { status: 'SUSPENDED', from: null, until: facts.suspension.until };
  const suspendedFrom = firstScheduledSuspension(facts);
  const end = graceUntil(facts) ?? facts.term.expiresAt;
  if (end !== null && isEndRecorded(facts)) return { status: 'EXPIRED', from: end, until: suspendedFrom };
  return { status: 'ACTIVE', from: null, until: earlier(end, suspendedFrom) };
};

const isEndRecorded = (facts: LicenseFacts): boolean =>
  (graceUntil(facts) === null ? facts.announcedTerm : facts.graceEndedTerm) >= facts.term.number;

const firstScheduledSuspension = ({ scheduled }: LicenseFacts): Instant | null => {
  let first: Instant | null = null;
  for (const { effectiveAt, change } of scheduled)
    if (change.kind === 'SUSPENSION') first = earlier(first, effectiveAt);
  return first;
};

const earlier = (one: Instant | null, other: Instant | null): Instant | null => {
  if (one === null || other === null) return one ?? other;
  return one < other ? one : other;
};
