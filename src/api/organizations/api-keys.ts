import { z } from 'zod';
import { changeApiKey } from '../../application/organizations/change-api-key.ts';
import { createApiKey } from '../../application/organizations/create-api-key.ts';
import type { ChangedApiKey } from '../../application/organizations/own-api-key.ts';
import { revokeApiKey } from '../../application/organizations/revoke-api-key.ts';
import { scopes } from '../../domain/organization/events.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { type ApiKeyView, apiKeyById, listApiKeys } from '../../projections/tables/api-keys.ts';
import { entityTag } from '../http/conditional.ts';
import { answerOwnChange } from '../own-change.ts';
import { page, smallerPages } from '../paging.ts';
import { problem } from '../problems/problems.ts';
import { none, type Route, route } from '../route.ts';
import { cursor, instantIn, pageLimit, pageOf, productCode } from '../schemas.ts';
import { apiKeyBody, apiKeyId, apiKeyShape } from './api-key-shape.ts';
import { nameOf } from './organization-fields.ts';
import type { OrganizationNeeds } from './organization-needs.ts';

const path = '/v1/api-keys/{apiKeyId}';
const tag = 'API keys';
const apiKeyPath = z.strictObject({ apiKeyId });

const scopesIn = z
  .array(z.enum(scopes))
  .min(1)
  .max(scopes.length)
  .refine((names) => new Set(names).size === names.length, 'must not name a scope twice');

const productsIn = z
  .array(productCode)
  .min(1)
  .max(100)
  .refine((codes) => new Set(codes).size === codes.length, 'must not name a product twice')
  .nullable()
  .meta({
    description:
      'The only products that the key reaches: it sees and changes only licenses that have no others. Each must be in your catalog. With null it reaches all.',
  });

const newApiKey = z
  .strictObject({
    name: nameOf('an API key'),
    scopes: scopesIn,
    expiresAt: instantIn
      .nullable()
      .default(null)
      .meta({ description: 'When the key expires. Without it, or with null, the key never expires.' }),
    products: productsIn.default(null),
  })
  .meta({ id: 'NewApiKey', example: { name: 'build server', scopes: ['licenses:read', 'licenses:activate'] } });

const apiKeyChange = z
  .strictObject({ name: nameOf('an API key').optional(), scopes: scopesIn.optional(), products: productsIn.optional() })
  .meta({ id: 'ApiKeyChange', example: { scopes: ['licenses:read'] } });

/** GET /v1/api-keys: lists the API keys of the organization, newest first. */
export const listApiKeysRoute = ({ pool, secrets }: OrganizationNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/api-keys',
    tag,
    operationId: 'listApiKeys',
    summary: 'List API keys',
    description: 'The API keys of your organization, newest first. Expired and revoked keys are included.',
    permission: 'readApiKeys',
    effect: 'read',
    request: z.object({
      params: none,
      query: z.strictObject({ limit: pageLimit.optional(), cursor: cursor.optional() }),
    }),
    bounded: smallerPages,
    replies: { 200: { description: 'One page.', body: pageOf(apiKeyShape) } },
    rejections: [],
    handle: ({ query }, { caller: { organizationId: orgId } }) =>
      page<ApiKeyView>(secrets, query, {
        name: `api-keys\0${orgId}`,
        url: `/v1/api-keys?`,
        placeOf: ({ apiKeyId: id }) => id,
        read: (after, limit) => asTenant(pool, orgId, (db) => listApiKeys(db, { orgId, limit, after })),
        bodyOf: apiKeyBody,
      }),
  });

