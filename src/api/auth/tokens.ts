import { encodeId } from '../../domain/ids.ts';
import { organizationAggregate } from '../../eventstore/aggregate.ts';
import type { Executor } from '../../eventstore/execute.ts';
import { newCommandId } from '../../eventstore/ids.ts';
import { type IssuedRefreshToken, openSession } from '../../identity/sessions.ts';
import { findUserByEmail, getUser } from '../../identity/users.ts';
import { type OrganizationOfUser, organizationsOfUser } from '../../projections/tables/organizations-of-user.ts';
import { keyReused } from '../idempotency.ts';
import { type Problem, problem } from '../problems.ts';
import type { Call } from '../route.ts';
import type { AuthNeeds } from './needs.ts';
import { type MemberOf, userBody } from './shapes.ts';

/** Whatever is wrong with what somebody signs in or refreshes with: there is one answer, which tells nothing. */
export const notSignedIn: Problem = {
  ...problem('UNAUTHENTICATED', 'What you sign in with is not valid, or not any more. Sign in anew.'),
  headers: { 'WWW-Authenticate': 'Bearer' },
};

/** A user who has shown the password of this hash. */
export type Proven = { readonly userId: string; readonly passwordHash: string };

/**
 * Refuses to show the stored answer to a request that was sent with another password: passwords are no part of what a
 * repeated request is recognized by.
 */
export const provePassword = async (
  { pool, accounts }: AuthNeeds,
  { email, password }: { readonly email: string; readonly password: string },
): Promise<Problem | null> => {
  const user = await findUserByEmail(pool, email);
  const hash = user?.state === 'active' ? user.passwordHash : null;
  return (await accounts.passwords.verify(hash, password)) === 'wrong' ? keyReused : null;
};

/** Opens a session for a user and answers with its tokens; null: the user may not sign in (any more), or not with that password. */
export const openSignedIn = async (
  needs: AuthNeeds,
  call: Call,
  { userId, passwordHash, organization }: Proven & { readonly organization: MemberOf | null },
): Promise<object | null> => {
  const sessionId = encodeId('ses', newCommandId());
  const organizationId = organization?.id ?? null;
  const opened = await openSession(needs.pool, {
    ...{ sessionId, userId, passwordHash, organizationId, userAgent: call.headers['user-agent'] ?? null },
    refreshTokenSeconds: needs.accounts.refreshTokenSeconds,
    now: new Date(needs.now()),
  });
  return opened === null ? null : signedInBody(needs, { userId, sessionId, organizationId, organization, ...opened });
};

/** The tokens of a session as answered; null: its user is not there (any more). */
export const signedInBody = async (needs: AuthNeeds, session: Granted & IssuedRefreshToken): Promise<object | null> => {
  const access = await accessBody(needs, session);
  const { refreshToken, refreshExpiresAt } = session;
  return access === null ? null : { ...access, refreshToken, refreshExpiresAt: refreshExpiresAt.toISOString() };
};

type Granted = {
  readonly userId: string;
  readonly sessionId: string;
  /** Which organization the access token names. */
  readonly organizationId: string | null;
  /** What the user is shown of it. */
  readonly organization: MemberOf | null;
};

/** An access token of a session as answered; null: its user is not there (any more). */
export const accessBody = async (
  { pool, accounts }: AuthNeeds,
  { userId, sessionId, organizationId, organization }: Granted,
): Promise<object | null> => {
  const user = await getUser(pool, userId);
  if (user === null || user.state !== 'active') return null;
  const { token, claims } = accounts.signAccessToken({ sub: userId, tid: organizationId, sid: sessionId });
  return {
    ...{ accessToken: token, tokenType: 'Bearer', expiresInSeconds: claims.exp - claims.iat },
    user: userBody(user),
    organization,
  };
};

/** The organizations that a user belongs to and that are open, that which was joined first in front. */
export const openOrganizations = async ({ pool }: AuthNeeds, userId: string): Promise<readonly MemberOf[]> => {
  const all = await organizationsOfUser(pool, userId);
  return all.filter(({ closedAt }) => closedAt === null).map(memberOf);
};

/** What a user is to an organization, as its stream is now; null: not a member, or it is closed, or there is none. */
export const membershipIn = (executor: Executor, organizationId: string, userId: string): Promise<MemberOf | null> =>
  executor.read(organizationAggregate, organizationId, (organization) => {
    if (organization.kind === 'missing' || organization.closedAt !== null) return null;
    const member = organization.members.get(userId);
    return member === undefined ? null : { id: organizationId, name: organization.name, role: member.role };
  });

const memberOf = ({ organizationId: id, name, role }: OrganizationOfUser): MemberOf => ({ id, name, role });
