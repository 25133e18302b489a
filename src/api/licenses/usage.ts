import { z } from 'zod';
import { aggregateId } from '../../eventstore/ids.ts';
import { idempotently } from '../idempotency.ts';
import { isProblem } from '../problems.ts';
import { clientRoute, none, type Route } from '../route.ts';
import { instantIn } from '../schemas.ts';
import type { ClientCommandNeeds } from './activate.ts';
import { findUsableLicense, licenseNaming } from './client-license.ts';
import { usageOf, usageShape } from './client-schemas.ts';
import { meterName } from './grant-schemas.ts';
import { issuedFacts, sendLicenseCommand } from './send-command.ts';

const body = z
  .strictObject({
    ...licenseNaming,
    meter: meterName,
    quantity: z.int().min(1),
    usageId: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, 'must be 1 to 128 letters, digits and . _ : -')
      .optional()
      .meta({ description: 'The same use counts once, however often it is sent.', example: 'build-8812' }),
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
    .meta({ id: 'MeteredUse', description: 'What the meter counts by now, since the last renewal.' }),
  changed: z.boolean(),
  limits: usageShape,
  revision: z.int(),
});

/** POST /v1/licenses/usage: counts use of a meter, all of it or, where the quota has no room for that, nothing. */
export const recordUsage = (needs: ClientCommandNeeds): Route =>
  clientRoute({
    method: 'post',
    path: '/v1/licenses/usage',
    operationId: 'recordUsage',
    summary: 'Count metered use',
    description: 'Use with a usageId that was counted before changes nothing and answers with changed: false.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'append',
    request: z.object({ params: none, query: none, body }),
    replies: {
      200: { description: 'It was counted before.', body: answer },
      201: { description: 'Counted.', body: answer },
    },
    rejections: [
      ...(['LICENSE_KEY_MALFORMED', 'LICENSE_NOT_FOUND', 'LICENSE_REVOKED', 'LICENSE_SUSPENDED'] as const),
      ...(['LICENSE_EXPIRED', 'LICENSE_NOT_STARTED', 'QUOTA_EXCEEDED', 'LIMIT_INVALID'] as const),
      'ORGANIZATION_CLOSED',
    ],
    handle: async ({ body: asked }, call) => {
      const client = await findUsableLicense(needs, call, asked);
      if (isProblem(client)) return client;
      const { found, actor } = client;
      const { licenseId, issuerOrgId } = found.facts;
      const { meter, quantity } = asked;
      const request = { organizationId: issuerOrgId, principal: actor.id, operation: 'recordUsage', input: asked };
      return idempotently(needs, call, request, async (attempt) => {
        const at = needs.now();
        const usageId = asked.usageId ?? aggregateId(attempt.commandId, 'usage');
        const data = { meter, quantity, usageId, occurredAt: asked.occurredAt ?? at };
        const sent = await sendLicenseCommand(
          needs,
          {
            ...{ call, attempt, actor, sender: 'key holder', issuerOrgId, licenseId, reason: null, values: [] },
            command: { type: 'RecordUsage', at, data },
          },
          issuedFacts,
        );
        if (isProblem(sent)) return sent;
        const { view, outcome, revision, position } = sent;
        const changed = outcome !== 'unchanged';
        const limits = usageOf(view);
        const { used: total, max } = limits.meters[meter] ?? { used: 0, max: 0 };
        return {
          status: changed ? 201 : 200,
          body: { usage: { id: usageId, meter, total, max }, changed, limits, revision: Number(revision) },
          position: position.commit,
        };
      });
    },
  });
