import type { Pool, PoolClient } from 'pg';
import type { Refusal } from '../application/refusal.ts';
import type { Secrets } from '../identity/secrets.ts';
import { asTenant } from '../postgres/tenant.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { type Problem, problem, refused } from './problems/problems.ts';
import type { Reply } from './route.ts';
import { booleanText, pageLimitDefault, readAs } from './schemas.ts';

/** The bounds of a list that has few filters. */
export const smallerPages = { narrow: 'Use a smaller limit.' } as const;

/** Filters a list by whether its entries are archived. */
export const archivedFilter = booleanText.meta({ override: readAs({ type: 'boolean' }), example: false });

/** Returns the filters of a list as text for its links. The text is empty or ends in `&`. */
export const filtersOf = (filters: object): string => {
  const present = Object.entries(filters).filter(([, value]) => value !== undefined);
  return present
    .map(([name, value]) => (typeof value === 'object' ? membersOf(name, value) : filterOf(name, value)))
    .join('');
};

const filterOf = (name: string, value: unknown): string => `${name}=${encodeURIComponent(String(value))}&`;

/** Returns the members of an object such as `metadata`, in one order. */
const membersOf = (name: string, value: object): string =>
  Object.entries(value)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([member, text]) => filterOf(encodeURIComponent(`${name}[${member}]`), text))
    .join('');

/** The paging part of a request's query. */
export type PageQuery = { readonly limit?: number | undefined; readonly cursor?: string | undefined };

/** A list of the API. `placeOf` returns the place of an entry in the list, and `bodyOf` what the API answers for it. */
type Listing<Entry> = {
  /** Names the list with its filters. A cursor works only for the list that it came from. */
  readonly name: string;
  /** The path of the list with `?` and its filters, for the link to the next page. */
  readonly url: string;
  readonly placeOf: (entry: Entry) => string;
  /** Reads up to `limit` entries behind the place `after`. Null reads from the beginning. */
  readonly read: (after: string | null, limit: number) => Promise<readonly Entry[] | Part<Entry> | Refusal>;
  readonly bodyOf: (entry: Entry) => object;
};

/** The first entries of a page. `isCut`: others would make the page too large, so the next page has them. */
type Part<Entry> = { readonly entries: readonly Entry[]; readonly isCut: boolean };

/** Answers one page of a list. Reads one entry more than it answers, which says whether another page follows. */
export const page = async <Entry>(
  secrets: Secrets,
  { limit = pageLimitDefault, cursor }: PageQuery,
  { name, url, placeOf, read, bodyOf }: Listing<Entry>,
): Promise<Reply | Problem> => {
  const after = cursor === undefined ? null : decodeCursor(secrets, name, cursor);
  if (cursor !== undefined && after === null) return foreignCursor;
  const result = await read(after, limit + 1);
  if ('rejected' in result) return refused(result);
  const { entries: first, isCut } = 'isCut' in result ? result : { entries: result, isCut: false };
  const entries = first.slice(0, limit);
  const last = entries.at(-1);
  const hasMore = (isCut || first.length > limit) && last !== undefined;
  const nextCursor = hasMore ? encodeCursor(secrets, name, placeOf(last)) : null;
  const body = { data: entries.map(bodyOf), nextCursor, hasMore };
  if (nextCursor === null) return { status: 200, body };
  return { status: 200, body, headers: { Link: `<${url}limit=${limit}&cursor=${nextCursor}>; rel="next"` } };
};

/** A list of an organization, with the path `/v1/<list>`. */
type OrganizationListing<Entry> = Pick<Listing<Entry>, 'placeOf' | 'bodyOf'> & {
  readonly list: string;
  readonly organizationId: string;
  /** Reads up to `limit` entries behind the place `after`. Null reads from the beginning. */
  readonly read: (
    db: PoolClient,
    page: { readonly after: string | null; readonly limit: number },
  ) => Promise<readonly Entry[]>;
};

/** Answers one page of a list of an organization. All other members of the query are filters. */
export const organizationPage = <Entry>(
  { pool, secrets }: { readonly pool: Pool; readonly secrets: Secrets },
  { limit, cursor, ...filters }: PageQuery,
  { list, organizationId, read, ...listing }: OrganizationListing<Entry>,
): Promise<Reply | Problem> => {
  const filtered = filtersOf(filters);
  return page<Entry>(
    secrets,
    { limit, cursor },
    {
      name: `${list}\0${organizationId}\0${filtered}`,
      url: `/v1/${list}?${filtered}`,
      read: (after, count) => asTenant(pool, organizationId, (db) => read(db, { after, limit: count })),
      ...listing,
    },
  );
};

const foreignCursorDetail =
  'This cursor belongs to another list or to other filters. Leave cursor out to read from the beginning.';
const foreignCursor = problem('INVALID_REQUEST', foreignCursorDetail, [
  { pointer: '?cursor', detail: foreignCursorDetail },
]);
