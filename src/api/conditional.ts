import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type Problem, problem } from './problems/problems.ts';
import { inOrder } from './request-hash.ts';

/**
 * The entity tag of a resource (RFC 9110 §8.8.3): the revision of its stream, followed, where its representation also
 * depends on something that is no event (the clock, what is in vault), by a digest of that: `"7"`, `"7.1a2b3c4d"`.
 */
export const entityTag = (revision: bigint, beside: object | null = null): string => {
  if (beside === null) return `"${revision}"`;
  // The database keeps names in another order than the request that they came with.
  return `"${revision}.${createHash('sha256').update(JSON.stringify(beside, inOrder)).digest('hex').slice(0, 8)}"`;
};

/** The revision that If-Match asks the stream to be at; null: any will do. */
export const expectedRevisionIn = (headers: IncomingHttpHeaders): bigint | null | Problem => {
  const given = headers['if-match'];
  if (given === undefined || given === '*') return null;
  const revision = /^"([0-9]{1,18})(?:\.[0-9a-f]{8})?"$/.exec(given)?.[1];
  if (revision !== undefined) return BigInt(revision);
  return problem('INVALID_REQUEST', 'If-Match must be one ETag as an earlier answer gave it, such as "7".');
};

/** True when If-None-Match names this tag: the client has what would be answered (RFC 9110 §13.1.2). */
export const isUnmodified = (headers: IncomingHttpHeaders, tag: string): boolean => {
  const given = headers['if-none-match'];
  if (given === undefined || given.length > 1000) return false;
  return given.split(',').some((each) => each.trim().replace(/^W\//, '') === tag || each.trim() === '*');
};
