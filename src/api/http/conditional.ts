import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { inOrder } from '../idempotency/request-hash.ts';
import { type Problem, problem } from '../problems/problems.ts';

/**
 * Returns the entity tag of a resource (RFC 9110 §8.8.3): the revision of its stream. When the answer also depends on
 * values outside of events, such as time and the vault, a digest of them follows: `"7"`, `"7.1a2b3c4d"`.
 */
export const entityTag = (revision: bigint, others: object | null = null): string => {
  if (others === null) return `"${revision}"`;
  // The database returns names in another order than the request had.
  return `"${revision}.${createHash('sha256').update(JSON.stringify(others, inOrder)).digest('hex').slice(0, 8)}"`;
};

/** Returns the revision that If-Match requires, or null for any revision. */
export const expectedRevisionIn = (headers: IncomingHttpHeaders): bigint | null | Problem => {
  const ifMatch = headers['if-match'];
  if (ifMatch === undefined || ifMatch === '*') return null;
  const revision = /^"([0-9]{1,18})(?:\.[0-9a-f]{8})?"$/.exec(ifMatch)?.[1];
  if (revision !== undefined) return BigInt(revision);
  return problem('INVALID_REQUEST', 'If-Match must be one ETag as an earlier answer gave it, such as "7".');
};

/** Returns true when If-None-Match names this tag, so the client has the answer already (RFC 9110 §13.1.2). */
export const isUnmodified = (headers: IncomingHttpHeaders, tag: string): boolean => {
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch === undefined || ifNoneMatch.length > 1000) return false;
  return ifNoneMatch.split(',').some((named) => named.trim().replace(/^W\//, '') === tag || named.trim() === '*');
};
