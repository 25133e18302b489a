import { z } from 'zod';
import type { Catalog, OpenCatalog, Policy } from '../../domain/catalog/catalog.ts';
import { reject } from '../../domain/decider.ts';
import { encodeId } from '../../domain/ids.ts';
import { tiers } from '../../domain/license/events.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { listPolicies, type PolicyView, policyById } from '../../projections/tables/policies.ts';
import { asTenant } from '../../projections/tenant.ts';
import { entityTag } from '../conditional.ts';
import { archivedFilter, filtersOf, page } from '../paging.ts';
import { type Problem, type ProblemCode, refused } from '../problems.ts';
import { none, type OrganizationCall, type Reply, type Route, route } from '../route.ts';
import { cursor, pageLimit, pageOf, readAs, text } from '../schemas.ts';
import { type CatalogNeeds, type ChangeAt, changeCatalog } from './change-catalog.ts';
import { contentAfter, contentOfTier } from './policy-content.ts';
import { newPolicy, policyChange, policyPath } from './policy-fields.ts';
import { policyBody, policyShape } from './policy-shape.ts';

/** GET /v1/policies: each in its latest version, the newest policy first. */
export const listPoliciesRoute = ({ pool, secrets }: CatalogNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/policies',
    operationId: 'listPolicies',
    summary: 'List policies',
    description: 'Each in its latest version, the newest policy first. A cursor goes with its filters.',
    tag: 'Catalog',
    permission: 'readCatalog',
    effect: 'read',
    request: z.object({
      params: none,
      query: z.strictObject({
        limit: pageLimit.optional(),
        cursor: cursor.optional(),
        tier: z.enum(tiers).optional(),
        archived: archivedFilter.optional(),
        q: text(200).optional().meta({ description: 'What the name begins with, in any case.' }),
      }),
    }),
    replies: { 200: { description: 'One page.', body: pageOf(policyShape) } },
    rejections: [],
    handle: ({ query: { limit, cursor: from, ...filters } }, { caller: { organizationId: issuerOrgId } }) => {
      const filtered = filtersOf(filters);
      return page<PolicyView>(
        secrets,
        { limit, cursor: from },
        `policies\0${issuerOrgId}\0${filtered}`,
        (parameters) => `/v1/policies?${filtered}${parameters}`,
        ({ policy: { policyId } }) => policyId,
        (after, count) =>
          asTenant(pool, issuerOrgId, (db) => listPolicies(db, { issuerOrgId, limit: count, after, ...filters })),
        (view) => policyBody(view, view),
      );
    },
  });

/** GET /v1/policies/{policyId}: its latest version, or the one that is asked for. */
export const getPolicy = ({ pool }: CatalogNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/policies/{policyId}',
    operationId: 'getPolicy',
    summary: 'Get a policy',
    description:
      'In its latest version, or in the one that is asked for. The ETag is the revision of the whole catalog.',
    tag: 'Catalog',
    permission: 'readCatalog',
    effect: 'read',
    conditional: true,
    request: z.object({ params: policyPath, query: z.strictObject({ version: versionNumber.optional() }) }),
    replies: { 200: { description: 'The policy.', body: policyShape } },
    rejections: ['NOT_FOUND'],
    handle: async ({ params: { policyId }, query: { version = null } }, { caller: { organizationId } }) => {
      const found = await asTenant(pool, organizationId, (db) => policyById(db, organizationId, policyId, version));
      if (found === null) return refused(version === null ? noSuchPolicy : noSuchVersion);
      return { status: 200, body: policyBody(found, found), headers: { ETag: entityTag(found.revision) } };
    },
  });

const versionNumber = z
  .string()
  .regex(/^[1-9][0-9]{0,8}$/, 'must be a number, 1 or more')
  .transform(Number)
  .meta({ override: readAs({ type: 'integer', minimum: 1 }), example: 1 });

/** POST /v1/policies: adds a policy. */
export const createPolicy = (needs: CatalogNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/policies',
    operationId: 'createPolicy',
    summary: 'Add a policy',
    description: 'What is left out is as in the built-in policy of the tier.',
    tag: 'Catalog',
    permission: 'changeCatalog',
    effect: 'append',
    request: z.object({ params: none, query: none, body: newPolicy }),
    replies: { 201: { description: 'Added, as version 1.', body: policyShape, headers: ['Location', 'ETag'] } },
    rejections: ['ARCHIVED', 'TERM_INVALID', 'LIMIT_INVALID'],
    handle: ({ body }, call) =>
      changePolicies(needs, call, 'createPolicy', body, (at, attempt) => {
        const policyId = encodeId('pol', aggregateId(attempt.commandId, 'policy'));
        const content = contentOfTier(body.tier, body.name, body);
        return {
          commandOn: (catalog) =>
            catalog.kind === 'unopened' ? noProduct : { type: 'CreatePolicy', at, data: { policyId, content } },
          show: (catalog) => shown(catalog, policyId),
          location: `/v1/policies/${policyId}`,
        };
      }),
  });