/** POST /v1/api-keys: creates an API key. Only this answer contains the secret. */
export const createApiKeyRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/api-keys',
    tag,
    operationId: 'createApiKey',
    summary: 'Create an API key',
    description:
      'Store the secret: the server does not store it. Only the same request with the same Idempotency-Key returns it again. A user may give the scopes that the own role covers, an API key only its own scopes. An organization has at most 1,000 working API keys.',
    permission: 'manageApiKeys',
    effect: 'append',
    request: z.object({ params: none, query: none, body: newApiKey }),
    replies: {
      201: {
        description: 'The API key was created. Only this answer contains the secret.',
        headers: ['Location', 'ETag'],
        body: z
          .strictObject({
            apiKey: apiKeyShape,
            secret: z.string().meta({ description: 'The API key to send as Authorization: Bearer lgr_live_….' }),
          })
          .meta({ id: 'ApiKeyCreated' }),
      },
    },
    rejections: ['TERM_INVALID', 'QUOTA_EXCEEDED', 'ORGANIZATION_CLOSED'],
    handle: ({ body }, call) =>
      answerOwnChange(
        needs,
        call,
        { operation: 'createApiKey', input: body, change: (request) => createApiKey(needs, request, body) },
        ({ view, apiKey }) => ({
          body: { apiKey: apiKeyBody({ ...view, lastUsedAt: null }), secret: apiKey },
          location: `/v1/api-keys/${view.apiKeyId}`,
        }),
      ),
  });

/** GET /v1/api-keys/{apiKeyId} */
export const getApiKey = ({ pool }: OrganizationNeeds): Route =>
  route({
    method: 'get',
    path,
    tag,
    operationId: 'getApiKey',
    summary: 'Get an API key',
    description: 'The ETag is the revision of the organization with a digest of revokedAt and lastUsedAt.',
    permission: 'readApiKeys',
    effect: 'read',
    conditional: true,
    request: z.object({ params: apiKeyPath, query: none }),
    replies: { 200: { description: 'The API key.', body: apiKeyShape } },
    rejections: ['NOT_FOUND'],
    handle: async ({ params: { apiKeyId: id } }, { caller: { organizationId } }) => {
      const key = await asTenant(pool, organizationId, (db) => apiKeyById(db, id));
      if (key === null) return problem('NOT_FOUND', 'This organization has no such API key.');
      const { revision, revokedAt, lastUsedAt } = key;
      return { status: 200, body: apiKeyBody(key), headers: { ETag: entityTag(revision, { revokedAt, lastUsedAt }) } };
    },
  });

/** PATCH /v1/api-keys/{apiKeyId} */
export const changeApiKeyRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'patch',
    path,
    tag,
    operationId: 'changeApiKey',
    summary: 'Rename an API key or change its scopes or products',
    description: 'Absent fields stay as they are. New scopes and products apply everywhere within 2 seconds.',
    permission: 'manageApiKeys',
    effect: 'append',
    conditional: true,
    request: z.object({ params: apiKeyPath, query: none, body: apiKeyChange }),
    replies: { 200: { description: 'The API key after the change.', body: apiKeyShape } },
    rejections: ['NOT_FOUND', 'ORGANIZATION_CLOSED'],
    handle: ({ params: { apiKeyId: id }, body }, call) => {
      const { name = null, scopes: granted = null, products } = body;
      const input = { apiKeyId: id, name, scopes: granted, products };
      return answerOwnChange(
        needs,
        call,
        { operation: 'changeApiKey', input, change: (request) => changeApiKey(needs, request, input) },
        showKey,
      );
    },
  });

/** DELETE /v1/api-keys/{apiKeyId}: revokes an API key. */
export const revokeApiKeyRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'delete',
    path,
    tag,
    operationId: 'revokeApiKey',
    summary: 'Revoke an API key',
    description: 'The key stops working for good, everywhere within 2 seconds. Revoking it again changes nothing.',
    permission: 'manageApiKeys',
    effect: 'append',
    conditional: true,
    request: z.object({ params: apiKeyPath, query: none }),
    replies: { 200: { description: 'The API key after the change.', body: apiKeyShape } },
    rejections: ['NOT_FOUND', 'ORGANIZATION_CLOSED'],
    handle: ({ params: { apiKeyId: id } }, call) =>
      answerOwnChange(
        needs,
        call,
        { operation: 'revokeApiKey', input: { apiKeyId: id }, change: (request) => revokeApiKey(needs, request, id) },
        showKey,
      ),
  });

const showKey = ({ view, lastUsedAt }: ChangedApiKey) => ({ body: apiKeyBody({ ...view, lastUsedAt }) });
