import { z } from 'zod';
import { encodeId } from '../../domain/ids.ts';
import { scopes } from '../../domain/organization/events.ts';
import type { CreatedOrganization } from '../../domain/organization/organization.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { apiKeyLastUsedAt, revokeStoredApiKey } from '../../identity/stored-api-keys.ts';
import { type ApiKeyView, apiKeyById, listApiKeys } from '../../projections/tables/api-keys.ts';
import { asTenant } from '../../projections/tenant.ts';
import { entityTag } from '../conditional.ts';
import { page } from '../paging.ts';
import { isProblem, type Problem, problem } from '../problems.ts';
import { none, type OrganizationCall, type Reply, type Route, route } from '../route.ts';
import { cursor, instantIn, pageLimit, pageOf } from '../schemas.ts';
import { apiKeyBody, apiKeyId, apiKeyShape } from './api-key-shape.ts';
import { nameOf } from './fields.ts';
import type { OrganizationNeeds } from './needs.ts';
import { oncePerKey, partOf, sendToOrganization, type Wanted } from './send-to-organization.ts';
import { withStoredApiKey } from './stored-api-key.ts';
import { takeAway } from './take-away.ts';

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
    handle: ({ body }, call) =>
      oncePerKey(needs, call, 'createApiKey', body, async (attempt, at) => {
        const { organizationId } = call.caller;
        const { commandId, whenOnly } = attempt;
        const id = encodeId('key', aggregateId(commandId, 'api key'));
        const place = { commandId, organizationId, apiKeyId: id, whenOnly };
        const { made, apiKey } = await withStoredApiKey(needs.pool, needs.secrets, place, ({ hint }) =>
          sendToOrganization(needs, call, attempt, {
            at,
            wantedOf: () => [{ type: 'CreateApiKey', data: { ...body, apiKeyId: id, hint } }],
            view: (organization) => keyOf(organization, id),
          }),
        );
        if (isProblem(made)) return made;
        return {
          status: 201,
          body: { apiKey: apiKeyBody({ ...made.view, lastUsedAt: null }), secret: apiKey },
          headers: { Location: `/v1/api-keys/${id}`, ETag: entityTag(made.revision) },
          position: made.position.commit,
        };
      }),
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
export const changeApiKey = (needs: OrganizationNeeds): Route =>
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
      const data = { apiKeyId: id, name: body.name ?? null, scopes: body.scopes ?? null };
      // Until then it would only be remembered again.
      const forget = async (position: bigint) => {
        await takeAway(needs, call.caller.organizationId, position);
        call.onceReadable(position, () => needs.forgetApiKey(id));
      };
      return change(needs, call, 'changeApiKey', { type: 'ChangeApiKey', data }, forget);
    },
  });

/** DELETE /v1/api-keys/{apiKeyId}: revokes it. */
export const revokeApiKey = (needs: OrganizationNeeds): Route =>
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
      const forget = async (_position: bigint, { revokedAt }: Shown) => {
        // There before the event is projected, so that no process lets the key in any more.
        if (revokedAt !== null) await asCaller(needs, call, (db) => revokeStoredApiKey(db, id, revokedAt));
        needs.forgetApiKey(id);
      };
      return change(needs, call, 'revokeApiKey', { type: 'RevokeApiKey', data: { apiKeyId: id } }, forget);
    },
  });

type Shown = Omit<ApiKeyView, 'lastUsedAt'>;

const change = (
  needs: OrganizationNeeds,
  call: OrganizationCall,
  operation: string,
  wanted: Extract<Wanted, { type: 'ChangeApiKey' | 'RevokeApiKey' }>,
  forget: (position: bigint, key: Shown) => Promise<void>,
): Promise<Reply | Problem> =>
  oncePerKey(needs, call, operation, wanted.data, async (attempt, at) => {
    const { apiKeyId: id } = wanted.data;
    const sent = await sendToOrganization(needs, call, attempt, {
      at,
      wantedOf: () => [wanted],
      view: (organization) => keyOf(organization, id),
    });
    if (isProblem(sent)) return sent;
    await forget(sent.position.commit, sent.view);
    const lastUsedAt = await asCaller(needs, call, (db) => apiKeyLastUsedAt(db, id));
    return {
      status: 200,
      body: apiKeyBody({ ...sent.view, lastUsedAt }),
      headers: { ETag: entityTag(sent.revision) },
      position: sent.position.commit,
    };
  });

const keyOf = ({ apiKeys }: CreatedOrganization, id: string): Shown => ({ ...partOf(apiKeys, id), apiKeyId: id });

const asCaller = <T>(
  { pool }: OrganizationNeeds,
  { caller }: OrganizationCall,
  work: Parameters<typeof asTenant<T>>[2],
): Promise<T> => asTenant(pool, caller.organizationId, work, { readOnly: false });
