import type { Pool } from 'pg';
import { type Rejection, reject } from '../../domain/decider.ts';
import type { Instant } from '../../domain/time.ts';
import { isPasswordFresh, notePasswordProof } from '../../identity/access/password-proof.ts';
import { findUserByEmail, getUser } from '../../identity/users.ts';
import type { Refusal } from '../refusal.ts';
import type { UserSession } from './end-session.ts';
import { notSignedIn, type SignInNeeds } from './open-session.ts';

/** Notes in the session that the user has presented the password. Returns null on success. */
export const confirmPassword = async (
  { pool, now, accounts }: SignInNeeds,
  { userId, sessionId }: UserSession,
  password: string,
): Promise<Refusal | null> => {
  const user = await getUser(pool, userId);
  const passwordHash = user === null ? null : ((await findUserByEmail(pool, user.email))?.passwordHash ?? null);
  if ((await accounts.passwords.verify(passwordHash, password)) === 'wrong' || passwordHash === null)
    return wrongPassword;
  const outcome = await notePasswordProof(pool, { userId, sessionId, passwordHash, now: new Date(now()) });
  if (outcome === 'ended') return notSignedIn;
  return outcome === 'wrong' ? wrongPassword : null;
};

/**
 * Refuses what cannot be undone unless the password was presented in this session within the last five minutes, by a
 * login or a confirmation. So a stolen token alone is not enough.
 */
export const refuseWithoutPassword = async (
  { pool, now }: { readonly pool: Pool; readonly now: () => Instant },
  { userId, sessionId }: UserSession,
): Promise<Rejection<'PASSWORD_REQUIRED'> | null> =>
  (await isPasswordFresh(pool, { userId, sessionId, now: new Date(now()) })) ? null : passwordRequired;

const passwordRequired = reject(
  'PASSWORD_REQUIRED',
  'This needs the password of the last 5 minutes. Send it to POST /v1/auth/password/confirm, then repeat the request.',
);

const wrongPassword = reject('FORBIDDEN', 'This is not your password.', 'password');
