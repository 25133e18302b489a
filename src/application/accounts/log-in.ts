import type { KnownDevice } from '../../identity/devices/login-devices.ts';
import { rehashPassword, type UserByEmail } from '../../identity/users.ts';
import type { Refusal } from '../refusal.ts';
import {
  checkPassword,
  notSignedIn,
  openOrganizations,
  openSignedIn,
  type SignedInOnDevice,
  type SignInNeeds,
} from './open-session.ts';

/**
 * The credentials of a login. Without `organizationId` the session is for the open organization that was joined first.
 */
export type Login = {
  readonly email: string;
  readonly password: string;
  readonly organizationId?: string | undefined;
};

/** The client of a login. `device` is the one that it presented a valid token of. `actsFor` notes the organization for the log line of the request. */
export type LoginRequest = {
  readonly userAgent: string | null;
  readonly device: KnownDevice | null;
  readonly actsFor: (organizationId: string) => void;
};

/** Opens a session. An unknown user gets the same refusal after the same time. */
export const logIn = async (
  needs: SignInNeeds,
  request: LoginRequest,
  login: Login,
): Promise<SignedInOnDevice | Refusal> =>
  // Null means that the password changed after its check, or that another login has just replaced its hash.
  (await tryToLogIn(needs, request, login)) ?? (await tryToLogIn(needs, request, login)) ?? notSignedIn;

/** Returns null when the correct password has been replaced since its check. */
const tryToLogIn = async (
  needs: SignInNeeds,
  { userAgent, device, actsFor }: LoginRequest,
  login: Login,
): Promise<SignedInOnDevice | Refusal | null> => {
  const checked = await checkPassword(needs, login);
  if (checked === null) return notSignedIn;
  const { user, isOutdated } = checked;
  const passwordHash = isOutdated ? await strengthen(needs, user, login.password) : user.passwordHash;
  const { userId } = user;
  const organizations = await openOrganizations(needs, userId);
  const named = login.organizationId;
  const organization = named === undefined ? organizations[0] : organizations.find(({ id }) => id === named);
  if (named !== undefined && organization === undefined) return notSignedIn;
  if (organization !== undefined) actsFor(organization.id);
  const { email } = login;
  return openSignedIn(needs, { userId, passwordHash, email, organization: organization ?? null, userAgent, device });
};

const strengthen = async ({ pool, accounts }: SignInNeeds, user: UserByEmail, password: string): Promise<string> => {
  const strongerHash = await accounts.passwords.hash(password);
  return (await rehashPassword(pool, user, strongerHash)) ? strongerHash : user.passwordHash;
};
