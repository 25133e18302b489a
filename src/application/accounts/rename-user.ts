import { reject } from '../../domain/decider.ts';
import { changeDisplayName, type User } from '../../identity/users.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { noSuchUser, type SignedInUser, type UserNeeds, visibleUser } from './visible-user.ts';

/** Changes the display name of the caller. Null removes the name. Nobody changes the name of somebody else. */
export const renameUser = async (
  needs: UserNeeds,
  caller: SignedInUser,
  { userId, displayName }: { readonly userId: string; readonly displayName: string | null },
): Promise<User | Refusal> => {
  const user = await visibleUser(needs, caller, userId);
  if (isRefusal(user)) return user;
  if (userId !== caller.userId) return onlyOneself;
  if (!(await changeDisplayName(needs.pool, userId, displayName))) return noSuchUser;
  return { ...user, displayName };
};

const onlyOneself = reject(
  'FORBIDDEN',
  'Only the user can change this name. Give the member a label: PATCH /v1/organizations/{organizationId}/members/{userId}.',
);
