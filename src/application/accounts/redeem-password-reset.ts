import { reject } from '../../domain/decider.ts';
import { isResetOpen, type ResetPlace, redeemReset } from '../../identity/mailed/resets.ts';
import { findUserByEmail, getUser, type User } from '../../identity/users.ts';
import type { Attempt } from '../idempotent-attempt.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import {
  type ForgettingNeeds,
  openOrganizations,
  openSignedIn,
  type Proven,
  type SignedInOnDevice,
  type SignInNeeds,
} from './open-session.ts';
import { refuseOwnAddress } from './refuse-own-address.ts';

type Needs = SignInNeeds & ForgettingNeeds;

/** The refusal of every reset that does not work: unknown, used, or expired. */
export const noReset = reject(
  'NOT_FOUND',
  'This token is unknown, was used, or has expired. Request another mail with POST /v1/auth/password-resets.',
);

/** The request of a password reset. `actsFor` notes the organization for the log line of the request. */
export type ResetRequest = {
  readonly attempt: Attempt;
  readonly userAgent: string | null;
  readonly actsFor: (organizationId: string) => void;
};

/** Returns the user of a reset that this request may use, or the refusal. */
export const userOfReset = async (
  { pool, now }: Pick<Needs, 'pool' | 'now'>,
  { commandId }: Pick<Attempt, 'commandId'>,
  place: ResetPlace,
): Promise<User | Refusal> => {
  if (!(await isResetOpen(pool, place, { commandId, now: new Date(now()) }))) return noReset;
  const user = await getUser(pool, place.userId);
  return user?.state === 'active' ? user : noReset;
};

/**
 * Sets the password by a mailed token, which also proves the address. Ends every session and opens a new one, so that the
 * reset is always a way in. The token works once.
 */
export const resetPassword = async (
  needs: Needs,
  { attempt, userAgent, actsFor }: ResetRequest,
  { place, newPassword }: { readonly place: ResetPlace; readonly newPassword: string },
): Promise<SignedInOnDevice | Refusal> => {
  const user = await userOfReset(needs, attempt, place);
  if (isRefusal(user)) return user;
  const refusal = refuseOwnAddress(newPassword, user.email, 'newPassword');
  if (refusal !== null) return refusal;
  const proven = await changeByReset(needs, attempt, { user, place, newPassword });
  if (proven === null) return noReset;
  needs.accounts.forgetting.forgetUser(user.userId);
  const [organization = null] = await openOrganizations(needs, user.userId);
  if (organization !== null) actsFor(organization.id);
  return (await openSignedIn(needs, { ...proven, organization, userAgent })) ?? noReset;
};

/** Returns the new password's hash. Returns null when the reset does not work, or was used for another password. */
const changeByReset = async (
  { pool, accounts: { passwords }, now }: Needs,
  { commandId }: Attempt,
  { user, place, newPassword }: { readonly user: User; readonly place: ResetPlace; readonly newPassword: string },
): Promise<Proven | null> => {
  const { userId } = place;
  const passwordHash = await passwords.hash(newPassword);
  const outcome = await redeemReset(pool, place, { passwordHash, commandId, now: new Date(now()) });
  if (outcome === 'reset') return { userId, passwordHash };
  if (outcome === 'ended') return null;
  const stored = await findUserByEmail(pool, user.email);
  const isSame = stored !== null && (await passwords.verify(stored.passwordHash, newPassword)) !== 'wrong';
  return isSame ? { userId, passwordHash: stored.passwordHash } : null;
};
