import { z } from 'zod';
import { addPolicyVersion } from '../../application/catalog/add-policy-version.ts';
import { archivePolicy } from '../../application/catalog/archive-policy.ts';
import { createPolicy } from '../../application/catalog/create-policy.ts';
import { type ChangedPolicy, noSuchPolicy } from '../../application/catalog/policy-command.ts';
import { reject } from '../../domain/decider.ts';
import { tiers } from '../../domain/license/policy.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { listPolicies, type PolicyView, policyById } from '../../projections/tables/policies.ts';
import { entityTag } from '../http/conditional.ts';
import { answerOwnChange } from '../own-change.ts';
import { archivedFilter, organizationPage, smallerPages } from '../paging.ts';
import { refused } from '../problems/problems.ts';
import { none, type Route, route } from '../route.ts';
import { cursor, pageLimit, pageOf, readAs, text } from '../schemas.ts';
import { changesCatalog } from './catalog-fields.ts';
import type { CatalogNeeds } from './catalog-needs.ts';
import { newPolicy, policyChange, policyPath } from './policy-fields.ts';
import { policyBody, policyShape } from './policy-shape.ts';

/** GET /v1/policies: lists the policies, each in its latest version, newest first. */
export const listPoliciesRoute = (needs: CatalogNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/policies',
    operationId: 'listPolicies',
    summary: 'List policies',
    description:
      'The policies of your organization in their latest versions, newest first. A cursor works only with the filters that it was returned for.',
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
        q: text(200).optional().meta({ description: 'The beginning of the name, in upper or lower case.' }),
      }),
    }),
    bounded: smallerPages,
    replies: { 200: { description: 'One page.', body: pageOf(policyShape) } },
    rejections: [],
    handle: ({ query }, { caller: { organizationId } }) =>
      organizationPage<PolicyView>(needs, query, {
        list: 'policies',
        organizationId,
        placeOf: ({ policy: { policyId } }) => policyId,
        read: (db, page) => listPolicies(db, { ...query, ...page, issuerOrgId: organizationId }),
        bodyOf: (view) => policyBody(view, view),
      }),
  });

/** GET /v1/policies/{policyId}: returns the latest version, or the version of the query. */
export const getPolicy = ({ pool }: CatalogNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/policies/{policyId}',
    operationId: 'getPolicy',
    summary: 'Get a policy',
    description:
      'Returns the latest version, or the version that `version` names. The ETag is the revision of the whole catalog.',
    tag: 'Catalog',
    permission: 'readCatalog',
    effect: 'read',
    conditional: true,
    request: z.object({ params: policyPath, query: z.strictObject({ version: versionNumber.optional() }) }),
    replies: { 200: { description: 'The policy.', body: policyShape } },
    rejections: ['NOT_FOUND'],
    handle: async ({ params: { policyId }, query: { version = null } }, { caller: { organizationId } }) => {
      const policy = await asTenant(pool, organizationId, (db) => policyById(db, organizationId, policyId, version));
      if (policy === null) return refused(version === null ? noSuchPolicy : noSuchVersion);
      return { status: 200, body: policyBody(policy, policy), headers: { ETag: entityTag(policy.revision) } };
    },
  });

const versionNumber = z
  .string()
  .regex(/^[1-9][0-9]{0,8}$/, 'must be a number of at least 1')
  .transform(Number)
  .meta({ override: readAs({ type: 'integer', minimum: 1 }), example: 1 });

/** POST /v1/policies: adds a policy. */
export const createPolicyRoute = (needs: CatalogNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/policies',
    operationId: 'createPolicy',
    summary: 'Add a policy',
    description: 'Absent fields are those of the built-in policy of the tier.',
    tag: 'Catalog',
    permission: 'changeCatalog',
    effect: 'append',
    request: z.object({ params: none, query: none, body: newPolicy }),
    replies: {
      201: { description: 'The policy was added, as version 1.', body: policyShape, headers: ['Location', 'ETag'] },
    },
    rejections: ['ARCHIVED', 'TERM_INVALID', 'LIMIT_INVALID'],
    handle: ({ body }, call) =>
      answerOwnChange(
        needs,
        call,
        { operation: 'createPolicy', input: body, change: (request) => createPolicy(needs, request, body) },
        (changed) => ({ ...show(changed), location: `/v1/policies/${changed.view.version.policy.policyId}` }),
      ),
  });

/** PATCH /v1/policies/{policyId}: adds a version to a policy. */
export const changePolicyRoute = (needs: CatalogNeeds): Route =>
  route({
    ...changesPolicy,
    method: 'patch',
    operationId: 'changePolicy',
    summary: 'Change a policy',
    rejections: ['NOT_FOUND', 'ARCHIVED', 'TERM_INVALID', 'LIMIT_INVALID'],
    description:
      'Adds the next version of the policy. Absent fields are those of the latest version. Lists and meters are replaced as a whole. Licenses keep the version that they were issued under. A change that differs in nothing adds no version.',
    request: z.object({ params: policyPath, query: none, body: policyChange }),
    handle: ({ params: { policyId }, body }, call) =>
      answerOwnChange(
        needs,
        call,
        {
          operation: 'changePolicy',
          input: { policyId, body },
          change: (request) => addPolicyVersion(needs, request, policyId, body),
        },
        show,
      ),
  });

/** DELETE /v1/policies/{policyId}: archives a policy. */
export const archivePolicyRoute = (needs: CatalogNeeds): Route =>
  route({
    ...changesPolicy,
    method: 'delete',
    operationId: 'archivePolicy',
    summary: 'Archive a policy',
    rejections: ['NOT_FOUND'],
    description:
      'No license is issued under it any longer. Existing licenses keep it. Archiving it again changes nothing.',
    request: z.object({ params: policyPath, query: none }),
    handle: ({ params: { policyId } }, call) =>
      answerOwnChange(
        needs,
        call,
        {
          operation: 'archivePolicy',
          input: { policyId },
          change: (request) => archivePolicy(needs, request, policyId),
        },
        show,
      ),
  });

const changesPolicy = {
  ...changesCatalog,
  path: '/v1/policies/{policyId}',
  replies: { 200: { description: 'The policy after the change, in its latest version.', body: policyShape } },
} as const;

const noSuchVersion = reject('NOT_FOUND', 'This policy has no such version.');

const show = ({ view: { version, ...dated } }: ChangedPolicy) => ({ body: policyBody(version, dated) });
