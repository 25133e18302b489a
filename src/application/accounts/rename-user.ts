import { changeDisplayName, type User } from '../../identity/users.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { noSuchUser, type SignedInUser, type UserNeeds, visibleUser } from './visible-user.ts';

/** Changes the display name of a user. Null removes the name. */
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
