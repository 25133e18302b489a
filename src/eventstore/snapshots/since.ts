import type { At } from '../../domain/decider.ts';
import type { Instant } from '../../domain/time.ts';
import type { Proposed } from '../event-store.ts';
import type { Stretch } from './snapshots.ts';

/** A summary of a stream's events after its last snapshot. */
export type Since = {
  /** The last event of that snapshot; revision -1 without a snapshot. */
  readonly revision: bigint;
  readonly hash: string;
  /** The earliest instant at which an event since then was recorded or took effect; null without events. */
  readonly earliestAt: Instant | null;
  /** The last event of the last snapshot of the whole state; -1 without one. */
  readonly wholeRevision: bigint;
  /** The stretch of the last snapshot; null when another process took it. */
  readonly stretch: Stretch | null;
};

/** Returns a summary without events, after the event at `revision`. */
export const nothingSince = (
  { revision, hash }: { readonly revision: bigint; readonly hash: string },
  wholeRevision: bigint,
  stretch: Stretch | null = null,
): Since => ({ revision, hash, earliestAt: null, wholeRevision, stretch });

/** Adds one event to the summary. */
export const widen = (since: Since, { recordedAt, effectiveAt }: At): Since => {
  const at = effectiveAt < recordedAt ? effectiveAt : recordedAt;
  return since.earliestAt !== null && since.earliestAt <= at ? since : { ...since, earliestAt: at };
};

/** Adds events that were just appended to the summary. */
export const widenBy = (since: Since, events: readonly Proposed[]): Since =>
  events.reduce((widened, { metadata: { recordedAt, effectiveAt } }) => {
    return widen(widened, { recordedAt: String(recordedAt), effectiveAt: String(effectiveAt) });
  }, since);

/**
 * Returns true when a snapshot is due. All processes that fold a stream take its snapshots at the same events, unless
 * one of them appended several events at once.
 */
export const isBoundary = ({ revision }: Since, nextRevision: bigint): boolean =>
  nextRevision - 1n - revision >= every || nextRevision / every > (revision + 1n) / every;

/** The number of events between two snapshots. Reading so many events after a snapshot takes about 50 ms. */
const every = 500n;
