import { z } from 'zod';
import type { Refusal } from '../application/refusal.ts';
import type { Secrets } from '../identity/secrets.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { type Problem, problem, refused } from './problems/problems.ts';
import type { Reply } from './route.ts';
import { pageLimitDefault, readAs } from './schemas.ts';

/** Whether a list is to hold what was archived, or what was not. */
export const archivedFilter = z
  .enum(['true', 'false'])
  .transform((archived) => archived === 'true')
  .meta({ override: readAs({ type: 'boolean' }), example: false });

/** The filters of a list as they stand in its links: empty, or ending in `&`. */
export const filtersOf = (filters: object): string => {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined);
  return given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}&`).join('');
};

/** The paging part of a request's query. */
export type PageQuery = { readonly limit?: number | undefined; readonly cursor?: string | undefined };

/**
 * Answers one page. `listing` names the list with its filters, `path` is where it is asked for, `placeOf` says where an
 * entry stands in it; `read` gets the place to go on after and how many entries to read, one more than is shown.
 */
export const page = async <Entry>(
  secrets: Secrets,
  { limit = pageLimitDefault, cursor }: PageQuery,
  listing: string,
  link: (parameters: string) => string,
  placeOf: (entry: Entry) => string,
  read: (after: string | null, limit: number) => Promise<readonly Entry[] | Refusal>,
  show: (entry: Entry) => object,
): Promise<Reply | Problem> => {
  const after = cursor === undefined ? null : decodeCursor(secrets, listing, cursor);
  if (cursor !== undefined && after === null) {
    const detail = 'This cursor is not of this list with these filters. Begin without one.';
    return problem('INVALID_REQUEST', detail, [{ pointer: '?cursor', detail }]);
  }
  const found = await read(after, limit + 1);
  if ('rejected' in found) return refused(found);
  const entries = found.slice(0, limit);
  const last = entries.at(-1);
  const hasMore = found.length > limit && last !== undefined;
  const nextCursor = hasMore ? encodeCursor(secrets, listing, placeOf(last)) : null;
  const body = { data: entries.map(show), nextCursor, hasMore };
  if (nextCursor === null) return { status: 200, body };
  return { status: 200, body, headers: { Link: `<${link(`limit=${limit}&cursor=${nextCursor}`)}>; rel="next"` } };
};
