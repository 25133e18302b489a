import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import type { Role } from '../domain/organization/events.ts';
import { type AccessState, readWhenCurrent, type UntilProjected } from './access-changes.ts';
import type { AccessClaims, AccessTokens } from './access-token.ts';

/** The user of an access token. */
export type UserIdentity = {
  readonly kind: 'user';
  readonly userId: string;
  readonly sessionId: string;
  /** Null when the token names no organization, the user is no member of it, or it was closed. */
  readonly membership: { readonly organizationId: string; readonly role: Role } | null;
  /** True when the membership is null because the read models do not have it yet. */
  readonly isBehind: boolean;
};

/**
 * Returns the user of an access token, `expired` for a token that was valid and has expired, or null for any other
 * text. `afresh` ignores what is cached.
 */
export type AuthenticateUser = (token: string, how?: 'afresh') => Promise<UserIdentity | 'expired' | null>;

/**
 * Checks access tokens. The process that ends a session or user calls `forget` or `forgetUser`, so it notices at once.
 */
export type UserAuthentication = {
  readonly authenticate: AuthenticateUser;
  /** Drops a session from the cache, after it ended or switched its organization. */
  readonly forget: (sessionId: string) => void;
  /** Drops a user from the cache, after a deactivation or the end of all sessions. */
  readonly forgetUser: (userId: string) => void;
};

type Needs = {
  readonly pool: Pool;
  readonly verifyAccessToken: AccessTokens['verifyAccessToken'];
  readonly nowMs: () => number;
  /** Returns elapsed milliseconds for the cache. They do not follow changes of the clock. */
  readonly elapsedMs?: () => number;
  readonly untilProjected: UntilProjected;
};

type Remembered = {
  readonly identity: UserIdentity;
  /** The end of the cache entry, as `elapsedMs` counts. */
  readonly untilMs: number;
  /** The end of the token, as `nowMs` counts. */
  readonly expiresMs: number;
};

const cachedMsMax = 30_000;
const cachedTokensMax = 10_000;

/**
 * Checks access tokens against users, sessions and memberships, in one query. A positive answer is cached for 30
 * seconds, and never beyond the token's end. So another process may notice an ended session, a deactivated user, a
 * removed member, a changed role or a closed organization 30 seconds late. Tokens themselves are not cached.
 */
export const createAuthenticateUser = ({
  pool,
  verifyAccessToken,
  nowMs,
  elapsedMs = () => performance.now(),
  untilProjected,
}: Needs): UserAuthentication => {
  const cached = new LRUCache<string, Remembered>({ max: cachedTokensMax });
  // Counts calls of forget. A query that began before such a call does not fill the cache again.
  let forgotten = 0;
  const forgetWhere = (matches: (identity: UserIdentity) => boolean) => {
    forgotten += 1;
    for (const [jti, { identity }] of [...cached]) if (matches(identity)) cached.delete(jti);
  };

  const authenticate: AuthenticateUser = async (token, how) => {
    // Runs at every request and has its own cache. A token ends when its key is removed.
    const claims = await verifyAccessToken(token);
    if (claims === null || claims === 'expired') return claims;
    const hit = cached.get(claims.jti);
    if (hit !== undefined && how !== 'afresh' && elapsedMs() < hit.untilMs && nowMs() < hit.expiresMs)
      return hit.identity;
    cached.delete(claims.jti);

    const forgottenBefore = forgotten;
    const startedMs = elapsedMs();
    const identity = identityOf(claims, await readWhenCurrent(() => readRow(pool, claims), untilProjected));
    // A missing membership is not cached, because it may be projected at any moment.
    const isComplete = identity !== null && (identity.membership !== null || claims.tid === null);
    if (isComplete && forgotten === forgottenBefore)
      cached.set(claims.jti, { identity, untilMs: startedMs + cachedMsMax, expiresMs: claims.exp * 1_000 });
    return identity;
  };

  return {
    authenticate,
    forget: (sessionId) => forgetWhere((identity) => identity.sessionId === sessionId),
    forgetUser: (userId) => forgetWhere((identity) => identity.userId === userId),
  };
};

type Row = AccessState & { readonly not_before_ms: string | null; readonly role: Role | null };

const readRow = async (pool: Pool, { sub, tid, sid }: AccessClaims): Promise<Row | undefined> => {
  const { rows } = await pool.query<Row>({
    name: 'identity-authenticate-user',
    text: 'select not_before_ms, role, is_behind, behind_at from identity.authenticate_user($1, $2, $3)',
    values: [sub, sid, tid],
  });
  return rows[0];
};

const identityOf = ({ sub, tid, sid, iat }: AccessClaims, row: Row | undefined): UserIdentity | null => {
  // Tokens have whole seconds. Those of the same second pass here, but their sessions have ended.
  if (row === undefined || iat < Math.floor(Number(row.not_before_ms ?? 0) / 1_000)) return null;
  const membership = tid === null || row.role === null ? null : { organizationId: tid, role: row.role };
  return { kind: 'user', userId: sub, sessionId: sid, membership, isBehind: row.is_behind };
};
