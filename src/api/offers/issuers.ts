import { z } from 'zod';
import { type DecidedIssuer, decideIssuer } from '../../application/offers/decide-issuer.ts';
import { issuerDecisions } from '../../domain/organization/organization.ts';
import { type IssuerDecisionView, listIssuerDecisions } from '../../projections/tables/issuer-decisions.ts';
import type { OrganizationNeeds } from '../organizations/organization-needs.ts';
import { answerOwnChange } from '../own-change.ts';
import { organizationPage, smallerPages } from '../paging.ts';
import type { ProblemCode } from '../problems/problems.ts';
import { none, type OrganizationCall, type Route, route } from '../route.ts';
import { cursor, pageLimit, pageOf } from '../schemas.ts';
import { issuerBody, issuerId, issuerShape } from './offer-shapes.ts';

const tag = 'Offers';
const path = '/v1/issuers/{organizationId}';
const issuerPath = z.strictObject({ organizationId: issuerId });

/** GET /v1/issuers: lists the issuers that the organization trusts or blocks, by id. */
export const listIssuers = (needs: OrganizationNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/issuers',
    operationId: 'listIssuers',
    summary: 'List trusted and blocked issuers',
    description: 'The issuers that your organization trusts or blocks, in the order of their ids.',
    tag,
    permission: 'readOffers',
    effect: 'read',
    request: z.object({
      params: none,
      query: z.strictObject({
        limit: pageLimit.optional(),
        cursor: cursor.optional(),
        decision: z.enum(issuerDecisions).optional(),
      }),
    }),
    bounded: smallerPages,
    replies: { 200: { description: 'One page.', body: pageOf(issuerShape) } },
    rejections: [],
    handle: ({ query }, { caller: { organizationId } }) =>
      organizationPage<IssuerDecisionView>(needs, query, {
        list: 'issuers',
        organizationId,
        placeOf: ({ decidedOrgId }) => decidedOrgId,
        read: (db, page) => listIssuerDecisions(db, { ...page, orgId: organizationId, decision: query.decision }),
        bodyOf: issuerBody,
      }),
  });

/** POST /v1/issuers/{organizationId}/trust */
export const trustIssuerRoute = (needs: OrganizationNeeds): Route =>
  route({
    ...described({ operationId: 'trustIssuer', summary: 'Trust an issuer', rejections: ['QUOTA_EXCEEDED'] }),
    method: 'post',
    path: `${path}/trust`,
    description:
      'Later licenses of this issuer get your organization as holder without an offer. Offers that are open stay open. ' +
      'A block ends.',
    handle: ({ params }, call) => decide(needs, call, params.organizationId, 'TrustIssuer'),
  });

/** POST /v1/issuers/{organizationId}/block */
export const blockIssuerRoute = (needs: OrganizationNeeds): Route =>
  route({
    ...described({ operationId: 'blockIssuer', summary: 'Block an issuer', rejections: ['QUOTA_EXCEEDED'] }),
    method: 'post',
    path: `${path}/block`,
    description:
      'You see no offers of this issuer, and cannot accept them. The issuer does not learn of the block. Licenses that ' +
      'your organization holds stay.',
    handle: ({ params }, call) => decide(needs, call, params.organizationId, 'BlockIssuer'),
  });

/** DELETE /v1/issuers/{organizationId}: ends the consent to an issuer, or its block. */
export const forgetIssuerRoute = (needs: OrganizationNeeds): Route =>
  route({
    ...described({ operationId: 'forgetIssuer', summary: 'Forget the decision about an issuer' }),
    method: 'delete',
    path,
    description:
      'The issuer is neither trusted nor blocked then. Later licenses are offered. Licenses that your organization ' +
      'holds stay.',
    handle: ({ params }, call) => decide(needs, call, params.organizationId, 'ForgetIssuer'),
  });

type Described = {
  readonly operationId: string;
  readonly summary: string;
  readonly rejections?: readonly ProblemCode[];
};

const described = ({ operationId, summary, rejections = [] }: Described) =>
  ({
    operationId,
    summary,
    tag,
    permission: 'answerOffers',
    effect: 'append',
    conditional: true,
    request: z.object({ params: issuerPath, query: none }),
    replies: { 200: { description: 'The decision about the issuer.', body: issuerShape } },
    rejections: ['ORGANIZATION_CLOSED', ...rejections],
  }) as const;

const decide = (
  needs: OrganizationNeeds,
  call: OrganizationCall,
  organizationId: string,
  type: 'TrustIssuer' | 'BlockIssuer' | 'ForgetIssuer',
) =>
  answerOwnChange(
    needs,
    call,
    {
      operation: type,
      input: { organizationId },
      change: (request) => decideIssuer(needs, request, organizationId, type),
    },
    show,
  );

const show = ({ decidedOrgId, name, view }: DecidedIssuer) => ({
  body: issuerBody({ decidedOrgId, name, decision: view?.decision ?? null, decidedAt: view?.decidedAt ?? null }),
});
