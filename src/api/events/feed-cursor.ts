import { createHash } from 'node:crypto';
import type { Secrets } from '../../identity/secrets.ts';
import type { FeedPlace } from '../../projections/queries/event-feed.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';

/** Whose feed a cursor is of, and which types it shows; null: all. */
export type Feed = { readonly organizationId: string; readonly types: readonly string[] | null };

/** The place of a feed as an opaque text that only this organization can use, for the same types; null: its beginning. */
export const encodeFeedCursor = (secrets: Secrets, feed: Feed, place: FeedPlace | null): string =>
  encodeCursor(
    secrets,
    listing,
    [
      ...[version, feed.organizationId, digestOf(feed), place?.position ?? '', place?.licenseId ?? ''],
      place?.revision ?? '',
    ].join(separator),
  );

/** The place that a cursor stands for; `refused` says in a sentence why it has none in this feed. */
export const decodeFeedCursor = (
  secrets: Secrets,
  feed: Feed,
  cursor: string,
): { readonly place: FeedPlace | null } | { readonly refused: string } => {
  const text = decodeCursor(secrets, listing, cursor);
  const [madeBy, organizationId, digest, position = '', licenseId = '', revision = ''] = text?.split(separator) ?? [];
  if (madeBy !== version || organizationId !== feed.organizationId)
    return { refused: 'This is no cursor of this feed. Send one that it gave you, or begin without one.' };
  if (digest !== digestOf(feed))
    return { refused: 'This cursor belongs to another list of types. Send the same types, or begin without a cursor.' };
  return { place: position === '' ? null : { position: BigInt(position), licenseId, revision: BigInt(revision) } };
};

// The types in any order are the same feed.
const digestOf = ({ types }: Feed): string =>
  types === null
    ? ''
    : createHash('sha256')
        .update(JSON.stringify([...types].sort()))
        .digest('base64url')
        .slice(0, 16);

const listing = 'events';
const version = '1';
const separator = '\0';
