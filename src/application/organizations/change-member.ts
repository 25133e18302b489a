import { reject } from '../../domain/decider.ts';
import type { Role } from '../../domain/organization/events.ts';
import type { Member } from '../../domain/organization/organization.ts';
import { userProfiles, whileOwnersStay } from '../../identity/users.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { takeAway } from './block-until-projected.ts';
import { ownersOf } from './owners.ts';
import {
  type Change,
  type ChangedOrganization,
  type OrganizationCommandNeeds,
  type OrganizationRequest,
  sendToOrganization,
  type Unsent,
} from './send-to-organization.ts';

/** `forgetUser` makes this process notice at once what it has changed; others do within 30 seconds. */
export type MemberNeeds = OrganizationCommandNeeds & { readonly forgetUser: (userId: string) => void };

/** What is known of a user besides the membership; null: nothing any more. */
export type UserProfile = { readonly email: string; readonly displayName: string | null } | null;

/** A member right after a change. */
export type ChangedMember = ChangedOrganization<Member> & { readonly profile: UserProfile };

/** Gives a member another role. One OWNER who can sign in stays. */
export const changeMember = async (
  needs: MemberNeeds,
  request: OrganizationRequest,
  { userId, role }: { readonly userId: string; readonly role: Role },
): Promise<ChangedMember | Refusal> => {
  const sent = await sendAboutMember(needs, request, userId, {
    commandOn: (deactivated) => ({ type: 'ChangeMemberRole', data: { userId, role, deactivated } }),
    // Null where a repeated request finds the member gone.
    view: ({ members }) => members.get(userId) ?? null,
  });
  if (isRefusal(sent)) return sent;
  const { view: member, ...changed } = sent;
  if (member === null) return reject('NOT_FOUND', 'This user is not a member of the organization any more.');
  const profile = (await userProfiles(needs.pool, [userId])).get(userId) ?? null;
  return { ...changed, view: member, profile };
};

/** Removes a member. One OWNER who can sign in stays. */
export const removeMember = (
  needs: MemberNeeds,
  request: OrganizationRequest,
  userId: string,
): Promise<ChangedOrganization<null> | Refusal> =>
  sendAboutMember(needs, request, userId, {
    commandOn: (deactivated) => ({ type: 'RemoveMember', data: { userId, deactivated } }),
    view: () => null,
  });

type AboutMember<View> = Pick<Change<View>, 'view'> & {
  readonly commandOn: (deactivated: readonly string[]) => Unsent;
};

/** Sends a command about a member, whose role is read anew as soon as the read models contain the change. */
const sendAboutMember = async <View>(
  needs: MemberNeeds,
  request: OrganizationRequest,
  memberId: string,
  { commandOn, view }: AboutMember<View>,
): Promise<ChangedOrganization<View> | Refusal> => {
  const { organizationId } = request.caller;
  const at = needs.now();
  const owned = { organizationId, ownerIds: () => ownersOf(needs.executor, organizationId) };
  const sent = await whileOwnersStay(needs.pool, memberId, owned, (deactivated) =>
    sendToOrganization(needs, request, { at, commandsOn: () => [commandOn(deactivated)], view }),
  );
  if (isRefusal(sent)) return sent;
  await takeAway(needs.pool, organizationId, sent.position);
  request.call.onceReadable(sent.position, () => needs.forgetUser(memberId));
  return sent;
};
