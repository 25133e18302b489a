import { z } from 'zod';
import {
  type Days,
  dayOf,
  lengthOf,
  readIssuedValidations,
  readValidations,
} from '../../../application/reading/read-validations.ts';
import { isRefusal } from '../../../application/refusal.ts';
import { type Instant, parseInstant } from '../../../domain/time.ts';
import { type Problem, problem, refused } from '../../problems/problems.ts';
import { none, type Route, route } from '../../route.ts';
import { licensePath } from '../../schemas.ts';
import type { ReadNeeds } from './read-licenses.ts';
import { dayOfValidations, dayOut } from './use-shape.ts';

const dayIn = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a day like 2027-01-31')
  .refine(
    (day) => parseInstant(`${day}T00:00:00Z`) !== null && day >= '1970',
    'must be a day of the calendar, from 1970-01-01 on',
  )
  .meta({ format: 'date', example: '2027-01-31' });

const daysIn = z.strictObject({
  from: dayIn.optional().meta({ description: 'The first UTC day.' }),
  to: dayIn.optional().meta({ description: 'The last UTC day.' }),
});

const answerShape = z.strictObject({ from: dayOut, to: dayOut, data: z.array(dayOfValidations) });

const daysMax = 400;
const standardDays = 30;

/** GET /v1/licenses/{licenseId}/validations: returns the validations of a license by UTC day and product. */
export const licenseValidations = (needs: ReadNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/licenses/{licenseId}/validations',
    operationId: 'licenseValidations',
    summary: 'Read the validations of a license by day',
    description:
      'The validations by applications, by UTC day and product, the oldest first. Days without validations are left out. Without to the last day is today, without from the first is 29 days before it. Days are kept for 400 days. The counts are a few seconds old. The holder sees the days on which it holds the license.',
    tag: 'Licenses',
    permission: 'readLicenses',
    effect: 'read',
    request: z.object({
      params: licensePath,
      query: daysIn,
    }),
    isHeavy: true,
    bounded: { narrow: 'Name fewer days with from and to.' },
    replies: { 200: { description: 'The days.', body: answerShape } },
    rejections: ['LICENSE_NOT_FOUND'],
    handle: async ({ params: { licenseId }, query }, { caller: { organizationId } }) => {
      const days = daysOf(query, needs.now());
      const refusal = refuseDays(days);
      if (refusal !== null) return refusal;
      const data = await readValidations(needs, organizationId, licenseId, days);
      if (isRefusal(data)) return refused(data);
      return { status: 200, body: { ...days, data: [...data] } };
    },
  });

/** GET /v1/validations: returns the validations of all licenses that an organization issues by UTC day and product. */
export const organizationValidations = (needs: ReadNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/validations',
    operationId: 'organizationValidations',
    summary: 'Read the validations of all licenses by day',
    description:
      'The validations by applications of all licenses that your organization issues, by UTC day and product, the oldest first. Days without validations are left out. Without to the last day is today, without from the first is 29 days before it. Days are kept for 400 days. The counts are a few seconds old. For an API key that is limited to products, they are those of the licenses that it sees.',
    tag: 'Licenses',
    permission: 'readLicenses',
    effect: 'read',
    request: z.object({ params: none, query: daysIn }),
    isHeavy: true,
    bounded: { narrow: 'Name fewer days with from and to.' },
    replies: { 200: { description: 'The days.', body: answerShape } },
    rejections: [],
    handle: async ({ query }, { caller: { organizationId } }) => {
      const days = daysOf(query, needs.now());
      const refusal = refuseDays(days);
      if (refusal !== null) return refusal;
      const data = await readIssuedValidations(needs, organizationId, days);
      return { status: 200, body: { ...days, data: [...data] } };
    },
  });

/** Returns the days of a request. Those that it does not name are the last 30. */
const daysOf = (query: z.infer<typeof daysIn>, now: Instant): Days => {
  const to = query.to ?? dayOf(now);
  return { from: query.from ?? dayOf(`${to}T00:00:00.000Z`, standardDays - 1), to };
};

/** Refuses days that are out of order or too many. */
const refuseDays = (days: Days): Problem | null => {
  const length = lengthOf(days);
  if (length >= 1 && length <= daysMax) return null;
  const detail =
    length < 1
      ? `from must not be after to. Now from is ${days.from} and to is ${days.to}.`
      : `from and to must name at most ${daysMax} days. Now they name ${length}.`;
  return problem('INVALID_REQUEST', detail, [{ pointer: '?from', detail }]);
};
