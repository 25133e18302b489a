import { z } from 'zod';
import { encodeId } from '../../domain/ids.ts';
import { organizationLimits } from '../../domain/organization/limits.ts';
import { fromMs, toMs } from '../../domain/time.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { findUserByEmail } from '../../identity/users.ts';
import { eraseValue } from '../../projections/tables/vault.ts';
import { asTenant } from '../../projections/tenant.ts';
import { memberRole, newEmail, organizationId } from '../auth/shapes.ts';
import { entityTag } from '../conditional.ts';
import type { Attempt } from '../idempotency.ts';
import { referenceOf } from '../in-vault.ts';
import { encodeInvitationToken } from '../invitation-token.ts';
import { isProblem, type Problem } from '../problems.ts';
import { none, type OrganizationCall, type Reply, type Route, route } from '../route.ts';
import { instantIn } from '../schemas.ts';
import { invitationBody, invitationId, invitationShape } from './member-shape.ts';
import type { OrganizationNeeds } from './needs.ts';
import { organizationPath, refuseOther } from './own-organization.ts';
import { oncePerKey, partOf, sendToOrganization } from './send-to-organization.ts';

const openForDays = 7;

const newInvitation = z
  .strictObject({
    email: newEmail,
    role: memberRole,
    expiresAt: instantIn.optional().meta({ description: `Left out: in ${openForDays} days.` }),
  })
  .meta({ id: 'NewInvitation', example: { email: 'bob@vendor.example', role: 'MEMBER' } });

type NewInvitation = z.output<typeof newInvitation>;

const tag = 'Members';

/** POST /v1/organizations/{organizationId}/members: invites somebody by their address. */
export const inviteMember = (needs: OrganizationNeeds): Route =>
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
      return oncePerKey(needs, call, 'inviteMember', body, (attempt, at) => invite(needs, call, attempt, at, body));
    },
  });

/** DELETE /v1/organizations/{organizationId}/invitations/{invitationId} */
export const withdrawInvitation = (needs: OrganizationNeeds): Route =>
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
      const data = { invitationId: params.invitationId };
      return oncePerKey(needs, call, 'withdrawInvitation', data, async (attempt, at) => {
        const sent = await sendToOrganization(needs, call, attempt, {
          at,
          wantedOf: () => [{ type: 'WithdrawInvitation', data }],
          view: ({ invitations }) => partOf(invitations, params.invitationId).emailRef,
        });
        if (isProblem(sent)) return sent;
        const { organizationId: issuerOrgId } = params;
        await asTenant(needs.pool, issuerOrgId, (db) => eraseValue(db, issuerOrgId, sent.view), { readOnly: false });
        return { status: 204, body: {}, headers: { ETag: entityTag(sent.revision) }, position: sent.position.commit };
      });
    },
  });

const invite = async (
  needs: OrganizationNeeds,
  call: OrganizationCall,
  attempt: Attempt,
  at: string,
  { email, role, expiresAt: wantedEnd }: NewInvitation,
): Promise<Reply | Problem> => {
  const { organizationId: issuerOrgId } = call.caller;
  const id = encodeId('inv', aggregateId(attempt.commandId, 'invitation'));
  const emailRef = referenceOf(attempt, 'e-mail');
  const expiresAt = wantedEnd ?? fromMs(toMs(at) + openForDays * 86_400_000);
  const [user, license] = await Promise.all([findUserByEmail(needs.pool, email), needs.platformLicense(issuerOrgId)]);
  const limits = organizationLimits(license?.entitlements ?? [], at);
  const userId = user?.state === 'active' ? user.userId : null;
  const sent = await sendToOrganization(needs, call, attempt, {
    at,
    wantedOf: () => [{ type: 'InviteMember', data: { invitationId: id, emailRef, userId, role, expiresAt, limits } }],
    values: [{ ref: emailRef, issuerOrgId, holderOrgId: null, kind: 'EMAIL', subject: id, value: email }],
    view: ({ invitations }) => partOf(invitations, id),
  });
  if (isProblem(sent)) return sent;
  const token = encodeInvitationToken(needs.secrets, { organizationId: issuerOrgId, invitationId: id });
  return {
    status: 201,
    body: { invitation: invitationBody({ ...sent.view, invitationId: id, email }, true), token },
    headers: { ETag: entityTag(sent.revision) },
    position: sent.position.commit,
  };
};
