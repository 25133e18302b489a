import type { At } from '../../domain/decider.ts';
import type { Instant } from '../../domain/time.ts';
import type { Proposed } from '../event-store.ts';
import type { Stretch } from './snapshots.ts';

/** What is known of a stream's events since the event that its last snapshot stands at. */
export type Since = {
  /** That event; revision -1: from the first event on. */
  readonly revision: bigint;
  readonly hash: string;
  /** The earliest instant at which one of the events since then was recorded or took effect; null: there is none. */
  readonly earliestAt: Instant | null;
  /** The event that the last snapshot of the whole state stands at; -1: there was none. */
  readonly wholeRevision: bigint;
  /** The stretch that the last snapshot describes, where this process took it. */
  readonly stretch: Stretch | null;
};

/** No event since the one given. */
export const nothingSince = (
  { revision, hash }: { readonly revision: bigint; readonly hash: string },
  wholeRevision: bigint,
  stretch: Stretch | null = null,
): Since => ({ revision, hash, earliestAt: null, wholeRevision, stretch });

/** One more event. */
export const widen = (since: Since, { recordedAt, effectiveAt }: At): Since => {
  const at = effectiveAt < recordedAt ? effectiveAt : recordedAt;
  return since.earliestAt !== null && since.earliestAt <= at ? since : { ...since, earliestAt: at };
};

/** Events that were just appended. */
export const widenBy = (since: Since, events: readonly Proposed[]): Since =>
  events.reduce((widened, { metadata: { recordedAt, effectiveAt } }) => {
    return widen(widened, { recordedAt: String(recordedAt), effectiveAt: String(effectiveAt) });
  }, since);

/**
 * Returns true when a snapshot is due. Processes that fold the same stream agree on the places, so that their snapshots
 * stand at the same events, unless one of them appended several events at once.
 */
export const isBoundary = ({ revision }: Since, nextRevision: bigint): boolean =>
  nextRevision - 1n - revision >= every || nextRevision / every > (revision + 1n) / every;

/** The number of events between two snapshots: so many are read at most beyond one, which takes some 50 ms. */
const every = 500n;
