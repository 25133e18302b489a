import { z } from 'zod';
import { readHistory } from '../../../application/reading/read-history.ts';
import { encodeId } from '../../../domain/ids.ts';
import type { HistoryEntry } from '../../../projections/tables/license-events.ts';
import { eventTypes } from '../../events/event-types.ts';
import { sequenceOf, sequenceShape } from '../../events/sequence.ts';
import { filtersOf, page } from '../../paging.ts';
import { type Route, route } from '../../route.ts';
import { cursor, idOf, instantIn, instantOut, licensePath, pageLimit, pageOf } from '../../schemas.ts';
import type { ReadNeeds } from './read-licenses.ts';

/** An event of a license as the API shows it. `position` is text, because a JSON number may not hold it exactly. */
const eventShape = z
  .strictObject({
    id: idOf('evt', 'evt_01h455vb4pex5vsknk084sn02q'),
    type: z.string().meta({ example: 'LicenseSuspended' }),
    revision: z.int(),
    position: z.string().meta({ example: '8812' }),
    sequence: sequenceShape.optional(),
    effectiveAt: instantOut,
    recordedAt: instantOut,
    actor: z.strictObject({ type: z.string(), id: z.string(), onBehalfOf: z.string().nullable() }),
    reason: z.strictObject({ code: z.string(), text: z.string().nullable() }).nullable(),
    commandId: z.string(),
    correlationId: z.string(),
    causationId: z.string().nullable(),
    hash: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Event' });

const named = z.string().regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 visible ASCII characters');

const query = z.strictObject({
  limit: pageLimit.optional(),
  cursor: cursor.optional(),
  order: z.enum(['asc', 'desc']).default('asc'),
  types: eventTypes.optional(),
  from: instantIn.meta({ description: 'Recorded at this instant or later.' }).optional(),
  to: instantIn.meta({ description: 'Recorded before this instant.' }).optional(),
  actor: named
    .meta({
      description:
        'The id of the user, API key or license that acted, or a kind of actor: USER, API_KEY, CLIENT or SYSTEM. SYSTEM is the server itself.',
      example: 'SYSTEM',
    })
    .optional(),
  requestId: named
    .meta({ description: 'The X-Request-Id of an answer, or the trace id that a request had in traceparent.' })
    .optional(),
});

/** GET /v1/licenses/{licenseId}/history: returns all events of a license. */
export const licenseHistory = (needs: ReadNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/licenses/{licenseId}/history',
    operationId: 'licenseHistory',
    summary: 'Read the history of a license',
    description:
      'All events of the license, oldest first unless order=desc. The issuer needs events:read, the holder licenses:read. ' +
      'The holder sees the events since it holds the license. A page ends at 4 MB of data, after at least one event. ' +
      'A cursor works only with the filters that it was returned for.',
    tag: 'Licenses',
    permission: 'readHistory',
    effect: 'read',
    request: z.object({ params: licensePath, query }),
    bounded: { narrow: 'Narrow from and to, name fewer types, or use a smaller limit.' },
    replies: { 200: { description: 'One page.', body: pageOf(eventShape) } },
    rejections: ['LICENSE_NOT_FOUND', 'FORBIDDEN'],
    handle: (
      { params: { licenseId }, query: { limit: entries, cursor: start, order, types, ...others } },
      { caller },
    ) => {
      const { organizationId } = caller;
      const filtered = filtersOf({ order, types: types?.join(), ...others });
      const { from = null, to = null, actor = null, requestId = null } = others;
      const filter = { types: types ?? null, from, to, actor, requestId };
      return page<HistoryEntry>(
        needs.secrets,
        { limit: entries, cursor: start },
        {
          name: `history\0${organizationId}\0${licenseId}\0${filtered}`,
          url: `/v1/licenses/${licenseId}/history?${filtered}`,
          placeOf: ({ revision }) => String(revision),
          read: (after, limit) => {
            const afterRevision = after === null ? null : BigInt(after);
            return readHistory(needs, caller, licenseId, { order, limit, afterRevision, filter });
          },
          bodyOf: eventBody,
        },
      );
    },
  });

const eventBody = ({ eventId, revision, position, logIndex, ...entry }: HistoryEntry): object => ({
  id: encodeId('evt', eventId),
  revision: Number(revision),
  position: String(position),
  ...(logIndex === null ? {} : { sequence: sequenceOf(logIndex) }),
  ...entry,
});
