import { reject } from '../../domain/decider.ts';
import type { Instant } from '../../domain/time.ts';
import { deactivateUser as deactivate, type Owned } from '../../identity/users.ts';
import { organizationsOfUser } from '../../projections/queries/organizations-of-user.ts';
import { ownersOf } from '../organizations/owners.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { refuseWithoutPassword } from './confirm-password.ts';
import type { UserSession } from './end-session.ts';
import { noSuchUser, type SignedInUser, type UserNeeds, visibleUser } from './visible-user.ts';

/** `forgetUser` makes this process refuse the user's access tokens now. Other processes do so within 2 seconds. */
export type DeactivationNeeds = UserNeeds & {
  readonly now: () => Instant;
  readonly accounts: { readonly forgetting: { readonly forgetUser: (userId: string) => void } };
};

/**
 * Deactivates the login of the caller for good. The caller must have presented the password within the last five
 * minutes. Returns null on success.
 */
export const deactivateUser = async (
  needs: DeactivationNeeds,
  caller: SignedInUser & UserSession,
  userId: string,
): Promise<Refusal | null> => {
  if (userId !== caller.userId) {
    const user = await visibleUser(needs, caller, userId);
    return isRefusal(user) ? user : onlyOneself;
  }
  const unproven = await refuseWithoutPassword(needs, caller);
  if (unproven !== null) return unproven;
  const now = new Date(needs.now());
  const outcome = await deactivate(needs.pool, userId, { owned: await openOrganizationsOf(needs, userId), now });
  needs.accounts.forgetting.forgetUser(userId);
  if (outcome === 'last_owner') return lastOwner;
  return outcome === 'deactivated' ? null : noSuchUser;
};

/** Returns the open organizations of a user with what reads their owners. */
const openOrganizationsOf = async ({ pool, executor }: UserNeeds, userId: string): Promise<readonly Owned[]> => {
  const all = await organizationsOfUser(pool, userId);
  const open = all.filter(({ closedAt }) => closedAt === null);
  return open.map(({ organizationId }) => ({ organizationId, ownerIds: () => ownersOf(executor, organizationId) }));
};

const onlyOneself = reject('FORBIDDEN', 'Only the user can deactivate this login. Ask the user to do it.');

const lastOwner = reject(
  'LAST_OWNER',
  'You are the only OWNER of an organization who can sign in. Make another user an OWNER first, or close the organization.',
);
