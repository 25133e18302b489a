import type { PoolClient } from 'pg';
import type { FeedPlace } from './feed-place.ts';
import type { FeedOrder } from './feed-sql.ts';

/**
 * The indexes of the organization's own log that a page covers, `from` and `through` inclusive. The feed has no event
 * with such an index outside the page. So an index that no event of the page has belongs to an event that the feed
 * does not show. Such an event is of the catalog or the organization, or the filters leave it out. `from` is one more than
 * `through` when the page covers no index.
 */
export type LogCoverage = { readonly from: bigint; readonly through: bigint };

/** A page that was read, with the moment at which it was read. */
export type CoveredPage = {
  readonly orgId: string;
  readonly order: FeedOrder;
  /** Where the page begins. Null: at the end of the feed where the order begins. */
  readonly after: FeedPlace | null;
  /** Everything between `after` and here was read. Null: the feed has no event there. */
  readonly through: FeedPlace | null;
  /** The page reaches the end of the feed in its order. */
  readonly isEnd: boolean;
  /** The position up to which the feed was read. */
  readonly readableTo: bigint;
  /** The last index of the log up to there. Null: unknown, because a stream is parked or the caller sees some products only. */
  readonly lastIndex: bigint | null;
};

/** Returns what a page covers. Returns null when it covers no index and there is none before it. */
export const readCoverage = async (db: PoolClient, page: CoveredPage): Promise<LogCoverage | null> => {
  const { order, after, through, isEnd, readableTo, lastIndex } = page;
  const newest = { position: readableTo + 1n, licenseId: '', revision: 0n };
  const [atAfter, atThrough] = await lastIndexes(db, page, [order === 'desc' ? (after ?? newest) : after, through]);
  const covered =
    order === 'asc'
      ? { from: atAfter + 1n, through: isEnd && lastIndex !== null ? lastIndex : atThrough }
      : {
          from: isEnd ? 0n : atThrough + 1n,
          through: after === null && lastIndex !== null ? lastIndex : atAfter,
        };
  return covered.through < 0n ? null : covered;
};

/** Returns one coverage for pages that follow each other in the order of the log. */
export const joinCoverage = (first: LogCoverage | null, next: LogCoverage | null): LogCoverage | null =>
  first === null || next === null
    ? (first ?? next)
    : { from: first.from, through: next.through > first.through ? next.through : first.through };

/**
 * Returns, for two places, the index of the last event of the organization's own licenses there that has one. At a place
 * counts as before it in the order of the log, but not in the reverse order. Returns -1 for null, and when there is none.
 */
const lastIndexes = async (
  db: PoolClient,
  { orgId, order }: CoveredPage,
  places: readonly [FeedPlace | null, FeedPlace | null],
): Promise<readonly [bigint, bigint]> => {
  const { rows } = await db.query<[string | null, string | null]>({
    name: `feed-coverage-${order}`,
    text: `select ${[2, 5].map((first) => lastIndexBefore(order, first)).join(', ')}`,
    values: [
      orgId,
      ...places.flatMap((place) => [place?.position ?? -1n, place?.licenseId ?? '', place?.revision ?? 0n]),
    ],
    rowMode: 'array',
  });
  const [first, second] = rows[0] ?? [];
  return [BigInt(first ?? -1), BigInt(second ?? -1)];
};

// Walks back along the index of the issuer by position.
const lastIndexBefore = (order: FeedOrder, first: number): string =>
  `(select l.log_index from rm.license_events e
      cross join lateral (select log_index from rm.log_entries
        where stream = 'license-' || e.license_id and revision = e.revision limit 1) l
    where e.issuer_org_id = $1 and e.position <= $${first}
      and (e.position, e.license_id, e.revision) ${order === 'asc' ? '<=' : '<'} ($${first}::bigint, $${first + 1}, $${first + 2}::bigint)
    order by e.position desc, e.license_id desc, e.revision desc limit 1)`;
