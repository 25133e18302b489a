import { z } from 'zod';
import { type PeriodOfUsage, readUsageByDay, readUsageByPeriod } from '../../../application/usage/read-usage.ts';
import { meterResets } from '../../../domain/license/usage/meter-rules.ts';
import type { UsageOfDay } from '../../../projections/queries/usage-sums.ts';
import { filtersOf, page } from '../../paging.ts';
import { type Problem, problem } from '../../problems/problems.ts';
import { type Route, route } from '../../route.ts';
import { cursor, instantIn, instantOut, licensePath, pageLimit } from '../../schemas.ts';
import { meterName } from '../grant-schemas.ts';
import { limitOut } from '../meter-schemas.ts';
import { listOfLicense } from '../reading/list-of-license.ts';
import type { ReadNeeds } from '../reading/read-licenses.ts';
import { dayOut } from '../reading/use-shape.ts';

const ofPeriod = z
  .strictObject({
    meter: z.string(),
    resets: z.enum(meterResets).meta({ description: 'When the use of the meter begins at 0.' }),
    periodStart: instantOut,
    periodEnd: instantOut.nullable().meta({
      description: 'When the period ends. Null when it has no end, or the end is not known.',
    }),
    running: z.boolean().meta({ description: 'True for the period that the meter counts for now.' }),
    recorded: z.int().meta({ description: 'The sum of the recorded usage.' }),
    carried: z.int().meta({
      description:
        'The use since the end of the term, which a late renewal moved between two periods. Above 0 in the period of the renewed term, below 0 in the one before it, else 0.',
    }),
    corrected: z.int().meta({ description: 'The use that corrections took back.' }),
    reset: z.int().meta({ description: 'The use that resets took away.' }),
    total: z.int().meta({ description: 'recorded and carried, less corrected and reset.' }),
    limit: limitOut.meta({
      description:
        'The present limit for the running period. For other periods, the limit at their last usage, reset or late renewal.',
    }),
    overage: z.boolean().meta({ description: 'Whether total exceeds the limit.' }),
  })
  .meta({ id: 'UsageOfPeriod' });

const ofDay = z
  .strictObject({
    meter: z.string(),
    day: dayOut,
    recorded: z.int().meta({ description: 'The sum of the usage that was recorded on the day.' }),
    corrected: z.int().meta({ description: 'The part of that usage that corrections took back, whenever they came.' }),
    reset: z.int().meta({ description: 'The use that resets of the day took away, whenever that use was recorded.' }),
  })
  .meta({ id: 'UsageOfDay' });

const query = z.strictObject({
  from: instantIn.optional().meta({ description: 'Only what ends after this instant.' }),
  to: instantIn.optional().meta({ description: 'Only what begins before this instant.' }),
  by: z
    .enum(['period', 'day'])
    .optional()
    .meta({ description: 'Sums by the period of each meter, or by UTC day. Default: period.' }),
  meter: meterName.optional(),
  limit: pageLimit.optional(),
  cursor: cursor.optional(),
});

/** GET /v1/licenses/{licenseId}/usage: returns the use of meters by period or by day, newest first. */
export const readUsageRoute = (needs: ReadNeeds): Route =>
  route({
    ...listOfLicense('usage', z.union([ofPeriod, ofDay])),
    operationId: 'readUsage',
    summary: 'Read the usage of meters',
    description:
      'The use of the meters of a license, by period or by UTC day, the newest first. Periods and days without use are left out. Days are those on which the server recorded the usage. A correction lowers the period and the day of the usage that it corrects. The holder sees the periods and days with its own last use.',
    request: z.object({ params: licensePath, query }),
    handle: async ({ params: { licenseId }, query: { limit, cursor: from, ...filters } }, { caller }) => {
      const refusal = refuseRange(filters);
      if (refusal !== null) return refusal;
      const { organizationId } = caller;
      const filtered = filtersOf(filters);
      const list = {
        name: `usage\0${organizationId}\0${licenseId}\0${filtered}`,
        url: `/v1/licenses/${licenseId}/usage?${filtered}`,
      };
      const { by, ...range } = filters;
      const paging = { limit, cursor: from };
      if (by === 'day')
        return page<UsageOfDay>(needs.secrets, paging, {
          ...list,
          placeOf: ({ day, meter }) => `${day} ${meter}`,
          read: (after, count) => {
            const [day = '', meter = ''] = after?.split(' ') ?? [];
            const place = after === null ? null : { day, meter };
            return readUsageByDay(needs, organizationId, { licenseId, ...range, limit: count }, place);
          },
          bodyOf: ({ meter, day, recorded, corrected, reset }) => ({ meter, day, recorded, corrected, reset }),
        });
      return page<PeriodOfUsage>(needs.secrets, paging, {
        ...list,
        placeOf: ({ startedAt, counter, meter }) => `${startedAt} ${counter} ${meter}`,
        read: (after, count) => {
          const [startedAt = '', counter = '', meter = ''] = after?.split(' ') ?? [];
          const place = after === null ? null : { startedAt, counter: Number(counter), meter };
          return readUsageByPeriod(needs, organizationId, { licenseId, ...range, limit: count }, place);
        },
        bodyOf: ({ counter: _, startedAt: __, isRunning: running, ...period }) => ({ ...period, running }),
      });
    },
  });

const refuseRange = ({ from, to }: { readonly from?: string | undefined; readonly to?: string | undefined }) => {
  if (from === undefined || to === undefined || from < to) return null;
  const detail = `from must be before to. Now from is ${from} and to is ${to}.`;
  const refusal: Problem = problem('INVALID_REQUEST', detail, [{ pointer: '?from', detail }]);
  return refusal;
};
