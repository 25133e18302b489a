import { z } from 'zod';
import { encodeId } from '../../domain/ids.ts';
import type { FeedEvent } from '../../projections/queries/event-feed.ts';
import { idOf, instantOut } from '../schemas.ts';
import { cloudTypeOf } from './event-types.ts';
import { sequenceOf, sequenceShape } from './sequence.ts';

/** An event by CloudEvents 1.0. Every read of the same event returns the same text. */
export const cloudEventShape = z
  .strictObject({
    specversion: z.literal('1.0'),
    id: idOf('evt', 'evt_01h455vb4pex5vsknk084sn02q'),
    source: z.string().meta({ example: '/organizations/org_01h455vb4pex5vsknk084sn02q' }),
    type: z.string().meta({ example: 'ledger.license.suspended.v1' }),
    subject: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q'),
    time: instantOut.meta({ description: 'When the event took effect.' }),
    datacontenttype: z.literal('application/json'),
    recordedtime: instantOut,
    position: z.string().meta({ description: 'The position of the event in the log.', example: '8812' }),
    revision: z.int().meta({ description: 'The number of the event among the events of its license, from 0.' }),
    sequence: sequenceShape.optional(),
    correlationid: z.string(),
    causationid: z.string().optional(),
    data: z.looseObject({
      licenseId: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q'),
      actor: z.strictObject({ type: z.string(), id: z.string(), onBehalfOf: z.string().nullable() }),
      reason: z.strictObject({ code: z.string() }).nullable(),
    }),
  })
  .meta({
    id: 'CloudEvent',
    description: 'An event by CloudEvents 1.0. data has the content, the actor and the reason.',
  });

/** Returns an event as a CloudEvent. It has references to personal values and device names, but not the values. */
export const cloudEvent = (event: FeedEvent): z.output<typeof cloudEventShape> => ({
  specversion: '1.0',
  id: encodeId('evt', event.eventId),
  source: `/organizations/${event.issuerOrgId}`,
  type: cloudTypeOf(event.type, event.schemaVersion),
  subject: event.licenseId,
  time: event.effectiveAt,
  datacontenttype: 'application/json',
  recordedtime: event.recordedAt,
  position: String(event.position),
  revision: Number(event.revision),
  ...(event.logIndex === null ? {} : { sequence: sequenceOf(event.logIndex) }),
  correlationid: event.correlationId,
  ...(event.causationId === null ? {} : { causationid: event.causationId }),
  data: {
    ...event.data,
    licenseId: event.licenseId,
    actor: event.actor,
    reason: event.reasonCode === null ? null : { code: event.reasonCode },
  },
});
