import { z } from 'zod';
import {
  type ChangedApiKey,
  changeApiKey,
  createApiKey,
  revokeApiKey,
} from '../../application/organizations/change-api-keys.ts';
import type { OrganizationRequest } from '../../application/organizations/send-to-organization.ts';
import { scopes } from '../../domain/organization/events.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { type ApiKeyView, apiKeyById, listApiKeys } from '../../projections/tables/api-keys.ts';
import { entityTag } from '../conditional.ts';
import { page } from '../paging.ts';
import { problem } from '../problems/problems.ts';
import { none, type Route, route } from '../route.ts';
import { cursor, instantIn, pageLimit, pageOf } from '../schemas.ts';
import { apiKeyBody, apiKeyId, apiKeyShape } from './api-key-shape.ts';
import { nameOf } from './fields.ts';
import type { OrganizationNeeds } from './needs.ts';
import { answerOwn } from './own-request.ts';

const path = '/v1/api-keys/{apiKeyId}';
const tag = 'API keys';
const apiKeyPath = z.strictObject({ apiKeyId });

const scopesIn = z
  .array(z.enum(scopes))
  .min(1)
  .max(scopes.length)
  .refine((given) => new Set(given).size === given.length, 'must not name a scope twice');

const newApiKey = z
  .strictObject({
    name: nameOf('an API key'),
    scopes: scopesIn,
    expiresAt: instantIn.nullable().default(null).meta({ description: 'Null, or left out: never.' }),
  })
  .meta({ id: 'NewApiKey', example: { name: 'build server', scopes: ['licenses:read', 'licenses:activate'] } });

const apiKeyChange = z
  .strictObject({ name: nameOf('an API key').optional(), scopes: scopesIn.optional() })
  .meta({ id: 'ApiKeyChange', example: { scopes: ['licenses:read'] } });

/** GET /v1/api-keys: the organization's, ended ones too, newest first. */
export const listApiKeysRoute = ({ pool, secrets }: OrganizationNeeds): Route =>
  route({
    ...{ method: 'get', path: '/v1/api-keys', tag, operationId: 'listApiKeys', summary: 'List API keys' },
    description: 'Of your organization, newest first; those that ended, too.',
    permission: 'readMembers',
    effect: 'read',
    request: z.object({
      params: none,
      query: z.strictObject({ limit: pageLimit.optional(), cursor: cursor.optional() }),
    }),
    replies: { 200: { description: 'One page.', body: pageOf(apiKeyShape) } },
    rejections: [],
    handle: ({ query }, { caller: { organizationId: orgId } }) =>
      page<ApiKeyView>(
        secrets,
        query,
        `api-keys\0${orgId}`,
        (parameters) => `/v1/api-keys?${parameters}`,
        ({ apiKeyId: id }) => id,
        (after, limit) => asTenant(pool, orgId, (db) => listApiKeys(db, { orgId, limit, after })),
        apiKeyBody,
      ),
  });

/** POST /v1/api-keys: creates one, and shows it this once. */
export const createApiKeyRoute = (needs: OrganizationNeeds): Route =>
  route({
    ...{ method: 'post', path: '/v1/api-keys', tag, operationId: 'createApiKey', summary: 'Create an API key' },
    description:
      'Keep the secret: it is stored nowhere, and the same request with the same Idempotency-Key is all that shows it again. A user may give every scope, an API key only those it holds. At most 1,000 are in force at once.',
    permission: 'manageMembers',
    effect: 'append',
    request: z.object({ params: none, query: none, body: newApiKey }),
    replies: {
      201: {
        description: 'Created. The secret is in this answer only.',
        headers: ['Location', 'ETag'],
        body: z
          .strictObject({ apiKey: apiKeyShape, secret: z.string().meta({ description: 'lgr_live_…' }) })
          .meta({ id: 'ApiKeyCreated' }),
      },
    },
    rejections: ['TERM_INVALID', 'QUOTA_EXCEEDED', 'ORGANIZATION_CLOSED'],
    handle: ({ body }, call) => {
      const change = (request: OrganizationRequest) => createApiKey(needs, request, body);
      return answerOwn(needs, call, { operation: 'createApiKey', input: body, change }, ({ view, apiKey }) => ({
        status: 201,
        body: { apiKey: apiKeyBody({ ...view, lastUsedAt: null }), secret: apiKey },
        location: `/v1/api-keys/${view.apiKeyId}`,
      }));
    },
  });

/** GET /v1/api-keys/{apiKeyId} */
export const getApiKey = ({ pool }: OrganizationNeeds): Route =>
  route({
    ...{ method: 'get', path, tag, operationId: 'getApiKey', summary: 'Get an API key' },
    description: 'The ETag is the revision of the organization, with a digest of what is no event.',
    permission: 'readMembers',
    effect: 'read',
    conditional: true,
    request: z.object({ params: apiKeyPath, query: none }),
    replies: { 200: { description: 'The API key.', body: apiKeyShape } },
    rejections: ['NOT_FOUND'],
    handle: async ({ params: { apiKeyId: id } }, { caller: { organizationId } }) => {
      const found = await asTenant(pool, organizationId, (db) => apiKeyById(db, id));
      if (found === null) return problem('NOT_FOUND', 'This organization has no such API key.');
      const { revokedAt, lastUsedAt } = found;
      return {
        status: 200,
        body: apiKeyBody(found),
        headers: { ETag: entityTag(found.revision, { revokedAt, lastUsedAt }) },
      };
    },
  });

/** PATCH /v1/api-keys/{apiKeyId} */
export const changeApiKeyRoute = (needs: OrganizationNeeds): Route =>
  route({
    ...{ method: 'patch', path, tag, operationId: 'changeApiKey', summary: 'Rename an API key or change its scopes' },
    description: 'What is left out stays as it is. Other scopes hold within 30 seconds.',
    permission: 'manageMembers',
    effect: 'append',
    conditional: true,
    request: z.object({ params: apiKeyPath, query: none, body: apiKeyChange }),
    replies: { 200: { description: 'The API key after it.', body: apiKeyShape } },
    rejections: ['NOT_FOUND', 'ORGANIZATION_CLOSED'],
    handle: ({ params: { apiKeyId: id }, body }, call) => {
      const input = { apiKeyId: id, name: body.name ?? null, scopes: body.scopes ?? null };
      const change = (request: OrganizationRequest) => changeApiKey(needs, request, input);
      return answerOwn(needs, call, { operation: 'changeApiKey', input, change }, changedKey);
    },
  });

/** DELETE /v1/api-keys/{apiKeyId}: revokes it. */
export const revokeApiKeyRoute = (needs: OrganizationNeeds): Route =>
  route({
    ...{ method: 'delete', path, tag, operationId: 'revokeApiKey', summary: 'Revoke an API key' },
    description: 'For good, everywhere within 30 seconds. Again changes nothing.',
    permission: 'manageMembers',
    effect: 'append',
    conditional: true,
    request: z.object({ params: apiKeyPath, query: none }),
    replies: { 200: { description: 'The API key after it.', body: apiKeyShape } },
    rejections: ['NOT_FOUND', 'ORGANIZATION_CLOSED'],
    handle: ({ params: { apiKeyId: id } }, call) => {
      const change = (request: OrganizationRequest) => revokeApiKey(needs, request, id);
      return answerOwn(needs, call, { operation: 'revokeApiKey', input: { apiKeyId: id }, change }, changedKey);
    },
  });

const changedKey = ({ view, lastUsedAt }: ChangedApiKey) => ({
  status: 200,
  body: apiKeyBody({ ...view, lastUsedAt }),
});