/** PATCH /v1/policies/{policyId}: makes its next version. */
export const changePolicy = (needs: CatalogNeeds): Route =>
  route({
    ...described('patch', 'changePolicy', 'Make the next version of a policy', [
      'NOT_FOUND',
      'ARCHIVED',
      'TERM_INVALID',
      'LIMIT_INVALID',
    ]),
    description:
      'What is left out is as in the latest version; lists and meters are replaced whole. Licenses keep the version they were issued under. Where nothing differs there is no new version.',
    request: z.object({ params: policyPath, query: none, body: policyChange }),
    handle: ({ params: { policyId }, body }, call) =>
      changePolicies(needs, call, 'changePolicy', { policyId, body }, (at) => ({
        commandOn: (catalog) => {
          const last = policyIn(catalog, policyId)?.versions.at(-1);
          if (last === undefined) return noSuchPolicy;
          return { type: 'AddPolicyVersion', at, data: { policyId, content: contentAfter(last, body) } };
        },
        show: (catalog) => shown(catalog, policyId),
      })),
  });

/** DELETE /v1/policies/{policyId}: archives it. */
export const archivePolicy = (needs: CatalogNeeds): Route =>
  route({
    ...described('delete', 'archivePolicy', 'Archive a policy', ['NOT_FOUND']),
    description: 'Nothing new is issued under it; licenses keep it. Again changes nothing.',
    request: z.object({ params: policyPath, query: none }),
    handle: ({ params: { policyId } }, call) =>
      changePolicies(needs, call, 'archivePolicy', { policyId }, (at) => ({
        commandOn: (catalog) =>
          policyIn(catalog, policyId) === undefined ? noSuchPolicy : { type: 'ArchivePolicy', at, data: { policyId } },
        show: (catalog) => shown(catalog, policyId),
      })),
  });

const described = (
  method: 'patch' | 'delete',
  operationId: string,
  summary: string,
  rejections: readonly ProblemCode[],
) =>
  ({
    method,
    path: '/v1/policies/{policyId}',
    operationId,
    summary,
    tag: 'Catalog',
    permission: 'changeCatalog',
    effect: 'append',
    conditional: true,
    rejections,
    replies: { 200: { description: 'The policy after it, in its latest version.', body: policyShape } },
  }) as const;

/** As `changeCatalog`; the body of a request has the rules of a policy beside its name, and no `rules` around them. */
const changePolicies = async (
  needs: CatalogNeeds,
  call: OrganizationCall,
  operation: string,
  input: object,
  changeAt: ChangeAt,
): Promise<Reply | Problem> => {
  const answer = await changeCatalog(needs, call, operation, input, changeAt);
  if (!('errors' in answer) || answer.errors === undefined) return answer;
  const errors = answer.errors.map(({ pointer, detail }) => ({
    pointer: pointer.replace(/^\/rules(?=\/)/, ''),
    detail,
  }));
  return { ...answer, errors };
};

const noSuchPolicy = reject('NOT_FOUND', 'There is no such policy.');
const noSuchVersion = reject('NOT_FOUND', 'This policy has no such version.');
const noProduct = reject(
  'INVALID_REQUEST',
  'There is no product yet: add one first, by POST /v1/products.',
  'products',
);

const policyIn = (catalog: Catalog, policyId: string): Policy | undefined =>
  catalog.kind === 'open' ? catalog.policies.get(policyId) : undefined;

const shown = ({ policies }: OpenCatalog, policyId: string): object => {
  const { versions = [], versionsAt = [], archivedAt = null } = policies.get(policyId) ?? {};
  const [version, versionAt, createdAt] = [versions.at(-1), versionsAt.at(-1), versionsAt[0]];
  if (version === undefined || versionAt === undefined || createdAt === undefined)
    throw new Error(`A command was accepted on ${policyId}, which is not in the catalog.`);
  return policyBody(version, { createdAt, versionAt, archivedAt });
};
