import { type Rejection, reject } from '../decider.ts';
import { decodeId } from '../ids.ts';
import { fromMs, type Instant, isInstant, toMs } from '../time.ts';
import type { Acting, CommandOf, OrganizationDecision, OrganizationRejection } from './commands.ts';
import type { OrganizationEvent } from './events.ts';
import { isAcceptable, isOrphaned } from './open-invitations.ts';
import type { CreatedOrganization, Invitation } from './organization.ts';
import { refuseRole, senderOf, standingFor } from './organization-authority.ts';
import { endedAtOnce, fixedLimits, type OrganizationLimits } from './organization-limits.ts';

/** The days that an invitation without an explicit end is open. */
export const openForDays = 7;

/** Returns the end of an invitation without an explicit end. */
export const invitationEnd = (at: Instant): Instant => fromMs(toMs(at) + openForDays * 86_400_000);

/** Invites a person, with a role that the inviter may give. Open invitations count towards the limit of members. */
export const invite = (
  { data, by, at }: CommandOf<'InviteMember'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const { invitationId, emailRef, userId, role, expiresAt, limits } = data;
  const standing = standingFor(organization, by, 'MANAGE_ACCESS', at);
  if ('rejected' in standing) return standing;
  const refusal = refuseRole(standing, role);
  if (refusal !== null) return refusal;
  if (organization.invitations.has(invitationId)) return [];
  if (decodeId('ref', emailRef) === null)
    return reject('INVALID_REQUEST', 'An invitation names an e-mail by a reference, ref_…, never by the address.');
  if (!isInstant(expiresAt) || expiresAt <= at)
    return reject('TERM_INVALID', `An invitation must end in the future; ${expiresAt} does not.`);
  if (userId !== null && organization.members.has(userId)) return alreadyMember();
  const open = openInvitations(organization, at);
  if (open >= fixedLimits.invitations)
    return reject('QUOTA_EXCEEDED', `There are at most ${fixedLimits.invitations} open invitations. Withdraw one.`);
  if (isFull(limits, organization.members.size + open)) return full(limits);
  const invitedBy = senderOf(by);
  const invitation = { invitationId, emailRef, role, expiresAt };
  return [{ type: 'MemberInvited', data: invitedBy === null ? invitation : { ...invitation, invitedBy } }];
};

/** Withdraws an open invitation, with a role that the caller may give. Changes nothing when it is withdrawn. */
export const withdrawInvitation = (
  { data: { invitationId }, by, at }: CommandOf<'WithdrawInvitation'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'MANAGE_ACCESS', at);
  if ('rejected' in standing) return standing;
  const invitation = organization.invitations.get(invitationId);
  if (invitation === undefined || invitation.state === 'accepted') return noInvitation();
  if (invitation.state === 'withdrawn') return [];
  return refuseRole(standing, invitation.role) ?? [{ type: 'InvitationWithdrawn', data: { invitationId } }];
};

/** Makes the invited person a member. Only this person can accept. Accepting again changes nothing. */
export const acceptInvitation = (
  { data: { invitationId, userId, limits }, by, at }: CommandOf<'AcceptInvitation'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const { members, invitations, closedAt } = organization;
  if (by.type === 'API_KEY' || (by.type === 'USER' && by.userId !== userId))
    return reject('FORBIDDEN', 'Nobody can accept an invitation for somebody else.');
  const invitation = invitations.get(invitationId);
  if (invitation === undefined) return noInvitation();
  if (closedAt !== null) return reject('ORGANIZATION_CLOSED', `This organization was closed at ${closedAt}.`);
  const member = members.get(userId);
  if (member?.invitationId === invitationId) return [];
  if (!isAcceptable(organization, invitation, at)) return noInvitation();
  if (member !== undefined) return alreadyMember();
  if (isFull(limits, members.size)) return full(limits);
  return [{ type: 'MemberJoined', data: { userId, role: invitation.role, invitationId } }];
};

/**
 * Returns the open invitation for a caller who wants its token, or the refusal. The token lets its bearer join, so it is
 * for a member who could invite with this role, and never for an API key.
 */
export const invitationToHandOut = (
  organization: CreatedOrganization,
  { invitationId, by, at }: { readonly invitationId: string; readonly by: Acting; readonly at: Instant },
): Invitation | Rejection<OrganizationRejection> => {
  const standing = standingFor(organization, by, 'MANAGE_ACCESS', at);
  if ('rejected' in standing) return standing;
  if (standing.kind === 'key') return reject('FORBIDDEN', 'An API key gets no token of an invitation. Sign in.');
  const invitation = organization.invitations.get(invitationId);
  if (invitation === undefined || !isAcceptable(organization, invitation, at)) return noInvitation();
  return refuseRole(standing, invitation.role) ?? invitation;
};

/**
 * Returns the withdrawals of invitations that their senders could no longer send, at most `endedAtOnce`.
 * The rest cannot be accepted either, and is withdrawn by the next commands about access. `organization` is the state
 * after the sender was removed, got another role or scopes, or was revoked.
 */
export const withdrawOrphans = (organization: CreatedOrganization, at: Instant): readonly OrganizationEvent[] =>
  [...organization.invitations]
    .filter(([, invitation]) => invitation.state === 'orphaned' || isOrphaned(organization, invitation, at))
    .slice(0, endedAtOnce)
    .map(([invitationId]) => ({ type: 'InvitationWithdrawn', data: { invitationId } }));

const openInvitations = (organization: CreatedOrganization, at: Instant): number =>
  [...organization.invitations.values()].filter((invitation) => isAcceptable(organization, invitation, at)).length;

const isFull = ({ members }: OrganizationLimits, count: number): boolean => members !== null && count >= members;

const full = ({ members }: OrganizationLimits) =>
  reject('USER_LIMIT_EXCEEDED', `The license of this organization allows ${members} members, the invited included.`);

const alreadyMember = () => reject('ALREADY_MEMBER', 'This user is a member of the organization already.');

const noInvitation = () => reject('NOT_FOUND', 'There is no such invitation, or it has ended.');
