import { z } from 'zod';
import { encodeId } from '../../domain/ids.ts';
import { organizationAggregate, toDecide } from '../../eventstore/aggregate.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import {
  type OrganizationOfUser,
  organizationsOfUser,
  type PlaceOfOrganization,
} from '../../projections/tables/organizations-of-user.ts';
import { organizationName, timeZone } from '../auth/shapes.ts';
import { contextOf, executedOrProblem } from '../command-context.ts';
import { entityTag } from '../conditional.ts';
import { idempotently } from '../idempotency.ts';
import { page } from '../paging.ts';
import { isProblem, problem } from '../problems.ts';
import { none, type Route, userRoute } from '../route.ts';
import { cursor, pageLimit, pageOf } from '../schemas.ts';
import type { OrganizationNeeds } from './needs.ts';
import { membershipBody, membershipShape, organizationBody, organizationShape } from './organization-shape.ts';
import { created } from './send-to-organization.ts';

const newOrganization = z
  .strictObject({ name: organizationName, timeZone: timeZone.optional() })
  .meta({ id: 'NewOrganization', example: { name: 'Example Software', timeZone: 'Europe/Berlin' } });

const openMost = 100;
const tooMany = problem(
  'QUOTA_EXCEEDED',
  `You belong to ${openMost} open organizations already. Close one, or have another user open this one.`,
);

/** GET /v1/organizations: those of the signed-in user, closed ones too, in the order of joining. */
export const listOrganizations = ({ pool, secrets }: OrganizationNeeds): Route =>
  userRoute({
    method: 'get',
    path: '/v1/organizations',
    operationId: 'listOrganizations',
    summary: 'List the organizations you belong to',
    description: 'In the order of joining, closed ones too. Get a token for another one with /v1/auth/switch.',
    tag: 'Organizations',
    effect: 'read',
    request: z.object({
      params: none,
      query: z.strictObject({ limit: pageLimit.optional(), cursor: cursor.optional() }),
    }),
    replies: { 200: { description: 'One page.', body: pageOf(membershipShape) } },
    rejections: [],
    handle: ({ query }, { user: { userId } }) =>
      page<OrganizationOfUser>(
        secrets,
        query,
        `organizations\0${userId}`,
        (parameters) => `/v1/organizations?${parameters}`,
        ({ joinedAt, organizationId }) => `${joinedAt} ${organizationId}`,
        (after, limit) => organizationsOfUser(pool, userId, { after: after === null ? null : placeOf(after), limit }),
        membershipBody,
      ),
  });

/** POST /v1/organizations: opens one with the signed-in user as its OWNER. */
export const createOrganizationRoute = (needs: OrganizationNeeds): Route =>
  userRoute({
    method: 'post',
    path: '/v1/organizations',
    operationId: 'createOrganization',
    summary: 'Open another organization',
    description: `You are its OWNER. Get a token for it with /v1/auth/switch. You can belong to ${openMost} open organizations.`,
    tag: 'Organizations',
    effect: 'append',
    request: z.object({ params: none, query: none, body: newOrganization }),
    replies: { 201: { description: 'Opened.', body: organizationShape, headers: ['Location', 'ETag'] } },
    rejections: ['QUOTA_EXCEEDED'],
    handle: ({ body: { name, timeZone } }, call) => {
      const { userId } = call.user;
      const request = { organizationId: userId, principal: userId, operation: 'createOrganization' };
      return idempotently(needs, call, { ...request, input: { name, timeZone } }, async (attempt) => {
        const organizationId = encodeId('org', aggregateId(attempt.commandId, 'organization'));
        call.actsFor(organizationId);
        if (await hasMost(needs, userId, organizationId)) return tooMany;
        const zone = timeZone === undefined ? {} : { timeZone };
        const at = needs.now();
        const sent = executedOrProblem(
          await needs.executor.execute(
            organizationAggregate,
            organizationId,
            toDecide(organizationAggregate, {
              type: 'CreateOrganization',
              at,
              by: { type: 'USER', userId },
              data: { organizationId, name, founderId: userId, ...zone },
            }),
            contextOf({ call, attempt, actor: { type: 'USER', id: userId, onBehalfOf: null } }, at),
            (organization) => organizationBody(created(organization)),
          ),
        );
        if (isProblem(sent)) return sent;
        return {
          status: 201,
          body: sent.view,
          headers: { Location: `/v1/organizations/${organizationId}`, ETag: entityTag(sent.revision) },
          position: sent.position.commit,
        };
      });
    },
  });

const placeOf = (after: string): PlaceOfOrganization => {
  const [joinedAt = '', organizationId = ''] = after.split(' ');
  return { joinedAt, organizationId };
};

/** True when the user has as many open organizations as one may open, beside the one that is to be opened, again perhaps. */
const hasMost = async ({ pool }: OrganizationNeeds, userId: string, wanted: string): Promise<boolean> => {
  const all = await organizationsOfUser(pool, userId);
  return (
    all.filter(({ organizationId, closedAt }) => closedAt === null && organizationId !== wanted).length >= openMost
  );
};
