import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import type { Role } from '../domain/organization/events.ts';
import { onceCurrent, type Standing, type UntilProjected } from './access-changes.ts';
import type { AccessClaims, AccessTokens } from './access-token.ts';

/** Whose access token a request carries. */
export type UserIdentity = {
  readonly kind: 'user';
  readonly userId: string;
  readonly sessionId: string;
  /** Null: the token names no organization, or the user is not a member of it (any more), or it was closed. */
  readonly membership: { readonly organizationId: string; readonly role: Role } | null;
  /** True where the membership is null because it cannot be read yet. */
  readonly isBehind: boolean;
};

/** Who an access token belongs to; `expired` for one that was good but for its time; null for anything else. `afresh`: whatever is remembered of it. */
export type AuthenticateUser = (token: string, how?: 'afresh') => Promise<UserIdentity | 'expired' | null>;

/** What checks access tokens, and forgets at once what this process knows to be over. */
export type UserAuthentication = {
  readonly authenticate: AuthenticateUser;
  /** Looks a session up anew at its next request: it was ended, or goes on for another organization. */
  readonly forget: (sessionId: string) => void;
  /** Looks a user up anew at the next request: they were deactivated, or their sessions ended. */
  readonly forgetUser: (userId: string) => void;
};

type Needs = {
  readonly pool: Pool;
  readonly verifyAccessToken: AccessTokens['verifyAccessToken'];
  readonly nowMs: () => number;
  /** Measures how long something is remembered: a clock that nobody sets. */
  readonly elapsedMs?: () => number;
  readonly untilProjected: UntilProjected;
};

type Remembered = {
  readonly identity: UserIdentity;
  /** By the clock that nobody sets. */
  readonly untilMs: number;
  /** When the token ends, by the other one. */
  readonly expiresMs: number;
};

const cachedMsMax = 30_000;
const cachedTokensMax = 10_000;

/**
 * Checks access tokens against users, sessions and memberships, in one round trip. A good answer is remembered for 30
 * seconds, never beyond the token's end: that is how long an ended session, a deactivated user, a removed member, another
 * role or a closed organization may go unnoticed by another process. No token is kept in memory.
 */
export const createAuthenticateUser = ({
  pool,
  verifyAccessToken,
  nowMs,
  elapsedMs = () => performance.now(),
  untilProjected,
}: Needs): UserAuthentication => {
  const cached = new LRUCache<string, Remembered>({ max: cachedTokensMax });
  // Counts what was forgotten, so that a look-up which began before does not bring it back.
  let forgotten = 0;
  const forgetWhere = (matches: (identity: UserIdentity) => boolean) => {
    forgotten += 1;
    for (const [jti, { identity }] of [...cached]) if (matches(identity)) cached.delete(jti);
  };

  const authenticate: AuthenticateUser = async (token, how) => {
    // Each time, as it remembers tokens itself: one whose key was removed ends with it.
    const claims = await verifyAccessToken(token);
    if (claims === null || claims === 'expired') return claims;
    const hit = cached.get(claims.jti);
    if (hit !== undefined && how !== 'afresh' && elapsedMs() < hit.untilMs && nowMs() < hit.expiresMs)
      return hit.identity;
    cached.delete(claims.jti);

    const forgottenBefore = forgotten;
    const beganMs = elapsedMs();
    const identity = identityOf(claims, await onceCurrent(() => lookUp(pool, claims), untilProjected));
    // A membership that is not there may be any moment, when it is projected.
    const isWhole = identity !== null && (identity.membership !== null || claims.tid === null);
    if (isWhole && forgotten === forgottenBefore)
      cached.set(claims.jti, { identity, untilMs: beganMs + cachedMsMax, expiresMs: claims.exp * 1_000 });
    return identity;
  };

  return {
    authenticate,
    forget: (sessionId) => forgetWhere((identity) => identity.sessionId === sessionId),
    forgetUser: (userId) => forgetWhere((identity) => identity.userId === userId),
  };
};

type Row = Standing & { readonly not_before_ms: string | null; readonly role: Role | null };

const lookUp = async (pool: Pool, { sub, tid, sid }: AccessClaims): Promise<Row | undefined> => {
  const { rows } = await pool.query<Row>({
    name: 'identity-authenticate-user',
    text: 'select not_before_ms, role, is_behind, behind_at from identity.authenticate_user($1, $2, $3)',
    values: [sub, sid, tid],
  });
  return rows[0];
};

const identityOf = ({ sub, tid, sid, iat }: AccessClaims, row: Row | undefined): UserIdentity | null => {
  // Tokens are stamped in whole seconds: those of the same second pass here, and their sessions were ended anyway.
  if (row === undefined || iat < Math.floor(Number(row.not_before_ms ?? 0) / 1_000)) return null;
  const membership = tid === null || row.role === null ? null : { organizationId: tid, role: row.role };
  return { kind: 'user', userId: sub, sessionId: sid, membership, isBehind: row.is_behind };
};
