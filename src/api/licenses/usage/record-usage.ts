import { z } from 'zod';
import { usableLicense } from '../../../application/client-license.ts';
import { createUsageGathering } from '../../../application/usage/gather-usage.ts';
import { recordManyUses, recordUsage } from '../../../application/usage/record-usage.ts';
import { refused } from '../../problems/problems.ts';
import { clientRoute, none, type Route } from '../../route.ts';
import { usageOf } from '../client-schemas.ts';
import { answerClient, type ClientRouteNeeds, useRejections } from '../find-client-license.ts';
import { manyReply, singleUse, usageAnswer, usageBody } from './usage-schemas.ts';

/**
 * POST /v1/licenses/usage: records usage of a meter: all of a record, or nothing of it when the quota has too little
 * left. Requests of one second share an event.
 */
export const recordUsageRoute = (needs: ClientRouteNeeds): Route => {
  const usageNeeds = { now: needs.now, gatherUsage: createUsageGathering(needs, needs.stopping) };
  return clientRoute({
    method: 'post',
    path: '/v1/licenses/usage',
    operationId: 'recordUsage',
    summary: 'Record usage of a meter',
    description:
      'Records one use, or up to 1,000 in records. Each usageId of a meter counts once in 35 days: recording it again changes nothing and answers with changed: false. A record with corrects and a quantity below 0 takes back usage, in the period that counted it. In a list, a refused record changes nothing for the others. The server stores the uses of one second together, so a request may wait up to a second for its answer.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'append',
    bodyBytesMax,
    request: z.object({ params: none, query: none, body: usageBody }),
    replies: {
      200: {
        description: 'Nothing was counted: the usage was counted before, or each record of the list is refused.',
        body: usageAnswer,
      },
      201: { description: 'The usage was counted, or a record of the list.', body: usageAnswer },
    },
    rejections: [
      ...useRejections,
      'QUOTA_EXCEEDED',
      'LIMIT_INVALID',
      'USAGE_ID_REUSED',
      'USAGE_NOT_FOUND',
      'CORRECTION_EXCEEDS_USAGE',
      'USAGE_TIMESTAMP_OUT_OF_RANGE',
      'NOT_PROJECTED_YET',
    ],
    handle: ({ body: fields }, call) => {
      const { records } = fields;
      const operation = { operation: 'recordUsage', named: fields, input: fields, admit: usableLicense };
      const counted = { bucket: 'usage', units: records?.length ?? 1 } as const;
      const turn = { end: call.endTurn, resume: call.resumeTurn };
      return answerClient(needs, call, { ...operation, bucket: counted }, async (client) => {
        const request = { ...client, turn };
        if (records !== undefined) return manyReply(await recordManyUses(usageNeeds, request, records), needs.now());
        const { usageId: id, meter, refusal, after } = await recordUsage(usageNeeds, request, singleUse(fields));
        if (refusal !== null) return refused(refusal);
        const { facts, changed, revision, position } = after;
        const limits = usageOf(facts, needs.now());
        const { used: total, max } = limits.meters[meter] ?? { used: 0, max: 0 };
        const body = { usage: { id, meter, total, max }, changed, limits, revision: Number(revision) };
        return { status: changed ? 201 : 200, body, position };
      });
    },
  });
};

// 1,000 records with every member, the longest names and room for spaces.
const bodyBytesMax = 560 * 1_024;
