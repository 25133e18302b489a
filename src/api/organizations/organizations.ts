import { z } from 'zod';
import { createOrganization } from '../../application/organizations/create-organization.ts';
import { isRefusal } from '../../application/refusal.ts';
import { fixedLimits } from '../../domain/organization/organization-limits.ts';
import {
  type OrganizationOfUser,
  organizationsOfUser,
  type PlaceOfOrganization,
} from '../../projections/queries/organizations-of-user.ts';
import { organizationName, timeZone } from '../auth/shapes.ts';
import { entityTag } from '../http/conditional.ts';
import { idempotently } from '../idempotency/idempotency.ts';
import { page, smallerPages } from '../paging.ts';
import { refused } from '../problems/problems.ts';
import { none, type Route, userRoute } from '../route.ts';
import { cursor, pageLimit, pageOf } from '../schemas.ts';
import type { OrganizationNeeds } from './organization-needs.ts';
import { membershipBody, membershipShape, organizationBody, organizationShape } from './organization-shape.ts';

const newOrganization = z
  .strictObject({ name: organizationName, timeZone: timeZone.optional() })
  .meta({ id: 'NewOrganization', example: { name: 'Example Software', timeZone: 'Europe/Berlin' } });

/** GET /v1/organizations: lists the organizations of the signed-in user, in the order of joining. */
export const listOrganizations = ({ pool, secrets }: OrganizationNeeds): Route =>
  userRoute({
    method: 'get',
    path: '/v1/organizations',
    operationId: 'listOrganizations',
    summary: 'List the organizations you belong to',
    description:
      'In the order of joining. Closed organizations are included. Get a token for another one with /v1/auth/switch.',
    tag: 'Organizations',
    effect: 'read',
    request: z.object({
      params: none,
      query: z.strictObject({ limit: pageLimit.optional(), cursor: cursor.optional() }),
    }),
    bounded: smallerPages,
    replies: { 200: { description: 'One page.', body: pageOf(membershipShape) } },
    rejections: [],
    handle: ({ query }, { user: { userId } }) =>
      page<OrganizationOfUser>(secrets, query, {
        name: `organizations\0${userId}`,
        url: `/v1/organizations?`,
        placeOf: ({ joinedAt, organizationId }) => `${joinedAt} ${organizationId}`,
        read: (after, limit) =>
          organizationsOfUser(pool, userId, { after: after === null ? null : placeOf(after), limit }),
        bodyOf: membershipBody,
      }),
  });

/** POST /v1/organizations: creates an organization with the signed-in user as its OWNER. */
export const createOrganizationRoute = (needs: OrganizationNeeds): Route =>
  userRoute({
    method: 'post',
    path: '/v1/organizations',
    operationId: 'createOrganization',
    summary: 'Create another organization',
    description: `You become its OWNER. Get a token for it with /v1/auth/switch. A user can belong to ${fixedLimits.organizationsOfUser} open organizations, and can have created ${fixedLimits.freeOrganizationsOfUser} open ones in tier FREE.`,
    tag: 'Organizations',
    effect: 'append',
    request: z.object({ params: none, query: none, body: newOrganization }),
    replies: {
      201: { description: 'The organization was created.', body: organizationShape, headers: ['Location', 'ETag'] },
    },
    rejections: ['QUOTA_EXCEEDED'],
    handle: ({ body: { name, timeZone } }, call) => {
      const { userId } = call.user;
      const request = { organizationId: userId, principal: userId, operation: 'createOrganization' };
      return idempotently(needs, call, { ...request, input: { name, timeZone } }, async (attempt) => {
        const created = await createOrganization(needs, { call, attempt, userId }, { name, timeZone });
        if (isRefusal(created)) return refused(created);
        const { view, revision, position } = created;
        return {
          status: 201,
          body: organizationBody(view),
          headers: { Location: `/v1/organizations/${view.organizationId}`, ETag: entityTag(revision) },
          position,
        };
      });
    },
  });

const placeOf = (after: string): PlaceOfOrganization => {
  const [joinedAt = '', organizationId = ''] = after.split(' ');
  return { joinedAt, organizationId };
};
