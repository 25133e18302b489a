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

/** The place to continue from. Null stands for the first event. */
export const placeIn = (
  secrets: Secrets,
  feed: Feed,
  cursor: string | undefined,
): { readonly place: FeedPlace | null } | Problem => {
  if (cursor === undefined) return { place: null };
  const decoded = decodeFeedCursor(secrets, feed, cursor);
  return 'place' in decoded ? decoded : cursorRefused(decoded.refused);
};

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

/**
 * Returns the next page of a feed after `after`, as soon as it has an event or the place moves on. Returns an empty
 * page after the wait. The projector's notices wake the wait. Reads happen only then, and now and then while the log is
 * busy with events of others. Returns null when the log has no event at `after`.
 */
export const nextPage = async (
  { pool, projected }: FeedNeeds,
  { organizationId: orgId, types, issuer = null }: Feed,
  after: FeedPlace | null,
  { limit, waitMs, signal }: Waiting,
): Promise<FeedPage | null> => {
  const until = performance.now() + waitMs;
  for (let gapMs = gapMinMs; ; ) {
    const heard = projected.heard();
    const readAt = performance.now();
    const page = await asTenant(pool, orgId, (db) => readFeed(db, { orgId, after, types, issuer, limit }));
    if (page === null || page.events.length > 0 || page.hasMore || performance.now() >= until) return page;
    await projected.hear(heard, { timeoutMs: until - performance.now(), signal });
    const restMs = Math.min(readAt + gapMs, until) - performance.now();
    gapMs = restMs > 0 ? Math.min(2 * gapMs, gapMaxMs) : gapMinMs;
    if (restMs > 0) await delay(restMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return page;
  }
};

const cursorRefused = (detail: string): Problem => problem('INVALID_REQUEST', detail, [{ pointer: '?cursor', detail }]);

// The pause between two reads that return no event.
const gapMinMs = 20;
const gapMaxMs = 1_000;
