import type { Pool } from 'pg';
import { licenseAggregate } from '../../aggregates/aggregates.ts';
import type { EventStore } from '../../eventstore/event-store.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { asTenant } from '../../postgres/tenant.ts';
import type { FeedFollower, FeedFollowers } from '../../projections/feed-followers.ts';
import { type FeedPage, placeOfEvent } from '../../projections/queries/event-feed.ts';
import { joinCoverage, type LogCoverage } from '../../projections/queries/feed-coverage.ts';
import type { FeedPlace } from '../../projections/queries/feed-place.ts';
import { type Problem, problem, problemForNow } from '../problems/problems.ts';
import { decodeFeedCursor, type Feed } from './feed-cursor.ts';
import { placeText, type ReadPage } from './shared-reads.ts';

export type FeedNeeds = {
  /** The pool of requests that do not wait. */
  readonly pool: Pool;
  readonly secrets: Secrets;
  /** The id of the log that the event store has; null for the first one. */
  readonly logId: string | null;
  readonly store: Pick<EventStore, 'read'>;
  readonly followers: FeedFollowers;
  /** Reads for streams and for requests that wait, with connections of their own. */
  readonly readPage: ReadPage;
};

/**
 * Returns the place to continue from. Null stands for the first event. A place in a log that moved here is found by its
 * license and revision, which a move keeps.
 */
export const placeIn = async (
  needs: Pick<FeedNeeds, 'secrets' | 'logId' | 'pool' | 'store'>,
  feed: Feed,
  cursor: string | undefined,
): Promise<{ readonly place: FeedPlace | null } | Problem> => {
  if (cursor === undefined) return { place: null };
  const decoded = decodeFeedCursor(needs, feed, cursor);
  if ('refused' in decoded) return cursorRefused(decoded.refused);
  const { place, isOfOtherLog } = decoded;
  if (place === null || !isOfOtherLog) return { place };
  const moved = await asTenant(needs.pool, feed.organizationId, (db) => placeOfEvent(db, place));
  if (moved !== null) return { place: moved };
  const { events } = await needs.store.read(licenseAggregate.stream(place.licenseId), place.revision, 1);
  return events.length === 0 ? placeUnknown() : placeBehind();
};

/** The refusal of a place that the read models have not reached, as after a rebuild or while a stream is parked. */
export const placeBehind = (): Problem =>
  problemForNow(
    'NOT_PROJECTED_YET',
    'The read models do not contain the event of this cursor yet. Try again.',
    retryAfterSeconds,
    'NOT_PROJECTED',
  );

/** The refusal of a place that the log does not have. */
export const placeUnknown = (): Problem =>
  cursorRefused(
    'The log has no event at this cursor, because it was restored to an earlier state or moved. Begin without a ' +
      'cursor. Events that you have already received keep their ids.',
  );

type Waiting = {
  readonly limit: number;
  /** How long to wait for an event, in milliseconds. 0 does not wait. */
  readonly waitMs: number;
  /** Ends the wait. */
  readonly signal: AbortSignal;
};

/** Reads a feed and waits for its news. */
export type FeedReading = { readonly read: ReadPage; readonly follower: FeedFollower };

/** Returns the page after a place. Call it for one page after the other. */
export type NextPage = (after: FeedPlace | null, waiting: Waiting) => Promise<FeedPage | null>;

/**
 * Returns what reads a feed page by page. A page is returned as soon as it has an event. After the wait an empty page
 * is returned, with the place up to which the feed has no event. It reads only while there may be events: at first, and
 * after news of this organization. Returns null when the log has no event at `after`.
 */
export const createPages = ({ read, follower }: FeedReading, feed: Feed): NextPage => {
  /** Where the feed had ended, and the mark of the news until then. */
  let end: { readonly place: FeedPlace | null; readonly mark: number } | null = null;
  return async (after, { limit, waitMs, signal }) => {
    const until = performance.now() + waitMs;
    let from = after;
    let covered: LogCoverage | null = null;
    if (end !== null && placeText(end.place) !== placeText(after)) end = null;
    for (;;) {
      if (end === null || end.mark !== follower.mark()) {
        const mark = follower.mark();
        end = null;
        const page = await read(feed, { after: from, limit, mark });
        if (page === null) return null;
        covered = joinCoverage(covered, page.covered);
        if (page.events.length > 0 || page.hasMore) return { ...page, covered };
        from = page.through;
        end = { place: from, mark };
      }
      await follower.news(end.mark, { timeoutMs: until - performance.now(), signal });
      if (signal.aborted || follower.stopped.aborted || performance.now() >= until)
        return { events: [], through: from, hasMore: false, covered };
    }
  };
};

const cursorRefused = (detail: string): Problem => problem('INVALID_REQUEST', detail, [{ pointer: '?cursor', detail }]);

const retryAfterSeconds = 5;
