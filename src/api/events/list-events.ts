import { z } from 'zod';
import { productsOf } from '../../domain/authority.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { type FeedPage, readFeed } from '../../projections/queries/event-feed.ts';
import type { FeedPlace } from '../../projections/queries/feed-place.ts';
import type { FeedOrder } from '../../projections/queries/feed-sql.ts';
import { filtersOf } from '../paging.ts';
import { isProblem, problem } from '../problems/problems.ts';
import { none, type Route, route } from '../route.ts';
import { cursor, idOf, readAs } from '../schemas.ts';
import { cloudEvent, cloudEventShape } from './cloud-event.ts';
import type { CurrentRefusal } from './current-refusal.ts';
import { eventTypes } from './event-types.ts';
import { createPages, type FeedNeeds, placeBehind, placeIn, placeUnknown } from './feed.ts';
import { encodeFeedCursor, type Feed } from './feed-cursor.ts';
import { sequenceOf, sequenceShape } from './sequence.ts';

const limitMax = 1_000;
const limitDefault = 100;
const waitMaxSeconds = 30;

const wholeNumber = (max: number, min: number, preset: number) =>
  z
    .string()
    .regex(/^(?:0|[1-9][0-9]{0,4})$/, `must be a number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a number from ${min} to ${max}`)
    .meta({ override: readAs({ type: 'integer', minimum: min, maximum: max, default: preset }) });

const query = z.strictObject({
  cursor: cursor.optional(),
  limit: wholeNumber(limitMax, 1, limitDefault).optional(),
  types: eventTypes.optional(),
  issuer: idOf('org', 'org_01h455vb4pex5vsknk084sn02q').optional(),
  license: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q').optional(),
  order: z.enum(['asc', 'desc']).default('asc'),
  wait: wholeNumber(waitMaxSeconds, 0, 0).optional(),
});

const pageShape = z.strictObject({
  data: z.array(cloudEventShape),
  nextCursor: z.string().meta({ description: 'The cursor to continue from, also after an empty page.' }),
  hasMore: z.boolean().meta({ description: 'True when more events can be read immediately.' }),
  skippedFrom: sequenceShape.nullable().meta({
    description:
      'The first sequence of the log of your organization that this page covers, and one more than skippedThrough when it covers none. Null together with skippedThrough.',
  }),
  skippedThrough: sequenceShape.nullable().meta({
    description:
      'The last sequence that this page covers. A covered sequence without an event in the page is of an event that this feed does not show. That is an event of your catalog or organization, or types, issuer, license or the products of the API key leave it out. ' +
      'Null when the page tells nothing about the log.',
  }),
});

/**
 * GET /v1/events: returns the events of the licenses that the organization issues or holds, in the order of the log.
 */
export const listEvents = (needs: FeedNeeds & { readonly currentRefusal: CurrentRefusal }): Route =>
  route({
    method: 'get',
    path: '/v1/events',
    operationId: 'listEvents',
    summary: 'Read the event feed',
    description:
      'All events of the licenses that your organization issues, or held at the time of the event, in the order of the log. ' +
      'No event is left out, and none appears behind a cursor later. Store nextCursor together with your results, and ' +
      'continue from it. After a crash you may receive an event again, with the same id. issuer keeps the licenses of ' +
      'one issuer, and license keeps one license. With either, a page can be empty although hasMore is true. To read all ' +
      'events of a license, its history is faster. A page ends at 4 MB of data, after at least ' +
      'one event. order=desc begins with the newest event. A cursor works in both orders. So without issuer and license, the ' +
      'nextCursor of order=desc and limit=1 is a place to wait for later events. wait is the number of seconds to ' +
      'wait for the next event instead of answering with an empty page. It needs order=asc.',
    tag: 'Events',
    permission: 'readEvents',
    effect: 'read',
    request: z.object({ params: none, query }),
    bounded: {
      narrow: 'Use a smaller limit, or name fewer types.',
      // A request that waits for an event must not keep others from theirs.
      when: (query) => !('wait' in query) || query.wait === '0',
    },
    replies: { 200: { description: 'The next events.', body: pageShape } },
    rejections: [],
    handle: async ({ query: { cursor: from, limit = limitDefault, wait = 0, order, ...filters } }, call) => {
      const { types = null, issuer = null, license = null } = filters;
      const { organizationId } = call.caller;
      if (order === 'desc' && wait > 0) return noWaitBackwards;
      const feed = { organizationId, types, issuer, license, products: productsOf(call.caller) };
      const start = await placeIn(needs, feed, from);
      if (isProblem(start)) return start;
      if (wait > 0) call.endTurn();
      const pageAfter =
        wait === 0 ? readNow(needs, order) : readWaiting(needs, { waitMs: wait * 1_000, signal: call.signal() });
      const page = await pageAfter(feed, start.place, limit);
      if (page === null) return placeUnknown();
      if (page.isBehind) return placeBehind();
      const refusal = wait === 0 ? null : await needs.currentRefusal(call, 'readEvents');
      if (refusal !== null) return refusal;
      const nextCursor = encodeFeedCursor(needs, feed, page.through);
      const body = { data: page.events.map(cloudEvent), nextCursor, hasMore: page.hasMore, ...coverageBody(page) };
      if (!page.hasMore) return { status: 200, body };
      const filter = filtersOf({
        types: types?.join(),
        issuer: filters.issuer,
        license: filters.license,
        order: order === 'asc' ? undefined : order,
      });
      const next = `/v1/events?${filter}limit=${limit}&cursor=${nextCursor}`;
      return { status: 200, body, headers: { Link: `<${next}>; rel="next"` } };
    },
  });

const coverageBody = ({ covered }: FeedPage) => ({
  skippedFrom: covered === null ? null : sequenceOf(covered.from),
  skippedThrough: covered === null ? null : sequenceOf(covered.through),
});

type ReadAfter = (feed: Feed, after: FeedPlace | null, limit: number) => Promise<FeedPage | null>;

const noWaitBackwards = problem('INVALID_REQUEST', 'Only order=asc waits for events. Send no wait with order=desc.', [
  { pointer: '?wait', detail: 'is 0 with order=desc' },
]);

const readNow =
  ({ pool }: FeedNeeds, order: FeedOrder): ReadAfter =>
  ({ organizationId: orgId, types, issuer = null, license = null }, after, limit) =>
    asTenant(pool, orgId, (db) => readFeed(db, { orgId, after, types, issuer, license, limit, order }));

const readWaiting =
  (
    { followers, readPage: read }: FeedNeeds,
    waiting: { readonly waitMs: number; readonly signal: AbortSignal },
  ): ReadAfter =>
  async (feed, after, limit) => {
    const follower = followers.follow(feed.organizationId);
    try {
      return await createPages({ read, follower }, feed)(after, { ...waiting, limit });
    } finally {
      follower.close();
    }
  };
