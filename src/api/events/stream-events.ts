import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { productsOf } from '../../domain/authority.ts';
import { type AccessNotices, subjectsOf } from '../../identity/access/access-notices.ts';
import type { FeedPage } from '../../projections/queries/event-feed.ts';
import type { FeedPlace } from '../../projections/queries/feed-place.ts';
import { isProblem, type Problem } from '../problems/problems.ts';
import { type Answer, none, type OrganizationCall, type Route, route } from '../route.ts';
import { cursor, idOf } from '../schemas.ts';
import type { CurrentRefusal } from './current-refusal.ts';
import { eventTypes } from './event-types.ts';
import { createPages, type FeedNeeds, placeIn, placeUnknown } from './feed.ts';
import { encodeFeedCursor, type Feed } from './feed-cursor.ts';
import { createOpenStreams, streamsMax } from './open-streams.ts';
import { sendEvents } from './send-events.ts';

export type StreamNeeds = FeedNeeds & {
  readonly currentRefusal: CurrentRefusal;
  readonly watchAccess: AccessNotices['watch'];
  /** The milliseconds between two signs of life, and between two checks of the credential. Default: 15 s. */
  readonly streamHeartbeatMs?: number;
};

const pageMax = 100;
const heartbeatDefaultMs = 15_000;

const organization = idOf('org', 'org_01h455vb4pex5vsknk084sn02q');
const query = z.strictObject({
  cursor: cursor.optional(),
  types: eventTypes.optional(),
  issuer: organization.optional(),
  license: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q').optional(),
});

/** GET /v1/events/stream: returns the feed as server-sent events. */
export const streamEvents = (needs: StreamNeeds): Route => {
  const streams = createOpenStreams();
  return route({
    method: 'get',
    path: '/v1/events/stream',
    operationId: 'streamEvents',
    summary: 'Follow the event feed',
    description:
      'Server-sent events: id is a cursor of GET /v1/events, event is the type, data is the CloudEvent. The stream begins ' +
      'after Last-Event-ID, else after cursor, else with the first event. It ends when the credential ends. ' +
      `At a time, an organization can have ${streamsMax.organization} streams, a user ${streamsMax.user} and a client ` +
      `address ${streamsMax.address}.`,
    tag: 'Events',
    permission: 'readEvents',
    effect: 'read',
    request: z.object({ params: none, query }),
    replies: { 200: { description: 'A stream of events.', type: 'text/event-stream' } },
    rejections: ['RATE_LIMITED'],
    handle: async ({ query: { cursor: startCursor, types = null, issuer = null, license = null } }, call) => {
      const { organizationId } = call.caller;
      const feed = { organizationId, types, issuer, license, products: productsOf(call.caller) };
      const start = await placeIn(needs, feed, lastEventIdOf(call) ?? startCursor);
      if (isProblem(start)) return start;
      const release = streams.open(call.caller, call.clientIp());
      if (typeof release !== 'function') return release;
      const follower = needs.followers.follow(feed.organizationId);
      const close = () => {
        follower.close();
        release();
      };
      try {
        const opened = await openStream({ ...needs, follower, close }, call, feed, start.place);
        if (isProblem(opened)) close();
        return opened;
      } catch (error) {
        close();
        throw error;
      }
    },
  });
};

type Opening = StreamNeeds & {
  readonly follower: ReturnType<FeedNeeds['followers']['follow']>;
  /** Releases the place of the stream. */
  readonly close: () => void;
};

/** Reads the first page and returns the stream, whose `close` releases its place, or a problem. */
const openStream = async (
  { streamHeartbeatMs: heartbeatMs = heartbeatDefaultMs, ...needs }: Opening,
  call: OrganizationCall,
  feed: Feed,
  start: FeedPlace | null,
): Promise<Answer> => {
  const { currentRefusal, watchAccess, readPage, follower, close } = needs;
  const refusal = await currentRefusal(call, 'readEvents');
  if (refusal !== null) return refusal;
  const gone = call.signal();
  const nextPage = createPages({ read: readPage, follower }, feed);
  let first: FeedPage | null = await nextPage(start, { limit: pageMax, waitMs: 0, signal: gone });
  if (first === null) return placeUnknown();

  const stream = async (response: ServerResponse): Promise<void> => {
    const revoked = new AbortController();
    const signal = AbortSignal.any([gone, revoked.signal]);
    const check = () =>
      currentRefusal(call, 'readEvents').then(
        (refusal: Problem | null) => (refusal === null ? undefined : revoked.abort()),
        () => revoked.abort(),
      );
    // Ends the stream within two seconds after a right ends. The interval ends it when the credential expires.
    const unwatch = watchAccess(subjectsOf(call.caller), check);
    const checking = setInterval(check, heartbeatMs);
    // A right may have ended since the check above.
    void check();
    try {
      await sendEvents(response, {
        start,
        next: async (after) => {
          // An open stream must not keep its first page.
          const page = first;
          first = null;
          if (follower.stopped.aborted) return null;
          return page ?? nextPage(after, { limit: pageMax, waitMs: heartbeatMs, signal });
        },
        cursorOf: (place) => encodeFeedCursor(needs, feed, place),
        signal,
      });
    } finally {
      clearInterval(checking);
      unwatch();
    }
  };
  return { type: 'text/event-stream', stream, close };
};

const lastEventIdOf = ({ headers }: OrganizationCall): string | undefined => {
  const lastEventId = headers['last-event-id'];
  return typeof lastEventId === 'string' && lastEventId !== '' ? lastEventId : undefined;
};
