import { z } from 'zod';
import type { CatalogRequest } from '../../application/catalog/change-catalog.ts';
import {
  archivePolicy,
  type ChangedPolicy,
  changePolicy,
  createPolicy,
  noSuchPolicy,
} from '../../application/catalog/change-policies.ts';
import { reject } from '../../domain/decider.ts';
import { tiers } from '../../domain/license/policy.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { listPolicies, type PolicyView, policyById } from '../../projections/tables/policies.ts';
import { entityTag } from '../conditional.ts';
import { archivedFilter, filtersOf, page } from '../paging.ts';
import { type ProblemCode, refused } from '../problems.ts';
import { none, type Route, route } from '../route.ts';
import { cursor, pageLimit, pageOf, readAs, text } from '../schemas.ts';
import { answerCatalog, type CatalogNeeds } from './catalog-answer.ts';
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
export const createPolicyRoute = (needs: CatalogNeeds): Route =>
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
    handle: ({ body }, call) => {
      const change = (request: CatalogRequest) => createPolicy(needs, request, body);
      return answerCatalog(needs, call, { operation: 'createPolicy', input: body, change }, (changed) => ({
        ...shown(changed),
        location: `/v1/policies/${changed.view.version.policy.policyId}`,
      }));
    },
  });

/** PATCH /v1/policies/{policyId}: makes its next version. */
export const changePolicyRoute = (needs: CatalogNeeds): Route =>
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
    handle: ({ params: { policyId }, body }, call) => {
      const change = (request: CatalogRequest) => changePolicy(needs, request, policyId, body);
      return answerCatalog(needs, call, { operation: 'changePolicy', input: { policyId, body }, change }, shown);
    },
  });

/** DELETE /v1/policies/{policyId}: archives it. */
export const archivePolicyRoute = (needs: CatalogNeeds): Route =>
  route({
    ...described('delete', 'archivePolicy', 'Archive a policy', ['NOT_FOUND']),
    description: 'Nothing new is issued under it; licenses keep it. Again changes nothing.',
    request: z.object({ params: policyPath, query: none }),
    handle: ({ params: { policyId } }, call) => {
      const change = (request: CatalogRequest) => archivePolicy(needs, request, policyId);
      return answerCatalog(needs, call, { operation: 'archivePolicy', input: { policyId }, change }, shown);
    },
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

const noSuchVersion = reject('NOT_FOUND', 'This policy has no such version.');

const shown = ({ view: { version, ...dated } }: ChangedPolicy) => ({ body: policyBody(version, dated) });
