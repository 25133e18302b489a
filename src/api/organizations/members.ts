import { z } from 'zod';
import {
  changeMember,
  type MemberNeeds,
  removeMember,
  type UserProfile,
} from '../../application/organizations/change-member.ts';
import type { OrganizationRequest } from '../../application/organizations/send-to-organization.ts';
import type { Role } from '../../domain/organization/events.ts';
import { userProfiles } from '../../identity/users.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { type InvitationView, listInvitations } from '../../projections/tables/invitations.ts';
import { listMembers, type MemberView } from '../../projections/tables/memberships.ts';
import { memberRole, organizationId } from '../auth/shapes.ts';
import { page } from '../paging.ts';
import { hasPermission } from '../permissions.ts';
import type { Problem } from '../problems/problems.ts';
import { none, type OrganizationCall, type Reply, type Route, route } from '../route.ts';
import { cursor, pageLimit, pageOf } from '../schemas.ts';
import { invitationBody, invitationShape, memberBody, memberShape, userId } from './member-shape.ts';
import type { OrganizationNeeds } from './needs.ts';
import { organizationPath, refuseOther } from './own-organization.ts';
import { answerOwn } from './own-request.ts';

const membersPath = '/v1/organizations/{organizationId}/members';
const path = `${membersPath}/{userId}` as const;
const tag = 'Members';
const memberPath = z.strictObject({ organizationId, userId });

const memberChange = z.strictObject({ role: memberRole }).meta({ id: 'MemberChange', example: { role: 'ADMIN' } });

const listQuery = z.strictObject({
  limit: pageLimit.optional(),
  cursor: cursor.optional(),
  role: memberRole.optional(),
  state: z.enum(['active', 'invited']).default('active').meta({ description: 'Who is a member, or who is invited.' }),
});

/** GET /v1/organizations/{organizationId}/members: the members, or the open invitations, newest first. */
export const listMembersRoute = (needs: OrganizationNeeds): Route =>
  route({
    ...{
      method: 'get',
      path: membersPath,
      tag,
      operationId: 'listMembers',
      summary: 'List members, or who is invited',
    },
    description:
      'Newest first. Addresses are shown to OWNER, ADMIN and API keys with members:write. A cursor goes with its filters.',
    permission: 'readMembers',
    effect: 'read',
    request: z.object({ params: organizationPath, query: listQuery }),
    replies: {
      200: {
        description: 'One page.',
        body: pageOf(z.discriminatedUnion('state', [memberShape, invitationShape])),
      },
    },
    rejections: ['ORGANIZATION_NOT_FOUND'],
    handle: async ({ params, query: { state, role, ...paging } }, call) => {
      const other = refuseOther(call, params.organizationId);
      if (other !== null) return other;
      const listing: Listing = { orgId: params.organizationId, role, showsEmail: showsEmailTo(call) };
      return state === 'active' ? memberPage(needs, paging, listing) : invitationPage(needs, paging, listing);
    },
  });

/** PATCH /v1/organizations/{organizationId}/members/{userId} */
export const changeMemberRoute = (needs: OrganizationNeeds): Route =>
  route({
    ...{ method: 'patch', path, tag, operationId: 'changeMember', summary: 'Give a member another role' },
    description:
      'Only an OWNER decides who is an OWNER, and one of them who can sign in stays. The ETag is the revision of the organization.',
    permission: 'manageMembers',
    effect: 'append',
    conditional: true,
    request: z.object({ params: memberPath, query: none, body: memberChange }),
    replies: { 200: { description: 'The member after it.', body: memberShape } },
    rejections: ['ORGANIZATION_NOT_FOUND', 'NOT_FOUND', 'LAST_OWNER', 'ORGANIZATION_CLOSED'],
    handle: async ({ params, body: { role } }, call) => {
      const other = refuseOther(call, params.organizationId);
      if (other !== null) return other;
      const input = { userId: params.userId, role };
      const change = (request: OrganizationRequest) => changeMember(memberNeeds(needs), request, input);
      return answerOwn(needs, call, { operation: 'changeMember', input, change }, ({ view, profile }) => ({
        status: 200,
        body: memberBody({ ...view, userId: params.userId }, profile, showsEmailTo(call)),
      }));
    },
  });

/** DELETE /v1/organizations/{organizationId}/members/{userId} */
export const removeMemberRoute = (needs: OrganizationNeeds): Route =>
  route({
    ...{ method: 'delete', path, tag, operationId: 'removeMember', summary: 'Remove a member' },
    description:
      'Their tokens for the organization stop within 30 seconds. The last OWNER who can sign in stays. Again changes nothing.',
    permission: 'manageMembers',
    effect: 'append',
    conditional: true,
    request: z.object({ params: memberPath, query: none }),
    replies: { 204: { description: 'Removed.' } },
    rejections: ['ORGANIZATION_NOT_FOUND', 'NOT_FOUND', 'LAST_OWNER', 'ORGANIZATION_CLOSED'],
    handle: async ({ params }, call) => {
      const other = refuseOther(call, params.organizationId);
      if (other !== null) return other;
      const input = { userId: params.userId };
      const change = (request: OrganizationRequest) => removeMember(memberNeeds(needs), request, params.userId);
      return answerOwn(needs, call, { operation: 'removeMember', input, change }, () => ({ status: 204, body: {} }));
    },
  });

const memberNeeds = (needs: OrganizationNeeds): MemberNeeds => ({
  ...needs,
  forgetUser: needs.accounts.forgetting.forgetUser,
});

/** Addresses are for those who invite by them. */
export const showsEmailTo = ({ caller }: OrganizationCall): boolean => hasPermission(caller, 'manageMembers');

type Listing = {
  readonly orgId: string;
  readonly role: Role | undefined;
  readonly showsEmail: boolean;
};
type Paging = Parameters<typeof page>[1];

const memberPage = (
  { pool, secrets }: OrganizationNeeds,
  paging: Paging,
  { orgId, role, showsEmail }: Listing,
): Promise<Reply | Problem> =>
  page<{ readonly member: MemberView; readonly profile: UserProfile }>(
    secrets,
    paging,
    `members\0${orgId}\0${role ?? ''}`,
    (parameters) => linkTo(orgId, role === undefined ? parameters : `role=${role}&${parameters}`),
    ({ member }) => member.userId,
    async (after, limit) => {
      const members = await asTenant(pool, orgId, (db) => listMembers(db, { orgId, limit, after, role }));
      const profiles = await userProfiles(
        pool,
        members.map((member) => member.userId),
      );
      return members.map((member) => ({ member, profile: profiles.get(member.userId) ?? null }));
    },
    ({ member, profile }) => memberBody(member, profile, showsEmail),
  );

const invitationPage = (
  { pool, secrets, now }: OrganizationNeeds,
  paging: Paging,
  { orgId, role, showsEmail }: Listing,
): Promise<Reply | Problem> =>
  page<InvitationView>(
    secrets,
    paging,
    `invitations\0${orgId}\0${role ?? ''}`,
    (parameters) => linkTo(orgId, `state=invited&${role === undefined ? '' : `role=${role}&`}${parameters}`),
    ({ invitationId }) => invitationId,
    (after, limit) => asTenant(pool, orgId, (db) => listInvitations(db, { orgId, limit, after, role, now: now() })),
    (invitation) => invitationBody(invitation, showsEmail),
  );

const linkTo = (orgId: string, parameters: string): string => `/v1/organizations/${orgId}/members?${parameters}`;
