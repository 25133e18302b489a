import type { PoolClient } from 'pg';
import { reject } from '../../domain/decider.ts';
import type { Instant } from '../../domain/time.ts';
import { newCommandId } from '../../eventstore/uuids.ts';
import { deactivateUser as deactivate } from '../../identity/users.ts';
import { organizationsOfUser } from '../../projections/queries/organizations-of-user.ts';
import { inTurns } from '../in-turn.ts';
import { ownersOf, ownersTurn } from '../organizations/owners.ts';
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
  const outcome = await deactivateInTurn(needs, userId, now);
  needs.accounts.forgetting.forgetUser(userId);
  if (outcome === 'last_owner') return lastOwner;
  return outcome === 'deactivated' ? null : noSuchUser;
};

/** Decides by the owners of each organization of the user, while no other change decides by them. */
const deactivateInTurn = async (
  { pool, executor }: UserNeeds,
  userId: string,
  now: Date,
): ReturnType<typeof deactivate> => {
  const all = await organizationsOfUser(pool, userId);
  const open = all.filter(({ closedAt }) => closedAt === null).map(({ organizationId }) => organizationId);
  const token = newCommandId();
  const places = open.map((organizationId) => ownersTurn(organizationId, token));
  return inTurns(pool, places, async (turns) => {
    const owners = await Promise.all(open.map((organizationId) => ownersOf(executor, organizationId)));
    const confirm = async (db: PoolClient): Promise<void> => {
      for (const turn of turns) await turn.end(db);
    };
    return deactivate(pool, userId, { owners, now, confirm });
  });
};

const onlyOneself = reject('FORBIDDEN', 'Only the user can deactivate this login. Ask the user to do it.');

const lastOwner = reject(
  'LAST_OWNER',
  'You are the only OWNER of an organization who can sign in. Make another user an OWNER first, or close the organization.',
);
