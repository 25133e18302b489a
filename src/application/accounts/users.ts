import type { Pool } from 'pg';
import { reject } from '../../domain/decider.ts';
import type { Role } from '../../domain/organization/events.ts';
import { mayManageUsers } from '../../domain/organization/organization-authority.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import {
  changeDisplayName,
  deactivateUser as deactivate,
  getUser,
  type Owned,
  type User,
} from '../../identity/users.ts';
import { organizationsOfUser } from '../../projections/queries/organizations-of-user.ts';
import { ownersOf } from '../organizations/owners.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { membershipIn } from './open-session.ts';

export type UserNeeds = { readonly pool: Pool; readonly executor: Executor };

/** A signed-in user; `membership` null: a member of no organization that the access token names. */
export type SignedInUser = {
  readonly userId: string;
  readonly membership: { readonly organizationId: string; readonly role: Role } | null;
};

/** Returns a user: oneself, or as OWNER or ADMIN a member of the organization. Any other is refused as unknown. */
export const visibleUser = async (
  { pool, executor }: UserNeeds,
  { userId: callerId, membership }: SignedInUser,
  userId: string,
): Promise<User | Refusal> => {
  if (userId !== callerId) {
    if (membership === null || !mayManageUsers(membership.role)) return noSuchUser;
    if ((await membershipIn(executor, membership.organizationId, userId)) === null) return noSuchUser;
  }
  return (await getUser(pool, userId)) ?? noSuchUser;
};

/** Changes how a user is called; null: by no name. */
export const renameUser = async (
  needs: UserNeeds,
  caller: SignedInUser,
  { userId, displayName }: { readonly userId: string; readonly displayName: string | null },
): Promise<User | Refusal> => {
  const user = await visibleUser(needs, caller, userId);
  if (isRefusal(user)) return user;
  if (!(await changeDisplayName(needs.pool, userId, displayName))) return noSuchUser;
  return { ...user, displayName };
};

export type DeactivationNeeds = UserNeeds & {
  readonly now: () => Instant;
  readonly accounts: { readonly forgetting: { readonly forgetUser: (userId: string) => void } };
};

/** Deactivates the login of the caller for good. Returns null when it is done. */
export const deactivateUser = async (
  needs: DeactivationNeeds,
  caller: SignedInUser,
  userId: string,
): Promise<Refusal | null> => {
  if (userId !== caller.userId) {
    const user = await visibleUser(needs, caller, userId);
    return isRefusal(user) ? user : reject('FORBIDDEN', 'Only users themselves deactivate their login.');
  }
  const now = new Date(needs.now());
  const outcome = await deactivate(needs.pool, userId, { owned: await openOf(needs, userId), now });
  needs.accounts.forgetting.forgetUser(userId);
  if (outcome === 'last_owner') return lastOwner;
  return outcome === 'deactivated' ? null : noSuchUser;
};

/** Returns the open organizations of a user, of which some may be the user's own. */
const openOf = async ({ pool, executor }: UserNeeds, userId: string): Promise<readonly Owned[]> => {
  const all = await organizationsOfUser(pool, userId);
  const open = all.filter(({ closedAt }) => closedAt === null);
  return open.map(({ organizationId }) => ({ organizationId, ownerIds: () => ownersOf(executor, organizationId) }));
};

const noSuchUser = reject('NOT_FOUND', 'There is no such user.');

const lastOwner = reject(
  'LAST_OWNER',
  'You are the only OWNER of an organization who can sign in: make another one first, or close it.',
);
