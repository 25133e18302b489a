import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Secrets } from '../../identity/secrets.ts';
import { asTenant } from '../../postgres/tenant.ts';
import type { ProjectedWaiter } from '../../projections/projected.ts';
import { type FeedPage, type FeedPlace, readFeed } from '../../projections/queries/event-feed.ts';
import { type Problem, problem } from '../problems/problems.ts';
import { decodeFeedCursor, type Feed } from './feed-cursor.ts';

export type FeedNeeds = {
  readonly pool: Pool;
  readonly secrets: Secrets;
  readonly projected: Pick<ProjectedWaiter, 'heard' | 'hear'>;
};

/** Where a request wants to go on; null: from the first event. */
export const placeIn = (
  secrets: Secrets,
  feed: Feed,
  cursor: string | undefined,
): { readonly place: FeedPlace | null } | Problem => {
  if (cursor === undefined) return { place: null };
  const decoded = decodeFeedCursor(secrets, feed, cursor);
  return 'place' in decoded ? decoded : cursorRefused(decoded.refused);
};

/** For a place that the log does not have. */
export const placeUnknown = (): Problem =>
  cursorRefused(
    'The log has no event where this cursor points to: it was restored to an earlier moment, or moved. Begin without a ' +
      'cursor; events that you have seen already keep their ids.',
  );

type Waiting = {
  readonly limit: number;
  /** How long to wait for something to show; 0: not at all. */
  readonly waitMs: number;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
};

/**
 * The next page of a feed after `after`, as soon as there is something in it or to go on to; an empty one when the time is
 * over. Woken by the projector's notices: nothing is read meanwhile, but that a busy log of others makes it look now and
 * then. Null: the log has no event at `after`.
 */
export const nextPage = async (
  { pool, projected }: FeedNeeds,
  { organizationId: orgId, types }: Feed,
  after: FeedPlace | null,
  { limit, waitMs, signal }: Waiting,
): Promise<FeedPage | null> => {
  const until = performance.now() + waitMs;
  for (let gapMs = gapMinMs; ; ) {
    const heard = projected.heard();
    const readAt = performance.now();
    const page = await asTenant(pool, orgId, (db) => readFeed(db, { orgId, after, types, limit }));
    if (page === null || page.events.length > 0 || page.hasMore || performance.now() >= until) return page;
    await projected.hear(heard, { timeoutMs: until - performance.now(), signal });
    const restMs = Math.min(readAt + gapMs, until) - performance.now();
    gapMs = restMs > 0 ? Math.min(2 * gapMs, gapMaxMs) : gapMinMs;
    if (restMs > 0) await delay(restMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return page;
  }
};

const cursorRefused = (detail: string): Problem => problem('INVALID_REQUEST', detail, [{ pointer: '?cursor', detail }]);

// Between two reads that find nothing.
const gapMinMs = 20;
const gapMaxMs = 1_000;
