import type { Pool } from 'pg';
import { reject } from '../../domain/decider.ts';
import type { Role } from '../../domain/organization/events.ts';
import { mayManageUsers } from '../../domain/organization/organization-authority.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { getUser, type User } from '../../identity/users.ts';
import type { Refusal } from '../refusal.ts';
import { membershipIn } from './open-session.ts';

export type UserNeeds = { readonly pool: Pool; readonly executor: Executor };

/** A signed-in user. `membership` is null when the access token names no organization that the user belongs to. */
export type SignedInUser = {
  readonly userId: string;
  readonly membership: { readonly organizationId: string; readonly role: Role } | null;
};

/** The refusal of a user that the caller may not see, or that does not exist. */
export const noSuchUser = reject('NOT_FOUND', 'There is no such user.');

/** Returns a user whom the caller may see: oneself, or as OWNER or ADMIN a member of the organization. */
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
