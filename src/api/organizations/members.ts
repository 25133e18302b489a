import { z } from 'zod';
import { changeMember } from '../../application/organizations/change-member.ts';
import { listMembers, type ProfiledMember, readMember } from '../../application/organizations/list-members.ts';
import type { MemberNeeds } from '../../application/organizations/member-command.ts';
import { removeMember } from '../../application/organizations/remove-member.ts';
import type { Role } from '../../domain/organization/events.ts';
import { hasPermission } from '../../domain/permissions.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { type InvitationView, listInvitations } from '../../projections/tables/invitations.ts';
import { memberRole, organizationId } from '../auth/shapes.ts';
import { entityTag } from '../http/conditional.ts';
import { answerOwnChange } from '../own-change.ts';
import { filtersOf, type PageQuery, page, smallerPages } from '../paging.ts';
import { type Problem, problem } from '../problems/problems.ts';
import { none, type OrganizationCall, type Reply, type Route, route } from '../route.ts';
import { booleanText, cursor, pageLimit, pageOf, readAs, text } from '../schemas.ts';
import { apiKeyBody, apiKeyShape } from './api-key-shape.ts';
import { invitationBody, invitationShape, memberBody, memberShape, userId } from './member-shape.ts';
import type { OrganizationNeeds } from './organization-needs.ts';
import { organizationPath, refuseOther } from './own-organization.ts';

const membersPath = '/v1/organizations/{organizationId}/members';
const path = `${membersPath}/{userId}` as const;
const tag = 'Members';
const memberPath = z.strictObject({ organizationId, userId });

const label = text(100)
  .refine((value) => value.trim() !== '', 'must not be blank')
  .nullable()
  .meta({ description: 'The name that the organization gives the member. Null removes it.' });

const memberChange = z
  .strictObject({ role: memberRole.optional(), label: label.optional() })
  .refine(({ role, label: changed }) => role !== undefined || changed !== undefined, 'name a role or a label')
  .meta({ id: 'MemberChange', example: { role: 'ADMIN' } });

const removalQuery = z.strictObject({
  revokeKeys: booleanText
    .meta({
      override: readAs({ type: 'boolean' }),
      example: false,
      description:
        'Whether to revoke the API keys that the member created, and the keys that these created: at most 200 at once. Repeat the request for the rest.',
    })
    .optional(),
});

const removedMember = z
  .strictObject({
    apiKeys: z.array(apiKeyShape).meta({
      description:
        'The API keys in force that the member created, and the keys that these created, with those that this request revoked.',
    }),
  })
  .meta({ id: 'RemovedMember' });

const listQuery = z.strictObject({
  limit: pageLimit.optional(),
  cursor: cursor.optional(),
  role: memberRole.optional(),
  state: z
    .enum(['active', 'invited'])
    .default('active')
    .meta({ description: 'Whether to list members or open invitations.' }),
});

/** GET /v1/organizations/{organizationId}/members: lists the members or the open invitations, newest first. */
export const listMembersRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'get',
    path: membersPath,
    tag,
    operationId: 'listMembers',
    summary: 'List members or invitations',
    description:
      'Members, or open invitations with state=invited, newest first. Only OWNER, ADMIN and API keys with members:write see e-mail addresses. A cursor works only with the filters that it was returned for.',
    permission: 'readMembers',
    effect: 'read',
    request: z.object({ params: organizationPath, query: listQuery }),
    bounded: smallerPages,
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

/** GET /v1/organizations/{organizationId}/members/{userId} */
export const getMember = ({ pool }: OrganizationNeeds): Route =>
  route({
    method: 'get',
    path,
    tag,
    operationId: 'getMember',
    summary: 'Get a member',
    description:
      'Returns a present member. The ETag is the revision of the organization with a digest of what no event has: names and the e-mail address. With If-Match, a change of the member is refused when the organization has changed since.',
    permission: 'readMembers',
    effect: 'read',
    conditional: true,
    request: z.object({ params: memberPath, query: none }),
    replies: { 200: { description: 'The member.', body: memberShape } },
    rejections: ['ORGANIZATION_NOT_FOUND', 'NOT_FOUND'],
    handle: async ({ params }, call) => {
      const other = refuseOther(call, params.organizationId);
      if (other !== null) return other;
      const member = await readMember(pool, params.organizationId, params.userId);
      if (member === null) return problem('NOT_FOUND', 'This organization has no such member.');
      const body = memberBody(member.member, member.profile, showsEmailTo(call));
      const names = [body.displayName, body.label, body.email];
      return { status: 200, body, headers: { ETag: entityTag(member.revision, names) } };
    },
  });

