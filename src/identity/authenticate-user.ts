import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import type { Role } from '../domain/organization/events.ts';
import { type AccessState, readWhenCurrent, type UntilProjected } from './access/access-changes.ts';
import { type AccessNotices, subjectsOf } from './access/access-notices.ts';
import type { AccessClaims, AccessTokens } from './access-token.ts';
import { createCredentialReads } from './credential-reads.ts';

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

type Needs = {
  readonly pool: Pool;
  readonly verifyAccessToken: AccessTokens['verifyAccessToken'];
  readonly nowMs: () => number;
  /** Returns elapsed milliseconds for the cache, like the clock of `notices`. They do not follow changes of the clock. */
  readonly elapsedMs?: () => number;
  readonly notices: Pick<AccessNotices, 'isCurrent'>;
  readonly untilProjected: UntilProjected;
};

type Remembered = {
  readonly identity: UserIdentity;
  /** When its rights were read, as `elapsedMs` counts. */
  readonly readMs: number;
  /** The end of the token, as `nowMs` counts. */
  readonly expiresMs: number;
};

const cachedTokensMax = 10_000;

/**
 * Checks access tokens against users, sessions and memberships, in one query. A positive answer is cached while
 * `notices` says that it counts, and never beyond the token's end. The cache knows a token by the hash of its whole
 * text. Requests that come during a read share it.
 */
export const createAuthenticateUser = ({
  pool,
  verifyAccessToken,
  nowMs,
  elapsedMs = () => performance.now(),
  notices,
  untilProjected,
}: Needs): AuthenticateUser => {
  const cached = new LRUCache<string, Remembered>({ max: cachedTokensMax });
  const isCurrent = ({ identity, readMs, expiresMs }: Remembered): boolean => {
    const { userId, sessionId, membership } = identity;
    const organizationId = membership?.organizationId ?? null;
    const subjects = subjectsOf({ kind: 'user', userId, sessionId, organizationId });
    return nowMs() < expiresMs && notices.isCurrent(readMs, subjects);
  };

  const readOnce = createCredentialReads<UserIdentity | null>();

  return async (token, how) => {
    // Runs at every request and has its own cache. A token ends when its key is removed.
    const claims = await verifyAccessToken(token);
    if (claims === null || claims === 'expired') return claims;
    const digest = createHash('sha256').update(token).digest('base64');
    // A missing membership is not cached, because it may be projected at any moment.
    const isComplete = (identity: UserIdentity | null): identity is UserIdentity =>
      identity !== null && (identity.membership !== null || claims.tid === null);
    const readNow = async () => {
      cached.delete(digest);
      const readMs = elapsedMs();
      const identity = identityOf(claims, await readWhenCurrent(() => readRow(pool, claims), untilProjected));
      if (isComplete(identity)) cached.set(digest, { identity, readMs, expiresMs: claims.exp * 1_000 });
      return identity;
    };
    if (how === 'afresh') return readNow();
    const remembered = () => {
      const hit = cached.get(digest);
      return hit !== undefined && isCurrent(hit) ? hit.identity : null;
    };
    return readOnce(digest, { remembered, read: readNow, isPositive: isComplete });
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
