import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Authenticate } from '../authorize.ts';
import { isProblem, problem } from '../problems/problems.ts';
import { none, type OrganizationCall, type Route, route } from '../route.ts';
import { cursor, idOf } from '../schemas.ts';
import { currentRefusal } from './current-refusal.ts';
import { eventTypes } from './event-types.ts';
import { type FeedNeeds, nextPage, placeIn, placeUnknown } from './feed.ts';
import { encodeFeedCursor } from './feed-cursor.ts';
import { createOpenStreams } from './open-streams.ts';
import { sendEvents } from './send-events.ts';

export type StreamNeeds = FeedNeeds & {
  readonly authenticate: Authenticate;
  /** The milliseconds between two signs of life, and between two checks of the credential. Default: 15 s. */
  readonly streamHeartbeatMs?: number;
};

const streamsMax = 20;
const pageMax = 100;
const heartbeatDefaultMs = 15_000;

const organization = idOf('org', 'org_01h455vb4pex5vsknk084sn02q');
const query = z.strictObject({
  cursor: cursor.optional(),
  types: eventTypes.optional(),
  issuer: organization.optional(),
});

/** GET /v1/events/stream: returns the feed as server-sent events. */
export const streamEvents = (needs: StreamNeeds): Route => {
  const { secrets, authenticate, streamHeartbeatMs: heartbeatMs = heartbeatDefaultMs } = needs;
  const streams = createOpenStreams(streamsMax);
  return route({
    method: 'get',
    path: '/v1/events/stream',
    operationId: 'streamEvents',
    summary: 'Follow the event feed',
    description:
      'Server-sent events: id is a cursor of GET /v1/events, event is the type, data is the CloudEvent. The stream begins ' +
      'after Last-Event-ID, else after cursor, else with the first event. It ends when the credential ends. ' +
      `An organization can have ${streamsMax} streams at a time.`,
    tag: 'Events',
    permission: 'readEvents',
    effect: 'read',
    request: z.object({ params: none, query }),
    replies: { 200: { description: 'A stream of events.', type: 'text/event-stream' } },
    rejections: ['RATE_LIMITED'],
    handle: async ({ query: { cursor: startCursor, types = null, issuer = null } }, call) => {
      const { organizationId } = call.caller;
      const feed = { organizationId, types, issuer };
      const start = placeIn(secrets, feed, lastEventIdOf(call) ?? startCursor);
      if (isProblem(start)) return start;
      const refusal = await currentRefusal(authenticate, call, 'readEvents');
      if (refusal !== null) return refusal;
      const gone = call.signal();
      const first = await nextPage(needs, feed, start.place, { limit: pageMax, waitMs: 0, signal: gone });
      if (first === null) return placeUnknown();
      const close = streams.open(organizationId);
      if (close === null) return tooMany();

      const stream = async (response: ServerResponse): Promise<void> => {
        const revoked = new AbortController();
        const signal = AbortSignal.any([gone, revoked.signal]);
        const checking = setInterval(() => {
          currentRefusal(authenticate, call, 'readEvents').then(
            (refusal) => (refusal === null ? undefined : revoked.abort()),
            () => revoked.abort(),
          );
        }, heartbeatMs);
        try {
          await sendEvents(response, {
            first,
            next: (after) => nextPage(needs, feed, after, { limit: pageMax, waitMs: heartbeatMs, signal }),
            cursorOf: (place) => encodeFeedCursor(secrets, feed, place),
            signal,
          });
        } finally {
          clearInterval(checking);
          close();
        }
      };
      return { type: 'text/event-stream', stream };
    },
  });
};

const lastEventIdOf = ({ headers }: OrganizationCall): string | undefined => {
  const lastEventId = headers['last-event-id'];
  return typeof lastEventId === 'string' && lastEventId !== '' ? lastEventId : undefined;
};

const tooMany = () => ({
  ...problem('RATE_LIMITED', `This organization has ${streamsMax} streams open. Close one, or use GET /v1/events.`),
  headers: { 'Retry-After': '10' },
});
