import type { Pool } from 'pg';
import { createFairGate } from '../../async/fair-gate.ts';
import { withinProductScope } from '../../postgres/product-scope.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { type FeedPage, readFeed } from '../../projections/queries/event-feed.ts';
import type { FeedPlace } from '../../projections/queries/feed-place.ts';
import type { Feed } from './feed-cursor.ts';

/** A page to read. `mark`: the mark of the follower before the read. */
export type PageRequest = { readonly after: FeedPlace | null; readonly limit: number; readonly mark: number };

/** Reads a page of a feed as its organization. Returns null when the log has no event at `after`. */
export type ReadPage = (feed: Feed, page: PageRequest) => Promise<FeedPage | null>;

/** The most pages that a process reads at a time for streams and waiting requests. */
export const readsMax = 3;

/**
 * Returns what reads for streams and waiting requests. Few pages are read at a time, and organizations take turns.
 * Readers of one feed at the same place get one read, when they have missed the same news.
 */
export const createSharedReads = (pool: Pool): ReadPage => {
  const gate = createFairGate(readsMax);
  const running = new Map<string, Promise<FeedPage | null>>();
  return (feed, { after, limit, mark }) => {
    const { organizationId: orgId, types, issuer = null, license = null, products } = feed;
    const key = JSON.stringify([orgId, types, issuer, license, products, placeText(after), limit, mark]);
    const shared = running.get(key);
    if (shared !== undefined) return shared;
    const page = gate(orgId, () =>
      // The gate may start the read for another request.
      withinProductScope(products, () =>
        asTenant(pool, orgId, (db) => readFeed(db, { orgId, after, types, issuer, license, limit })),
      ),
    ).finally(() => running.delete(key));
    running.set(key, page);
    return page;
  };
};

/** Returns a text that is equal for equal places. */
export const placeText = (place: FeedPlace | null): string =>
  place === null ? '' : `${place.position} ${place.licenseId} ${place.revision}`;
