import { z } from 'zod';
import { inviteMember, withdrawInvitation } from '../../application/organizations/invite-member.ts';
import type { OrganizationRequest } from '../../application/organizations/send-to-organization.ts';
import { openForDays } from '../../domain/organization/decide-invitations.ts';
import { memberRole, newEmail, organizationId } from '../auth/shapes.ts';
import { encodeInvitationToken } from '../invitation-token.ts';
import { none, type Route, route } from '../route.ts';
import { instantIn } from '../schemas.ts';
import { invitationBody, invitationId, invitationShape } from './member-shape.ts';
import type { OrganizationNeeds } from './needs.ts';
import { organizationPath, refuseOther } from './own-organization.ts';
import { answerOwn } from './own-request.ts';

const newInvitation = z
  .strictObject({
    email: newEmail,
    role: memberRole,
    expiresAt: instantIn.optional().meta({ description: `Left out: in ${openForDays} days.` }),
  })
  .meta({ id: 'NewInvitation', example: { email: 'bob@vendor.example', role: 'MEMBER' } });

const tag = 'Members';

/** POST /v1/organizations/{organizationId}/members: invites somebody by their address. */
export const inviteMemberRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/organizations/{organizationId}/members',
    operationId: 'inviteMember',
    summary: 'Invite somebody to your organization',
    description:
      'No mail is sent: hand the token over to the invited, who shows it to /v1/invitations/accept. Whoever is invited counts as a member against the limit of your organization. At most 1,000 invitations are open at once.',
    tag,
    permission: 'manageMembers',
    effect: 'append',
    request: z.object({ params: organizationPath, query: none, body: newInvitation }),
    replies: {
      201: {
        description: 'Invited. The token is in this answer only.',
        headers: ['ETag'],
        body: z.strictObject({ invitation: invitationShape, token: z.string() }).meta({ id: 'Invited' }),
      },
    },
    rejections: [
      ...(['ORGANIZATION_NOT_FOUND', 'ALREADY_MEMBER', 'USER_LIMIT_EXCEEDED', 'TERM_INVALID'] as const),
      ...(['QUOTA_EXCEEDED', 'ORGANIZATION_CLOSED'] as const),
    ],
    handle: async ({ params, body }, call) => {
      const other = refuseOther(call, params.organizationId);
      if (other !== null) return other;
      const change = (request: OrganizationRequest) => inviteMember(needs, request, body);
      return answerOwn(
        needs,
        call,
        { operation: 'inviteMember', input: body, change },
        ({ view, invitationId: id }) => {
          const { email } = body;
          const token = encodeInvitationToken(needs.secrets, { ...params, invitationId: id });
          return {
            status: 201,
            body: { invitation: invitationBody({ ...view, invitationId: id, email }, true), token },
          };
        },
      );
    },
  });

/** DELETE /v1/organizations/{organizationId}/invitations/{invitationId} */
export const withdrawInvitationRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'delete',
    path: '/v1/organizations/{organizationId}/invitations/{invitationId}',
    operationId: 'withdrawInvitation',
    summary: 'Take an invitation back',
    description: 'Its token is good for nothing any more, and the address is erased. Again changes nothing.',
    tag,
    permission: 'manageMembers',
    effect: 'append',
    conditional: true,
    request: z.object({ params: z.strictObject({ organizationId, invitationId }), query: none }),
    replies: { 204: { description: 'Taken back.' } },
    rejections: ['ORGANIZATION_NOT_FOUND', 'NOT_FOUND', 'ORGANIZATION_CLOSED'],
    handle: async ({ params }, call) => {
      const other = refuseOther(call, params.organizationId);
      if (other !== null) return other;
      const input = { invitationId: params.invitationId };
      const change = (request: OrganizationRequest) => withdrawInvitation(needs, request, params.invitationId);
      return answerOwn(needs, call, { operation: 'withdrawInvitation', input, change }, () => ({
        status: 204,
        body: {},
      }));
    },
  });
