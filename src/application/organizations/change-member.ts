import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { reject } from '../../domain/decider.ts';
import { refuseLabel } from '../../domain/organization/decide-members.ts';
import type { Role } from '../../domain/organization/events.ts';
import type { CreatedOrganization, Member } from '../../domain/organization/organization.ts';
import { userProfiles } from '../../identity/users.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { memberLabel, storeMemberLabel } from '../../records/member-labels.ts';
import { actingOf } from '../caller.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import type { UserProfile } from './list-members.ts';
import { type MemberNeeds, sendMemberCommand } from './member-command.ts';
import {
  type ChangedOrganization,
  eraseAddresses,
  type OrganizationRequest,
  sendToOrganization,
} from './send-to-organization.ts';

/** A change of a member. Undefined leaves a field as it is. A null label removes it. */
export type MemberChange = {
  readonly userId: string;
  readonly role?: Role | undefined;
  readonly label?: string | null | undefined;
};

/** A member right after a change. */
export type ChangedMember = ChangedOrganization<CreatedMember & { readonly label: string | null }> & {
  readonly profile: UserProfile;
};

/** A member, and who invited the member; null: the founder, or the program invited. */
type CreatedMember = Member & { readonly createdBy: string | null };

/** Gives a member another role, a label, or both. One OWNER who can sign in stays. */
export const changeMember = async (
  needs: MemberNeeds,
  request: OrganizationRequest,
  change: MemberChange,
): Promise<ChangedMember | Refusal> => {
  const { userId, role } = change;
  const sent =
    role === undefined ? await checkMember(needs, request, userId) : await changeRole(needs, request, userId, role);
  if (isRefusal(sent)) return sent;
  const { organizationId } = request.caller;
  await eraseAddresses(needs.pool, organizationId, sent);
  const { view: member, ...changed } = sent;
  if (member === null) return noLongerMember;
  const label = await labelAfter(needs, request, member, change);
  if (isRefusal(label)) return label;
  const profile = (await userProfiles(needs.pool, [userId])).get(userId) ?? null;
  return { ...changed, view: { ...member, ...label }, profile };
};

type Sent = ChangedOrganization<CreatedMember | null> | Refusal;

const changeRole = (needs: MemberNeeds, request: OrganizationRequest, userId: string, role: Role): Promise<Sent> =>
  sendMemberCommand(needs, request, userId, {
    commandOn: (deactivated) => ({ type: 'ChangeMemberRole', data: { userId, role, deactivated } }),
    // A repeated request may find that the member has been removed since.
    view: (organization) => memberIn(organization, userId),
  });

/** Checks on the stream that the caller may label the member now, and changes nothing. */
const checkMember = (needs: MemberNeeds, request: OrganizationRequest, userId: string): Promise<Sent> => {
  const at = needs.now();
  const about = { userId, by: actingOf(request.caller), at };
  return sendToOrganization(needs, request, {
    at,
    commandsOn: (organization) => refuseLabel(organization, about) ?? [],
    view: (organization) => memberIn(organization, userId),
  });
};

const memberIn = ({ members, invitations }: CreatedOrganization, userId: string): CreatedMember | null => {
  const member = members.get(userId);
  if (member === undefined) return null;
  return { ...member, createdBy: invitations.get(member.invitationId ?? '')?.invitedBy ?? null };
};

/** Stores the label of the change and returns the label that the member has now. */
const labelAfter = async (
  { pool, executor }: MemberNeeds,
  { caller: { organizationId } }: OrganizationRequest,
  { invitationId }: Member,
  { userId, label }: MemberChange,
): Promise<{ readonly label: string | null } | Refusal> => {
  const member = { organizationId, userId, invitationId };
  if (label === undefined) return { label: await asTenant(pool, organizationId, (db) => memberLabel(db, member)) };
  await asTenant(pool, organizationId, (db) => storeMemberLabel(db, member, label), { readOnly: false });
  // A removal at this moment may have erased the label before it was stored.
  const isMember = await executor.read(
    organizationAggregate,
    organizationId,
    (organization) => organization.kind === 'created' && organization.members.has(userId),
  );
  if (isMember) return { label };
  await asTenant(pool, organizationId, (db) => storeMemberLabel(db, member, null), { readOnly: false });
  return noLongerMember;
};

const noLongerMember = reject('NOT_FOUND', 'This user is no longer a member of the organization.');