/** PATCH /v1/organizations/{organizationId}/members/{userId} */
export const changeMemberRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'patch',
    path,
    tag,
    operationId: 'changeMember',
    summary: 'Give a member another role or a label',
    description:
      'Only an OWNER can make a member an OWNER or take that role away. One OWNER who can sign in must stay. Every caller who may manage members can label each of them. A label does not change the display name, which belongs to the user. It ends with the membership. The ETag is the revision of the organization.',
    permission: 'manageMembers',
    effect: 'append',
    conditional: true,
    request: z.object({ params: memberPath, query: none, body: memberChange }),
    replies: { 200: { description: 'The member after the change.', body: memberShape } },
    rejections: ['ORGANIZATION_NOT_FOUND', 'NOT_FOUND', 'LAST_OWNER', 'ORGANIZATION_CLOSED'],
    handle: async ({ params, body: { role, label: changed } }, call) => {
      const other = refuseOther(call, params.organizationId);
      if (other !== null) return other;
      const input = {
        userId: params.userId,
        ...(role === undefined ? {} : { role }),
        ...(changed === undefined ? {} : { label: changed }),
      };
      return answerOwnChange(
        needs,
        call,
        { operation: 'changeMember', input, change: (request) => changeMember(memberNeeds(needs), request, input) },
        ({ view, profile }) => ({
          body: memberBody({ ...view, userId: params.userId }, profile, showsEmailTo(call)),
        }),
      );
    },
  });

/** DELETE /v1/organizations/{organizationId}/members/{userId} */
export const removeMemberRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'delete',
    path,
    tag,
    operationId: 'removeMember',
    summary: 'Remove a member',
    description:
      'The tokens of the member for this organization stop working within 2 seconds, and open invitations of the member end. The API keys that the member created work on, unless revokeKeys is true. One OWNER who can sign in must stay. Removing the member again changes nothing.',
    permission: 'manageMembers',
    effect: 'append',
    conditional: true,
    request: z.object({ params: memberPath, query: removalQuery }),
    replies: { 200: { description: 'The member was removed.', body: removedMember } },
    rejections: ['ORGANIZATION_NOT_FOUND', 'NOT_FOUND', 'LAST_OWNER', 'ORGANIZATION_CLOSED'],
    handle: async ({ params, query }, call) => {
      const other = refuseOther(call, params.organizationId);
      if (other !== null) return other;
      const input = { userId: params.userId, revokeKeys: query.revokeKeys === true };
      return answerOwnChange(
        needs,
        call,
        {
          operation: 'removeMember',
          input: input.revokeKeys ? input : { userId: input.userId },
          change: (request) => removeMember(memberNeeds(needs), request, input),
        },
        ({ view }) => ({ body: { apiKeys: view.map(apiKeyBody) } }),
      );
    },
  });

const memberNeeds = (needs: OrganizationNeeds): MemberNeeds & OrganizationNeeds => ({
  ...needs,
  forgetUser: needs.accounts.forgetting.forgetUser,
});

/** Returns true for callers who may see addresses: those who may invite by them. */
export const showsEmailTo = ({ caller }: OrganizationCall): boolean => hasPermission(caller, 'manageMembers');

type Listing = {
  readonly orgId: string;
  readonly role: Role | undefined;
  readonly showsEmail: boolean;
};

const memberPage = (
  { pool, secrets }: OrganizationNeeds,
  paging: PageQuery,
  { orgId, role, showsEmail }: Listing,
): Promise<Reply | Problem> =>
  page<ProfiledMember>(secrets, paging, {
    name: `members\0${orgId}\0${role ?? ''}`,
    url: `/v1/organizations/${orgId}/members?${filtersOf({ role })}`,
    placeOf: ({ member }) => member.userId,
    read: (after, limit) => listMembers(pool, { orgId, limit, after, role }),
    bodyOf: ({ member, profile }) => memberBody(member, profile, showsEmail),
  });

const invitationPage = (
  { pool, secrets, now }: OrganizationNeeds,
  paging: PageQuery,
  { orgId, role, showsEmail }: Listing,
): Promise<Reply | Problem> =>
  page<InvitationView>(secrets, paging, {
    name: `invitations\0${orgId}\0${role ?? ''}`,
    url: `/v1/organizations/${orgId}/members?${filtersOf({ state: 'invited', role })}`,
    placeOf: ({ invitationId }) => invitationId,
    read: (after, limit) =>
      asTenant(pool, orgId, (db) => listInvitations(db, { orgId, limit, after, role, now: now() })),
    bodyOf: (invitation) => invitationBody(invitation, showsEmail),
  });
