import type { Pool } from 'pg';
import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { reject } from '../../domain/decider.ts';
import { encodeId } from '../../domain/ids.ts';
import type { Role } from '../../domain/organization/events.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { newCommandId } from '../../eventstore/ids.ts';
import type { AccessTokens } from '../../identity/access-token.ts';
import type { Passwords } from '../../identity/passwords.ts';
import { type IssuedRefreshToken, openSession } from '../../identity/sessions.ts';
import { findUserByEmail, getUser, type User } from '../../identity/users.ts';
import { type OrganizationOfUser, organizationsOfUser } from '../../projections/queries/organizations-of-user.ts';
import { keyReused } from '../attempt.ts';
import type { Refusal } from '../refusal.ts';

/** What signing in needs. */
export type SignInNeeds = {
  readonly pool: Pool;
  readonly now: () => Instant;
  readonly accounts: {
    readonly passwords: Passwords;
    readonly signAccessToken: AccessTokens['signAccessToken'];
    readonly refreshTokenSeconds: number;
  };
};

/** Whatever is wrong with what somebody signs in or refreshes with: there is one answer, which tells nothing. */
export const notSignedIn = reject(
  'UNAUTHENTICATED',
  'What you sign in with is not valid, or not any more. Sign in anew.',
);

/** A user who has shown the password of this hash. */
export type Proven = { readonly userId: string; readonly passwordHash: string };

/** An organization as one of its members sees it. */
export type MemberOf = { readonly id: string; readonly name: string; readonly role: Role };

/** An access token of a user for an organization; null: for none. */
export type Access = {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  readonly user: User;
  readonly organization: MemberOf | null;
};

/** The tokens of a session. */
export type SignedIn = Access & IssuedRefreshToken;

/**
 * Refuses to show the stored answer to a request that was sent with another password: passwords are no part of what a
 * repeated request is recognized by.
 */
export const provePassword = async (
  { pool, accounts }: SignInNeeds,
  { email, password }: { readonly email: string; readonly password: string },
): Promise<Refusal | null> => {
  const user = await findUserByEmail(pool, email);
  const hash = user?.state === 'active' ? user.passwordHash : null;
  return (await accounts.passwords.verify(hash, password)) === 'wrong' ? keyReused : null;
};

/** Opens a session for a user. Returns null when the user may no longer sign in, or not with that password. */
export const openSignedIn = async (
  needs: SignInNeeds,
  { userId, passwordHash, organization, userAgent }: SessionRequest,
): Promise<SignedIn | null> => {
  const sessionId = encodeId('ses', newCommandId());
  const organizationId = organization?.id ?? null;
  const opened = await openSession(needs.pool, {
    ...{ sessionId, userId, passwordHash, organizationId, userAgent },
    refreshTokenSeconds: needs.accounts.refreshTokenSeconds,
    now: new Date(needs.now()),
  });
  return opened === null ? null : signedIn(needs, { userId, sessionId, organizationId, organization, ...opened });
};

type SessionRequest = Proven & {
  readonly organization: MemberOf | null;
  /** What the user signs in with, as it calls itself. */
  readonly userAgent: string | null;
};

/** Returns the tokens of a session. Returns null when its user is no longer there. */
export const signedIn = async (needs: SignInNeeds, session: Granted & IssuedRefreshToken): Promise<SignedIn | null> => {
  const access = await grantAccess(needs, session);
  const { refreshToken, refreshExpiresAt } = session;
  return access === null ? null : { ...access, refreshToken, refreshExpiresAt };
};

type Granted = {
  readonly userId: string;
  readonly sessionId: string;
  /** The organization that the access token names. */
  readonly organizationId: string | null;
  /** What the user is shown of it. */
  readonly organization: MemberOf | null;
};

/** Returns an access token of a session. Returns null when its user is no longer there. */
export const grantAccess = async (
  { pool, accounts }: SignInNeeds,
  { userId, sessionId, organizationId, organization }: Granted,
): Promise<Access | null> => {
  const user = await getUser(pool, userId);
  if (user === null || user.state !== 'active') return null;
  const { token, claims } = accounts.signAccessToken({ sub: userId, tid: organizationId, sid: sessionId });
  return { accessToken: token, expiresInSeconds: claims.exp - claims.iat, user, organization };
};

/** Returns the open organizations that a user belongs to, the one that was joined first in front. */
export const openOrganizations = async (
  { pool }: Pick<SignInNeeds, 'pool'>,
  userId: string,
): Promise<readonly MemberOf[]> => {
  const all = await organizationsOfUser(pool, userId);
  return all.filter(({ closedAt }) => closedAt === null).map(memberOf);
};

/**
 * Returns what a user is to an organization, as its stream is now. Returns null for one who is no member, and when the
 * organization is closed or does not exist.
 */
export const membershipIn = (executor: Executor, organizationId: string, userId: string): Promise<MemberOf | null> =>
  executor.read(organizationAggregate, organizationId, (organization) => {
    if (organization.kind === 'missing' || organization.closedAt !== null) return null;
    const member = organization.members.get(userId);
    return member === undefined ? null : { id: organizationId, name: organization.name, role: member.role };
  });

const memberOf = ({ organizationId: id, name, role }: OrganizationOfUser): MemberOf => ({ id, name, role });
