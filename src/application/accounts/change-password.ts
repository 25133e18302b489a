import { reject } from '../../domain/decider.ts';
import { keyReused } from '../../eventstore/executor/decide-batch.ts';
import { findUserByEmail, getUser, changePassword as replacePassword } from '../../identity/users.ts';
import type { Refusal } from '../refusal.ts';
import type { UserSession } from './end-session.ts';
import { type ForgettingNeeds, notSignedIn, type SignInNeeds } from './open-session.ts';
import { refuseOwnAddress } from './refuse-own-address.ts';

export type PasswordNeeds = SignInNeeds & ForgettingNeeds;

/** Changes the password of a user and ends all other sessions. Returns null on success. */
export const changePassword = async (
  needs: PasswordNeeds,
  { userId, sessionId }: UserSession,
  { currentPassword, newPassword }: { readonly currentPassword: string; readonly newPassword: string },
): Promise<Refusal | null> => {
  const { pool, accounts } = needs;
  const { passwords, forgetting } = accounts;
  const user = await getUser(pool, userId);
  if (user === null) return notSignedIn;
  const from = await currentHash(needs, userId);
  if ((await passwords.verify(from, currentPassword)) === 'wrong' || from === null) return wrongPassword;
  const refusal = refuseOwnAddress(newPassword, user.email, 'newPassword');
  if (refusal !== null) return refusal;
  const passwordHash = await passwords.hash(newPassword);
  const now = new Date(needs.now());
  const outcome = await replacePassword(pool, userId, { from, passwordHash, sessionId, now });
  if (outcome === 'ended') return notSignedIn;
  if (outcome === 'wrong') return wrongPassword;
  forgetting.forgetUser(userId);
  return null;
};

/** Refuses to return the stored answer when the repeated request has another new password than the first one. */
export const proveChange = async (needs: SignInNeeds, userId: string, newPassword: string): Promise<Refusal | null> => {
  const from = await currentHash(needs, userId);
  return (await needs.accounts.passwords.verify(from, newPassword)) === 'wrong' ? keyReused : null;
};

const currentHash = async ({ pool }: SignInNeeds, userId: string): Promise<string | null> => {
  const user = await getUser(pool, userId);
  return user === null ? null : ((await findUserByEmail(pool, user.email))?.passwordHash ?? null);
};

const wrongPassword = reject('FORBIDDEN', 'This is not your current password.', 'currentPassword');
