import { createHash } from 'node:crypto';
import type { Secrets } from '../../identity/secrets.ts';
import type { FeedPlace } from '../../projections/queries/event-feed.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';

/** The organization of a cursor, and the types and the issuer of its feed. Null, or no issuer, stands for all. */
export type Feed = {
  readonly organizationId: string;
  readonly types: readonly string[] | null;
  readonly issuer?: string | null;
  /** The reader sees only licenses of these products. Null: it sees all. */
  readonly products: readonly string[] | null;
};

/**
 * Returns the place in a feed as an opaque text, or the beginning for null. Only this organization can use it, for the
 * same types and issuer.
 */
export const encodeFeedCursor = (secrets: Secrets, feed: Feed, place: FeedPlace | null): string =>
  encodeCursor(
    secrets,
    listing,
    [
      version,
      feed.organizationId,
      digestOf(feed),
      place?.position ?? '',
      place?.licenseId ?? '',
      place?.revision ?? '',
    ].join(separator),
  );

/** Returns the place of a cursor. `refused` is a sentence that says why the cursor does not belong to this feed. */
export const decodeFeedCursor = (
  secrets: Secrets,
  feed: Feed,
  cursor: string,
): { readonly place: FeedPlace | null } | { readonly refused: string } => {
  const text = decodeCursor(secrets, listing, cursor);
  const [madeBy, organizationId, digest, position = '', licenseId = '', revision = ''] = text?.split(separator) ?? [];
  if (madeBy !== version || organizationId !== feed.organizationId)
    return {
      refused: 'This is not a cursor of this feed. Send a cursor that the feed returned, or begin without one.',
    };
  if (digest !== digestOf(feed))
    return {
      refused:
        'This cursor belongs to another list of types or another issuer. Send the same ones, or begin without a cursor.',
    };
  return { place: position === '' ? null : { position: BigInt(position), licenseId, revision: BigInt(revision) } };
};

// The order of the types does not matter.
const digestOf = ({ types, issuer = null }: Feed): string => {
  const sorted = types === null ? null : [...types].sort();
  // Cursors of earlier releases know no issuer.
  if (issuer === null) return sorted === null ? '' : digest(sorted);
  return digest({ types: sorted, issuer });
};

const digest = (filters: object): string =>
  createHash('sha256').update(JSON.stringify(filters)).digest('base64url').slice(0, 16);

const listing = 'events';
const version = '1';
const separator = '\0';
