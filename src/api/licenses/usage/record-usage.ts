import { z } from 'zod';
import { usableLicense } from '../../../application/client-license.ts';
import { isRefusal } from '../../../application/refusal.ts';
import { recordUsage } from '../../../application/usage/record-usage.ts';
import { refused } from '../../problems/problems.ts';
import { clientRoute, none, type Route } from '../../route.ts';
import { instantIn } from '../../schemas.ts';
import { usageOf, usageShape } from '../client-schemas.ts';
import { answerClient, type ClientRouteNeeds, licenseNaming, useRejections } from '../find-client-license.ts';
import { meterName } from '../grant-schemas.ts';

const body = z
  .strictObject({
    ...licenseNaming,
    meter: meterName,
    quantity: z.int().min(1),
    usageId: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, 'must be 1 to 128 letters, digits and . _ : -')
      .optional()
      .meta({ description: 'Identifies the usage. The same usageId counts once.', example: 'build-8812' }),
    occurredAt: instantIn.optional(),
  })
  .meta({
    id: 'RecordUsage',
    example: {
      licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9',
      meter: 'api_calls',
      quantity: 10,
      usageId: 'build-8812',
    },
  });

const answer = z.strictObject({
  usage: z
    .strictObject({ id: z.string(), meter: z.string(), total: z.int(), max: z.int() })
    .meta({ id: 'MeteredUse', description: 'The usage of the meter in the running term.' }),
  changed: z.boolean(),
  limits: usageShape,
  revision: z.int(),
});

/** POST /v1/licenses/usage: records usage of a meter: all of it, or nothing when the quota has too little left. */
export const recordUsageRoute = (needs: ClientRouteNeeds): Route =>
  clientRoute({
    method: 'post',
    path: '/v1/licenses/usage',
    operationId: 'recordUsage',
    summary: 'Record usage of a meter',
    description: 'Each usageId counts once. Recording it again changes nothing and answers with changed: false.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'append',
    request: z.object({ params: none, query: none, body }),
    replies: {
      200: { description: 'The usage was already counted.', body: answer },
      201: { description: 'The usage was counted.', body: answer },
    },
    rejections: [...useRejections, 'QUOTA_EXCEEDED', 'LIMIT_INVALID'],
    handle: ({ body: fields }, call) => {
      const operation = { operation: 'recordUsage', named: fields, input: fields, admit: usableLicense };
      return answerClient(needs, call, { ...operation, bucket: 'usage' }, async (request) => {
        const used = await recordUsage(needs, request, fields);
        if (isRefusal(used)) return refused(used);
        const { meter } = fields;
        const { facts, usageId: id, changed, revision, position } = used;
        const limits = usageOf(facts, needs.now());
        const { used: total, max } = limits.meters[meter] ?? { used: 0, max: 0 };
        const body = { usage: { id, meter, total, max }, changed, limits, revision: Number(revision) };
        return { status: changed ? 201 : 200, body, position };
      });
    },
  });
