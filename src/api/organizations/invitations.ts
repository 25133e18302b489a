import { z } from 'zod';
import { handOutInvitation } from '../../application/organizations/hand-out-invitation.ts';
import { inviteMember } from '../../application/organizations/invite-member.ts';
import { withdrawInvitation } from '../../application/organizations/withdraw-invitation.ts';
import { isRefusal } from '../../application/refusal.ts';
import { openForDays } from '../../domain/organization/decide-invitations.ts';
import { memberRole, newEmail, organizationId } from '../auth/shapes.ts';
import { answerOwnChange } from '../own-change.ts';
import { refused } from '../problems/problems.ts';
import { none, type Route, route } from '../route.ts';
import { instantIn } from '../schemas.ts';
import { encodeInvitationToken } from './invitation-token.ts';
import { mailAllowance } from './mail-allowance.ts';
import { invitationBody, invitationId, invitationShape } from './member-shape.ts';
import type { OrganizationNeeds } from './organization-needs.ts';
import { organizationPath, refuseOther } from './own-organization.ts';

const newInvitation = z
  .strictObject({
    email: newEmail,
    role: memberRole,
    expiresAt: instantIn
      .optional()
      .meta({ description: `When the invitation expires. Without it: in ${openForDays} days.` }),
  })
  .meta({ id: 'NewInvitation', example: { email: 'bob@vendor.example', role: 'MEMBER' } });

const invitationToken = z
  .string()
  .meta({ description: 'Lets the invited person join. Treat it like a password until the person has joined.' });

const invitationPath = z.strictObject({ organizationId, invitationId });

const tag = 'Members';

/** POST /v1/organizations/{organizationId}/members: invites a person by e-mail address. */
export const inviteMemberRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/organizations/{organizationId}/members',
    operationId: 'inviteMember',
    summary: 'Invite a person to your organization',
    description:
      'The server mails a token to the invited person, who sends it to /v1/invitations/accept. At most 3 invitations a day are mailed to an address, by all organizations together. Without a mail (isMailed is false), give the token of this answer to the person. Only the mailed token proves the address and works for a person when somebody else has signed up with the address. A member or an API key invites only with a role that has no further rights than its own. An API key gets no token: a member with the role OWNER or ADMIN asks for it. An open invitation counts as a member against the limit of your organization. At most 1,000 invitations are open at a time.',
    tag,
    permission: 'manageMembers',
    effect: 'append',
    request: z.object({ params: organizationPath, query: none, body: newInvitation }),
    replies: {
      201: {
        description: 'The person was invited. The token is null for an API key.',
        headers: ['ETag'],
        body: z
          .strictObject({
            invitation: invitationShape,
            token: invitationToken.nullable(),
            isMailed: z.boolean().meta({ description: 'True when the server sends a mail to the invited person.' }),
          })
          .meta({ id: 'Invited' }),
      },
    },
    rejections: [
      'ORGANIZATION_NOT_FOUND',
      'ALREADY_MEMBER',
      'USER_LIMIT_EXCEEDED',
      'TERM_INVALID',
      'QUOTA_EXCEEDED',
      'ORGANIZATION_CLOSED',
    ],
    handle: async ({ params, body }, call) => {
      const other = refuseOther(call, params.organizationId);
      if (other !== null) return other;
      // Everybody may sign up and name an organization, and so mail strangers.
      const limit = needs.mailing ? await call.limits.take('invite', params.organizationId) : null;
      if (limit !== null) return limit;
      const allowance = mailAllowance(needs, call, body.email);
      return answerOwnChange(
        needs,
        call,
        {
          operation: 'inviteMember',
          input: body,
          change: (request) => inviteMember(needs, request, { ...body, allowance }),
        },
        ({ view, invitationId: id, isMailed }) => {
          const invitation = invitationBody({ ...view, invitationId: id, email: body.email }, true);
          const isMember = call.caller.kind === 'user';
          const token = isMember ? encodeInvitationToken(needs.secrets, { ...params, invitationId: id }) : null;
          return { status: 201, body: { invitation, token, isMailed } };
        },
      );
    },
  });

/** POST /v1/organizations/{organizationId}/invitations/{invitationId}/token */
export const createInvitationTokenRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/organizations/{organizationId}/invitations/{invitationId}/token',
    operationId: 'createInvitationToken',
    summary: 'Get the token of an invitation',
    description:
      'Use it for an invitation of an API key, or when the token was lost. Only a member who could invite with this role gets it. It is the same token each time, until the invitation ends.',
    tag,
    permission: 'handOutInvitations',
    effect: 'none',
    request: z.object({ params: invitationPath, query: none }),
    replies: {
      200: {
        description: 'The open invitation and its token.',
        body: z.strictObject({ invitation: invitationShape, token: invitationToken }).meta({ id: 'InvitationToken' }),
      },
    },
    rejections: ['ORGANIZATION_NOT_FOUND', 'NOT_FOUND', 'ORGANIZATION_CLOSED'],
    handle: async ({ params }, call) => {
      const other = refuseOther(call, params.organizationId);
      if (other !== null) return other;
      const invitation = await handOutInvitation(needs, call.caller, params.invitationId);
      if (isRefusal(invitation)) return refused(invitation);
      const token = encodeInvitationToken(needs.secrets, params);
      return { status: 200, body: { invitation: invitationBody(invitation, true), token } };
    },
  });

/** DELETE /v1/organizations/{organizationId}/invitations/{invitationId} */
export const withdrawInvitationRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'delete',
    path: '/v1/organizations/{organizationId}/invitations/{invitationId}',
    operationId: 'withdrawInvitation',
    summary: 'Withdraw an invitation',
    description: 'The token stops working and the address is erased. Withdrawing it again changes nothing.',
    tag,
    permission: 'manageMembers',
    effect: 'append',
    conditional: true,
    request: z.object({ params: invitationPath, query: none }),
    replies: { 204: { description: 'The invitation was withdrawn.' } },
    rejections: ['ORGANIZATION_NOT_FOUND', 'NOT_FOUND', 'ORGANIZATION_CLOSED'],
    handle: async ({ params }, call) => {
      const other = refuseOther(call, params.organizationId);
      if (other !== null) return other;
      const { invitationId: id } = params;
      return answerOwnChange(
        needs,
        call,
        {
          operation: 'withdrawInvitation',
          input: { invitationId: id },
          change: (request) => withdrawInvitation(needs, request, id),
        },
        () => ({ status: 204, body: {} }),
      );
    },
  });
