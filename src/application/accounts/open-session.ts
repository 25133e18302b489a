import type { Pool } from 'pg';
import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { reject } from '../../domain/decider.ts';
import { encodeId } from '../../domain/ids.ts';
import type { Role } from '../../domain/organization/events.ts';
import type { Instant } from '../../domain/time.ts';
import { keyReused } from '../../eventstore/executor/decide-batch.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { newCommandId } from '../../eventstore/uuids.ts';
import type { AccessTokens } from '../../identity/access-token.ts';
import { createDeviceToken, type KnownDevice } from '../../identity/devices/login-devices.ts';
import type { Passwords } from '../../identity/passwords.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { type IssuedRefreshToken, openSession } from '../../identity/sessions.ts';
import { findUserByEmail, getUser, type User, type UserByEmail } from '../../identity/users.ts';
import { type OrganizationOfUser, organizationsOfUser } from '../../projections/queries/organizations-of-user.ts';
import type { Refusal } from '../refusal.ts';

/** The needs of signing in with a password. */
export type SignInNeeds = TokenNeeds & {
  readonly accounts: { readonly passwords: Passwords };
};

/** The needs of giving a session its tokens. */
export type TokenNeeds = {
  readonly pool: Pool;
  readonly now: () => Instant;
  readonly secrets: Secrets;
  readonly accounts: {
    readonly signAccessToken: AccessTokens['signAccessToken'];
    readonly refreshTokenSeconds: number;
  };
};

/** Makes this process refuse the access tokens of a user at once. Other processes do so within two seconds. */
export type ForgettingNeeds = {
  readonly accounts: { readonly forgetting: { readonly forgetUser: (userId: string) => void } };
};

/** The refusal of all invalid credentials. Invalid and expired ones get the same answer, which reveals nothing. */
export const notSignedIn = reject(
  'UNAUTHENTICATED',
  'The address, the password or the token is wrong or has expired. Try again, or sign in again.',
);

/** A user with a correct password, which matched this hash. `email`: the address that led to the user, if one did. */
export type Proven = { readonly userId: string; readonly passwordHash: string; readonly email?: string };

/** An organization with the role of one of its members. */
export type MemberOf = { readonly id: string; readonly name: string; readonly role: Role };

/** An access token of a user for an organization. A null organization stands for none. */
export type Access = {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  readonly user: User;
  readonly organization: MemberOf | null;
};

/** The tokens of a session. */
export type SignedIn = Access & IssuedRefreshToken;

/** The tokens of a new session. The client sends the device token at its next login. */
export type SignedInOnDevice = SignedIn & { readonly deviceToken: string };

/** The address and the password that a user signs in with. */
export type SignInCredentials = { readonly email: string; readonly password: string };

/**
 * Returns the active user of an address and a password. Returns null for an unknown user and for a wrong password,
 * after the same time. `isOutdated` is true when the password must be hashed again, with the current cost.
 */
export const checkPassword = async (
  { pool, accounts }: SignInNeeds,
  { email, password }: SignInCredentials,
): Promise<{ readonly user: UserByEmail; readonly isOutdated: boolean } | null> => {
  const user = await findUserByEmail(pool, email);
  const isActive = user?.state === 'active';
  const checked = await accounts.passwords.verify(isActive ? user.passwordHash : null, password);
  return !isActive || checked === 'wrong' ? null : { user, isOutdated: checked === 'right_but_outdated' };
};

/**
 * Refuses to return the stored answer when the repeated request has another password. Passwords do not recognize a
 * repeated request.
 */
export const provePassword = async (needs: SignInNeeds, credentials: SignInCredentials): Promise<Refusal | null> =>
  (await checkPassword(needs, credentials)) === null ? keyReused : null;

/** Opens a session for a user. Returns null when the user may no longer sign in, or the password has changed. */
export const openSignedIn = async (
  needs: SignInNeeds,
  { userId, passwordHash, email, organization, userAgent, device = null }: SessionRequest,
): Promise<SignedInOnDevice | null> => {
  const sessionId = encodeId('ses', newCommandId());
  const organizationId = organization?.id ?? null;
  const opened = await openSession(needs.pool, {
    sessionId,
    userId,
    passwordHash,
    email,
    organizationId,
    userAgent,
    refreshTokenSeconds: needs.accounts.refreshTokenSeconds,
    device: { known: device, fresh: createDeviceToken(needs.secrets) },
    secrets: needs.secrets,
    now: new Date(needs.now()),
  });
  if (opened === null) return null;
  const session = await signedIn(needs, { userId, sessionId, organizationId, organization, ...opened });
  return session === null ? null : { ...session, deviceToken: opened.deviceToken };
};

type SessionRequest = Proven & {
  readonly organization: MemberOf | null;
  /** The User-Agent of the client. */
  readonly userAgent: string | null;
  /** The device that the login presented a valid token of. Absent: none. */
  readonly device?: KnownDevice | null;
};

/** Returns the tokens of a session, or null when its user no longer exists. */
export const signedIn = async (needs: TokenNeeds, session: Granted & IssuedRefreshToken): Promise<SignedIn | null> => {
  const access = await grantAccess(needs, session);
  const { refreshToken, refreshExpiresAt } = session;
  return access === null ? null : { ...access, refreshToken, refreshExpiresAt };
};

type Granted = {
  readonly userId: string;
  readonly sessionId: string;
  /** The organization that the access token names. */
  readonly organizationId: string | null;
  /** The part of the organization that the user sees. */
  readonly organization: MemberOf | null;
};

/** Returns an access token of a session, or null when its user no longer exists. */
export const grantAccess = async (
  { pool, accounts }: TokenNeeds,
  { userId, sessionId, organizationId, organization }: Granted,
): Promise<Access | null> => {
  const user = await getUser(pool, userId);
  if (user === null || user.state !== 'active') return null;
  const { token, claims } = accounts.signAccessToken({ sub: userId, tid: organizationId, sid: sessionId });
  return { accessToken: token, expiresInSeconds: claims.exp - claims.iat, user, organization };
};

/** Returns the open organizations that a user belongs to, in the order of joining. */
export const openOrganizations = async (
  { pool }: Pick<SignInNeeds, 'pool'>,
  userId: string,
): Promise<readonly MemberOf[]> => {
  const all = await organizationsOfUser(pool, userId);
  return all.filter(({ closedAt }) => closedAt === null).map(memberOf);
};

/**
 * Returns the membership of a user by the current state of the organization. Returns null for other users, and for an
 * organization that is closed or does not exist.
 */
export const membershipIn = (executor: Executor, organizationId: string, userId: string): Promise<MemberOf | null> =>
  executor.read(organizationAggregate, organizationId, (organization) => {
    if (organization.kind === 'missing' || organization.closedAt !== null) return null;
    const member = organization.members.get(userId);
    return member === undefined ? null : { id: organizationId, name: organization.name, role: member.role };
  });

const memberOf = ({ organizationId: id, name, role }: OrganizationOfUser): MemberOf => ({ id, name, role });
