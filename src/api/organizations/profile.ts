import { z } from 'zod';
import { changeOrganization } from '../../application/organizations/change-organization.ts';
import { closeOrganization } from '../../application/organizations/close-organization.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { organizationById } from '../../projections/tables/organizations.ts';
import { organizationName, timeZone } from '../auth/shapes.ts';
import { entityTag } from '../http/conditional.ts';
import { answerOwnChange } from '../own-change.ts';
import { problem } from '../problems/problems.ts';
import { none, type Route, route } from '../route.ts';
import type { OrganizationNeeds } from './organization-needs.ts';
import { logAccess, organizationBody, organizationShape } from './organization-shape.ts';
import { organizationPath, refuseOther } from './own-organization.ts';

const path = '/v1/organizations/{organizationId}';
const tag = 'Organizations';

const organizationChange = z
  .strictObject({
    name: organizationName.optional(),
    timeZone: timeZone.optional(),
    logIsPublic: logAccess.logIsPublic.optional(),
    holdersGetProofs: logAccess.holdersGetProofs.optional(),
  })
  .meta({ id: 'OrganizationChange', example: { name: 'Example Software Ltd', timeZone: 'Europe/Vienna' } });

/** GET /v1/organizations/{organizationId} */
export const getOrganization = ({ pool }: OrganizationNeeds): Route =>
  route({
    method: 'get',
    path,
    tag,
    operationId: 'getOrganization',
    summary: 'Get your organization',
    description:
      'The ETag is the revision of the whole organization, including its members, invitations, API keys and projects.',
    permission: 'readOrganization',
    effect: 'read',
    conditional: true,
    request: z.object({ params: organizationPath, query: none }),
    replies: { 200: { description: 'The organization.', body: organizationShape } },
    rejections: ['ORGANIZATION_NOT_FOUND'],
    handle: async ({ params: { organizationId } }, call) => {
      const other = refuseOther(call, organizationId);
      if (other !== null) return other;
      const organization = await asTenant(pool, organizationId, (db) => organizationById(db, organizationId));
      if (organization === null) return problem('ORGANIZATION_NOT_FOUND', 'There is no such organization.');
      return { status: 200, body: organizationBody(organization), headers: { ETag: entityTag(organization.revision) } };
    },
  });

/** PATCH /v1/organizations/{organizationId} */
export const changeOrganizationRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'patch',
    path,
    tag,
    operationId: 'changeOrganization',
    summary: 'Change your organization',
    description:
      'Changes its name, its time zone, and who else reads its log. Absent fields stay as they are. Issued licenses keep their time zone.',
    permission: 'changeOrganization',
    effect: 'append',
    conditional: true,
    request: z.object({ params: organizationPath, query: none, body: organizationChange }),
    replies: { 200: { description: 'The organization after the change.', body: organizationShape } },
    rejections: ['ORGANIZATION_NOT_FOUND', 'ORGANIZATION_CLOSED'],
    handle: async ({ params: { organizationId }, body }, call) =>
      refuseOther(call, organizationId) ??
      answerOwnChange(
        needs,
        call,
        {
          operation: 'changeOrganization',
          input: body,
          change: (request) => changeOrganization(needs, request, body),
        },
        ({ view }) => ({ body: organizationBody(view) }),
      ),
  });

/** DELETE /v1/organizations/{organizationId}: closes the organization. */
export const closeOrganizationRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'delete',
    path,
    tag,
    operationId: 'closeOrganization',
    summary: 'Close your organization',
    description:
      'Closes the organization for good. Its logins and API keys stop working within 2 seconds. Licenses that it has issued are no longer valid. Nothing is erased. Needs the password within the last 5 minutes: sign in, or POST /v1/auth/password/confirm.',
    permission: 'closeOrganization',
    effect: 'append',
    conditional: true,
    request: z.object({ params: organizationPath, query: none }),
    replies: { 200: { description: 'The organization after the change.', body: organizationShape } },
    rejections: ['ORGANIZATION_NOT_FOUND', 'PASSWORD_REQUIRED'],
    handle: async ({ params: { organizationId } }, call) =>
      refuseOther(call, organizationId) ??
      answerOwnChange(
        needs,
        call,
        {
          operation: 'closeOrganization',
          input: {},
          change: (request) => closeOrganization(needs, request),
        },
        ({ view }) => ({ body: organizationBody(view) }),
      ),
  });
