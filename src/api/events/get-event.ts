import { z } from 'zod';
import { decodeId } from '../../domain/ids.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { feedEventById } from '../../projections/queries/event-feed.ts';
import { problem } from '../problems/problems.ts';
import { none, type Route, route } from '../route.ts';
import { idOf } from '../schemas.ts';
import { cloudEvent, cloudEventShape } from './cloud-event.ts';
import type { FeedNeeds } from './feed.ts';

/** GET /v1/events/{eventId} */
export const getEvent = ({ pool }: Pick<FeedNeeds, 'pool'>): Route =>
  route({
    method: 'get',
    path: '/v1/events/{eventId}',
    operationId: 'getEvent',
    summary: 'Get one event',
    description: 'Returns an event in the form of the feed.',
    tag: 'Events',
    permission: 'readEvents',
    effect: 'read',
    request: z.object({
      params: z.strictObject({ eventId: idOf('evt', 'evt_01h455vb4pex5vsknk084sn02q') }),
      query: none,
    }),
    replies: { 200: { description: 'The event.', body: cloudEventShape } },
    rejections: ['NOT_FOUND'],
    handle: async ({ params: { eventId } }, { caller: { organizationId } }) => {
      const id = decodeId('evt', eventId);
      const event = id === null ? null : await asTenant(pool, organizationId, (db) => feedEventById(db, id));
      return event === null
        ? problem('NOT_FOUND', 'There is no such event.')
        : { status: 200, body: cloudEvent(event) };
    },
  });
