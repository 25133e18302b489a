import { z } from 'zod';
import { type ExplainedField, explainFields } from '../../../application/reading/explain-fields.ts';
import { isRefusal } from '../../../application/refusal.ts';
import { encodeId } from '../../../domain/ids.ts';
import { timedFieldNames } from '../../../domain/license/fields/timed-fields.ts';
import type { HistoryEntry } from '../../../projections/tables/license-events.ts';
import { refused } from '../../problems/problems.ts';
import { type Route, route } from '../../route.ts';
import { idOf, instantIn, instantOut, licensePath } from '../../schemas.ts';
import { licenseFields } from './license-fields.ts';
import { type ReadNeeds, refuseFuture } from './read-licenses.ts';

const settingShape = z
  .strictObject({
    eventId: idOf('evt', 'evt_01h455vb4pex5vsknk084sn02q'),
    type: z.string().meta({ example: 'LicenseSuspended' }),
    revision: z.int(),
    recordedAt: instantOut,
    effectiveAt: instantOut,
    actor: z.strictObject({ type: z.string(), id: z.string(), onBehalfOf: z.string().nullable() }),
    reason: z.strictObject({ code: z.string(), text: z.string().nullable() }).nullable(),
  })
  .meta({ id: 'SettingEvent' });

const fieldShape = z
  .strictObject({
    field: z.string().meta({ description: 'The field of the license, such as term.expiresAt.', example: 'status' }),
    value: z.unknown().meta({ description: 'The value of the field.' }),
    setBy: settingShape.nullable().meta({
      description:
        'The event that set the field last. Null when your organization cannot see it in the history, because it did not hold the license then.',
    }),
    before: z.unknown().meta({ description: 'The value that the event replaced. Null also for the first event.' }),
    byTime: z
      .strictObject({
        since: instantOut.meta({ description: 'The instant of the change.' }),
        from: z.enum(timedFieldNames).meta({ description: 'The field that has this instant.' }),
        announcedBy: settingShape
          .nullable()
          .meta({ description: 'The event that announced it. Null when none is known.' }),
      })
      .nullable()
      .meta({ description: 'The change that time alone made after the event. Null when the event gave the value.' }),
  })
  .meta({ id: 'ExplainedField' });

const answerShape = z
  .strictObject({
    licenseId: z.string().meta({ description: 'The license.' }),
    at: instantOut.meta({ description: 'The instant at which the fields have these values.' }),
    revision: z.int().meta({ description: 'The revision of the license at this instant.' }),
    fields: z.array(fieldShape).meta({ description: 'The fields of the license that events set.' }),
  })
  .meta({ id: 'LicenseExplanation' });

/** GET /v1/licenses/{licenseId}/explain: names the event that set each field of a license last. */
export const explainLicenseRoute = (needs: ReadNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/licenses/{licenseId}/explain',
    operationId: 'explainLicense',
    summary: 'Explain the fields of a license',
    description:
      'Names for each field of the license the event that set it last, with its actor, reason and instants, and the value that it replaced. ' +
      'With asOf, for the license as of that instant. The issuer needs events:read, the holder licenses:read. Metadata has no history. ' +
      'Reads the whole history of the license, or with asOf the history until then.',
    tag: 'Licenses',
    permission: 'readHistory',
    effect: 'read',
    request: z.object({ params: licensePath, query: z.strictObject({ asOf: instantIn.optional() }) }),
    isHeavy: true,
    bounded: {
      narrow:
        'The history of this license is long. Explain an earlier instant with asOf, which reads only the history until then, or read the newest events with /history?order=desc.',
    },
    replies: { 200: { description: 'The fields with their events.', body: answerShape } },
    rejections: ['LICENSE_NOT_FOUND', 'FORBIDDEN'],
    handle: async ({ params: { licenseId }, query: { asOf } }, { caller, signal }) => {
      const refusal = asOf === undefined ? null : refuseFuture(asOf, needs.now());
      if (refusal !== null) return refusal;
      const request = { licenseId, asOf, view: licenseFields, signal: signal() };
      const explained = await explainFields(needs, caller, request);
      if (isRefusal(explained)) return refused(explained);
      const { at, revision, fields } = explained;
      return { status: 200, body: { licenseId, at, revision: Number(revision), fields: fields.map(fieldBody) } };
    },
  });

const fieldBody = ({ setBy, byTime, ...field }: ExplainedField): z.output<typeof fieldShape> => ({
  ...field,
  setBy: setBy === null ? null : settingBody(setBy),
  byTime:
    byTime === null
      ? null
      : { ...byTime, announcedBy: byTime.announcedBy === null ? null : settingBody(byTime.announcedBy) },
});

const settingBody = (entry: HistoryEntry): z.output<typeof settingShape> => {
  const { eventId, type, revision, recordedAt, effectiveAt, actor, reason } = entry;
  return {
    eventId: encodeId('evt', eventId),
    type,
    revision: Number(revision),
    recordedAt,
    effectiveAt,
    actor: { ...actor },
    reason: reason === null ? null : { ...reason },
  };
};
