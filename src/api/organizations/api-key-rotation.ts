import { z } from 'zod';
import { endApiKeyOverlap } from '../../application/organizations/end-api-key-overlap.ts';
import { rotateApiKey } from '../../application/organizations/rotate-api-key.ts';
import { overlapSecondsMax } from '../../domain/organization/decide-api-keys.ts';
import { answerOwnChange } from '../own-change.ts';
import { none, type Route, route } from '../route.ts';
import { apiKeyBody, apiKeyId, apiKeyShape } from './api-key-shape.ts';
import type { OrganizationNeeds } from './organization-needs.ts';

const body = z
  .strictObject({
    overlapSeconds: z
      .int()
      .min(0)
      .max(overlapSecondsMax)
      .default(86_400)
      .meta({ description: 'How long the previous secret still works: 24 hours by default, 0 for not at all.' }),
  })
  .meta({ id: 'RotateApiKey', example: { overlapSeconds: 3_600 } });

/** POST /v1/api-keys/{apiKeyId}/rotate: gives an API key a new secret. Only this answer contains it. */
export const rotateApiKeyRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/api-keys/{apiKeyId}/rotate',
    tag: 'API keys',
    operationId: 'rotateApiKey',
    summary: 'Give an API key a new secret',
    description:
      'The previous secret works until overlapUntil, and one from before it stops at once, everywhere within 2 seconds. Id, name, scopes, createdBy and expiresAt stay. Store the secret: only the same request with the same Idempotency-Key returns it again. A key that expires cannot rotate one that expires later.',
    permission: 'manageApiKeys',
    effect: 'append',
    conditional: true,
    request: z.object({ params: z.strictObject({ apiKeyId }), query: none, body }),
    replies: {
      200: {
        description: 'The API key has a new secret, which only this answer contains.',
        body: z
          .strictObject({
            apiKey: apiKeyShape,
            secret: z.string().meta({ description: 'The new secret to send as Authorization: Bearer lgr_live_….' }),
          })
          .meta({ id: 'ApiKeyRotated' }),
      },
    },
    rejections: ['NOT_FOUND', 'ORGANIZATION_CLOSED'],
    handle: ({ params, body: { overlapSeconds } }, call) => {
      const input = { apiKeyId: params.apiKeyId, overlapSeconds };
      return answerOwnChange(
        needs,
        call,
        { operation: 'rotateApiKey', input, change: (request) => rotateApiKey(needs, request, input) },
        ({ view, lastUsedAt, apiKey }) => ({
          body: { apiKey: apiKeyBody({ ...view, lastUsedAt }), secret: apiKey },
        }),
      );
    },
  });

/** DELETE /v1/api-keys/{apiKeyId}/previous-secret: ends the secret before the last rotation. */
export const endApiKeyOverlapRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'delete',
    path: '/v1/api-keys/{apiKeyId}/previous-secret',
    tag: 'API keys',
    operationId: 'endApiKeyOverlap',
    summary: 'End the previous secret of an API key',
    description:
      'The secret before the last rotation stops working before overlapUntil, everywhere within 2 seconds. The current secret stays. Changes nothing when no earlier secret works.',
    permission: 'manageApiKeys',
    effect: 'append',
    conditional: true,
    request: z.object({ params: z.strictObject({ apiKeyId }), query: none }),
    replies: {
      200: {
        description:
          'The API key. Its overlapUntil is null, or an instant in the past when the overlap had ended by itself.',
        body: apiKeyShape,
      },
    },
    rejections: ['NOT_FOUND', 'ORGANIZATION_CLOSED'],
    handle: ({ params: { apiKeyId: id } }, call) =>
      answerOwnChange(
        needs,
        call,
        {
          operation: 'endApiKeyOverlap',
          input: { apiKeyId: id },
          change: (request) => endApiKeyOverlap(needs, request, id),
        },
        ({ view, lastUsedAt }) => ({ body: apiKeyBody({ ...view, lastUsedAt }) }),
      ),
  });
