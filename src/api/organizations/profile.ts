import { z } from 'zod';
import { organizationById } from '../../projections/tables/organizations.ts';
import { asTenant } from '../../projections/tenant.ts';
import { organizationName, timeZone } from '../auth/shapes.ts';
import { entityTag } from '../conditional.ts';
import { isProblem, type Problem, problem } from '../problems.ts';
import { none, type OrganizationCall, type Reply, type Route, route } from '../route.ts';
import type { OrganizationNeeds } from './needs.ts';
import { organizationBody, organizationShape } from './organization-shape.ts';
import { organizationPath, refuseOther } from './own-organization.ts';
import { oncePerKey, sendToOrganization, type Wanted } from './send-to-organization.ts';
import { takeAway } from './take-away.ts';

const path = '/v1/organizations/{organizationId}';
const tag = 'Organizations';

const organizationChange = z
  .strictObject({ name: organizationName.optional(), timeZone: timeZone.optional() })
  .meta({ id: 'OrganizationChange', example: { name: 'Example Software Ltd', timeZone: 'Europe/Vienna' } });

/** GET /v1/organizations/{organizationId} */
export const getOrganization = ({ pool }: OrganizationNeeds): Route =>
  route({
    ...{ method: 'get', path, tag, operationId: 'getOrganization', summary: 'Get your organization' },
    description:
      'The ETag is the revision of the whole organization, with its members, invitations, API keys, projects.',
    permission: 'readOrganization',
    effect: 'read',
    conditional: true,
    request: z.object({ params: organizationPath, query: none }),
    replies: { 200: { description: 'The organization.', body: organizationShape } },
    rejections: ['ORGANIZATION_NOT_FOUND'],
    handle: async ({ params: { organizationId } }, call) => {
      const other = refuseOther(call, organizationId);
      if (other !== null) return other;
      const found = await asTenant(pool, organizationId, (db) => organizationById(db, organizationId));
      if (found === null) return problem('ORGANIZATION_NOT_FOUND', 'There is no such organization.');
      return { status: 200, body: organizationBody(found), headers: { ETag: entityTag(found.revision) } };
    },
  });

/** PATCH /v1/organizations/{organizationId} */
export const changeOrganization = (needs: OrganizationNeeds): Route =>
  route({
    ...{ method: 'patch', path, tag, operationId: 'changeOrganization', summary: 'Rename or move your organization' },
    description: 'What is left out stays as it is. Licenses that were issued keep their calendar.',
    permission: 'changeOrganization',
    effect: 'append',
    conditional: true,
    request: z.object({ params: organizationPath, query: none, body: organizationChange }),
    replies: { 200: { description: 'The organization after it.', body: organizationShape } },
    rejections: ['ORGANIZATION_NOT_FOUND', 'ORGANIZATION_CLOSED'],
    handle: ({ params: { organizationId }, body }, call) => {
      const { name, timeZone } = body;
      const wanted: readonly Wanted[] = [
        ...(name === undefined ? [] : [{ type: 'RenameOrganization', data: { name } } as const]),
        ...(timeZone === undefined ? [] : [{ type: 'ChangeOrganizationTimeZone', data: { timeZone } } as const]),
      ];
      return change(needs, call, organizationId, 'changeOrganization', body, wanted);
    },
  });

/** DELETE /v1/organizations/{organizationId}: closes it. */
export const closeOrganization = (needs: OrganizationNeeds): Route =>
  route({
    ...{ method: 'delete', path, tag, operationId: 'closeOrganization', summary: 'Close your organization' },
    description:
      'For good: its logins and API keys stop, within 30 seconds, and licenses it has issued are not valid any more. Nothing is erased.',
    permission: 'closeOrganization',
    effect: 'append',
    conditional: true,
    request: z.object({ params: organizationPath, query: none }),
    replies: { 200: { description: 'The organization after it.', body: organizationShape } },
    rejections: ['ORGANIZATION_NOT_FOUND'],
    handle: ({ params: { organizationId } }, call) =>
      change(needs, call, organizationId, 'closeOrganization', {}, [{ type: 'CloseOrganization', data: {} }]),
  });

const change = async (
  needs: OrganizationNeeds,
  call: OrganizationCall,
  organizationId: string,
  operation: string,
  input: object,
  wanted: readonly Wanted[],
): Promise<Reply | Problem> => {
  const other = refuseOther(call, organizationId);
  if (other !== null) return other;
  return oncePerKey(needs, call, operation, input, async (attempt, at) => {
    const sent = await sendToOrganization(needs, call, attempt, {
      at,
      wantedOf: () => wanted,
      view: organizationBody,
    });
    if (isProblem(sent)) return sent;
    if (operation === 'closeOrganization') await takeAway(needs, organizationId, sent.position.commit);
    return {
      status: 200,
      body: sent.view,
      headers: { ETag: entityTag(sent.revision) },
      position: sent.position.commit,
    };
  });
};
