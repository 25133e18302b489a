import { status } from '@grpc/grpc-js';
import { Refusal } from '../grpc-refusal.ts';
import { isMetastream, originalOf } from './stream-rules.ts';

/** The prefixes of the streams of License Ledger. Their events are the record, so no client hides or deletes them. */
export const protectedPrefixes = ['license-', 'organization-', 'catalog-', 'reservation-', 'checkpoint-'] as const;

/** The stream of License Ledger that says which log a store has. */
export const protectedStream = 'ledger-log';

/** Throws a refusal when a client deletes a stream of License Ledger. */
export const refuseDeletion = (stream: string): void => {
  if (isProtected(stream))
    throw new Refusal(
      status.PERMISSION_DENIED,
      `${stream} is a stream of License Ledger, which is never deleted. Use streams with other names`,
    );
};

/** Throws a refusal when a client writes the metadata of a stream of License Ledger. */
export const refuseMetadata = (stream: string): void => {
  if (isMetastream(stream) && isProtected(originalOf(stream)))
    throw new Refusal(
      status.PERMISSION_DENIED,
      `${originalOf(stream)} is a stream of License Ledger, which has no metadata: $maxAge, $maxCount and $tb would ` +
        'hide its events, and $acl would close it',
    );
};

const isProtected = (stream: string): boolean =>
  stream === protectedStream || protectedPrefixes.some((prefix) => stream.startsWith(prefix));
