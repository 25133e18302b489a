import { createHash } from 'node:crypto';
import type { Secrets } from '../../identity/secrets.ts';
import type { FeedPlace } from '../../projections/queries/feed-place.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';

/** The organization of a cursor, and the filters of its feed. A filter that is null or absent stands for all. */
export type Feed = {
  readonly organizationId: string;
  readonly types: readonly string[] | null;
  readonly issuer?: string | null;
  readonly license?: string | null;
  /** The reader sees only licenses of these products. Null: it sees all. */
  readonly products: readonly string[] | null;
};

/** What makes and reads cursors. `logId`: the id of the log that the event store has; null for the first one. */
export type CursorMaker = { readonly secrets: Secrets; readonly logId: string | null };

/**
 * Returns the place in a feed as an opaque text, or the beginning for null. Only this organization can use it, for the
 * same filters.
 */
export const encodeFeedCursor = ({ secrets, logId }: CursorMaker, feed: Feed, place: FeedPlace | null): string => {
  const fields = [
    logId === null ? version : versionOfLogs,
    feed.organizationId,
    digestOf(feed),
    place?.position ?? '',
    place?.licenseId ?? '',
    place?.revision ?? '',
    // An earlier release reads cursors of the first log, also next to this one.
    ...(logId === null ? [] : [logId]),
  ];
  return encodeCursor(secrets, listing, fields.join(separator));
};

/**
 * Returns the place of a cursor. `isOfOtherLog`: its position counts in a log that moved, so only license and revision tell
 * the place. `refused` is a sentence that says why the cursor does not belong to this feed.
 */
export const decodeFeedCursor = (
  { secrets, logId }: CursorMaker,
  feed: Feed,
  cursor: string,
): { readonly place: FeedPlace | null; readonly isOfOtherLog: boolean } | { readonly refused: string } => {
  const text = decodeCursor(secrets, listing, cursor);
  const [madeBy, organizationId, digest, position = '', licenseId = '', revision = '', log = null] =
    text?.split(separator) ?? [];
  const isKnown = madeBy === (log === null ? version : versionOfLogs);
  if (!isKnown || organizationId !== feed.organizationId)
    return {
      refused: 'This is not a cursor of this feed. Send a cursor that the feed returned, or begin without one.',
    };
  if (digest !== digestOf(feed))
    return {
      refused:
        'This cursor belongs to another list of types, another issuer or another license. Send the same ones, or begin without a cursor.',
    };
  const place = position === '' ? null : { position: BigInt(position), licenseId, revision: BigInt(revision) };
  return { place, isOfOtherLog: log !== logId };
};

// The order of the types does not matter.
const digestOf = ({ types, issuer = null, license = null }: Feed): string => {
  const sorted = types === null ? null : [...types].sort();
  // Cursors of earlier releases know no issuer and no license.
  if (license !== null) return digest({ types: sorted, issuer, license });
  if (issuer === null) return sorted === null ? '' : digest(sorted);
  return digest({ types: sorted, issuer });
};

const digest = (filters: object): string =>
  createHash('sha256').update(JSON.stringify(filters)).digest('base64url').slice(0, 16);

const listing = 'events';
const version = '1';
const versionOfLogs = '2';
const separator = '\0';
