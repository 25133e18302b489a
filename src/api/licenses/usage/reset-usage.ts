import { z } from 'zod';
import { resetUsage } from '../../../application/usage/reset-usage.ts';
import { type Route, route } from '../../route.ts';
import { licensePath, reasonCode, reasonOf } from '../../schemas.ts';
import { answerChange, commandAnswer, described, type LicenseCommandNeeds } from '../change-answer.ts';
import { meterName } from '../grant-schemas.ts';
import { previewQuery, previewShape } from '../preview-shape.ts';

const body = z
  .strictObject({ meter: meterName, reason: reasonOf(reasonCode) })
  .meta({ id: 'ResetUsage', example: { meter: 'api_calls', reason: { code: 'GOODWILL' } } });

/** POST /v1/licenses/{licenseId}/usage/reset: puts the counter of a meter back to 0. */
export const resetUsageRoute = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'usage/reset',
      operationId: 'resetUsage',
      summary: 'Reset the usage of a meter',
      permission: 'changeLicenses',
      rejections: ['LICENSE_REVOKED', 'LIMIT_INVALID'],
    }),
    ...commandAnswer(previewShape),
    description:
      'For administrators of the issuer. The use of the meter in its running period becomes 0. Other periods and other meters stay as they are, and each usageId stays used. A correction of usage from before the reset lowers nothing. A meter that is at 0 stays as it is: the answer has changed: false.',
    request: z.object({ params: licensePath, query: previewQuery, body }),
    handle: ({ params, query, body: fields }, call) => {
      const changing = { operation: 'resetUsage', input: { ...params, body: fields }, isPreview: query.preview };
      return answerChange(needs, call, changing, (request) => resetUsage(needs, request, fields.meter));
    },
  });
