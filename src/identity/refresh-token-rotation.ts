import type { Pool, PoolClient } from 'pg';
import { asUser } from './as-user.ts';
import { hashRefreshToken, isRefreshToken, refreshTokenHashes, successorsOf } from './refresh-token.ts';
import type { Secrets } from './secrets.ts';
import { addRefreshToken, type IssuedRefreshToken, refreshEnd } from './sessions.ts';

/** How long after its use a token may be presented again, because the answer was lost: 10 seconds. */
export const refreshGraceMs = 10_000;

type Needs = {
  readonly pool: Pool;
  readonly secrets: Secrets;
  readonly refreshTokenSeconds: number;
  readonly now: () => Date;
};

/**
 * The result of a refresh. `refreshed` has the token's only successor. `reused` means that the token was used before,
 * so somebody may have stolen it: its session has ended with all tokens.
 */
export type Refreshed =
  | ({
      readonly outcome: 'refreshed';
      readonly userId: string;
      readonly sessionId: string;
      readonly organizationId: string | null;
    } & IssuedRefreshToken)
  | { readonly outcome: 'reused'; readonly userId: string; readonly sessionId: string };

/**
 * Exchanges a refresh token for its successor. Concurrent calls get the same successor. Within 10 seconds of its first
 * use a token gets it again, as long as the successor is unused. Returns null for a token that is not valid.
 */
export const exchangeRefreshToken = async (needs: Needs, token: string): Promise<Refreshed | null> => {
  const presented = await findToken(needs, token);
  return presented === null ? null : asUser(needs.pool, presented.userId, (db) => rotate(db, needs, presented));
};

/**
 * Returns the session that a refresh token was made for, also when the token was used or has expired. Returns null for
 * other text.
 */
export const sessionOfRefreshToken = async (
  needs: Pick<Needs, 'pool' | 'secrets'>,
  token: string,
): Promise<{ readonly userId: string; readonly sessionId: string } | null> => {
  const presented = await findToken(needs, token);
  if (presented === null) return null;
  const { userId, hash } = presented;
  return asUser(needs.pool, userId, async (db) => {
    const { rows } = await db.query<[string]>({
      name: 'session-of-refresh-token',
      text: 'select session_id from identity.refresh_tokens where token_hash = $1',
      values: [hash],
      rowMode: 'array',
    });
    const [row] = rows;
    return row === undefined ? null : { userId, sessionId: row[0] };
  });
};

const findToken = async (
  { pool, secrets }: Pick<Needs, 'pool' | 'secrets'>,
  token: string,
): Promise<Presented | null> => {
  if (!isRefreshToken(token)) return null;
  const { rows } = await pool.query<[string, Buffer]>({
    name: 'refresh-token-among',
    text: 'select user_id, token_hash from identity.refresh_token_among($1)',
    values: [refreshTokenHashes(secrets, token)],
    rowMode: 'array',
  });
  const [row] = rows;
  if (row === undefined) return null;
  const [userId, hash] = row;
  return { token, hash, userId };
};

type Presented = { readonly token: string; readonly hash: Buffer; readonly userId: string };

const rotate = async (db: PoolClient, needs: Needs, presented: Presented): Promise<Refreshed | null> => {
  const session = await lockSession(db, presented);
  const now = needs.now();
  if (session === null || now >= session.absoluteEnd) return null;
  const { userId } = presented;
  const { sessionId, organizationId, absoluteEnd } = session;

  const [refreshToken = ''] = successorsOf(needs.secrets, presented.token);
  const successorHash = hashRefreshToken(needs.secrets, refreshToken);
  const used = await db.query({
    name: 'use-refresh-token',
    text: `update identity.refresh_tokens set used_at = $2, successor_hash = $3
      where token_hash = $1 and used_at is null and expires_at > $2`,
    values: [presented.hash, now, successorHash],
  });
  if (used.rowCount === 1) {
    const end = refreshEnd(now, needs.refreshTokenSeconds, absoluteEnd);
    await addRefreshToken(db, { hash: successorHash, parentHash: presented.hash, sessionId, userId, now, end });
    await db.query({
      name: 'prolong-session',
      text: 'update identity.sessions set last_used_at = $2, expires_at = $3 where session_id = $1',
      values: [sessionId, now, end],
    });
    return { outcome: 'refreshed', userId, sessionId, organizationId, refreshToken, refreshExpiresAt: end };
  }

  const earlier = await loadUse(db, presented.hash);
  // An unused token that has expired.
  if (earlier === null) return null;
  const isInGrace = now.getTime() - earlier.usedAt.getTime() <= refreshGraceMs;
  const again = successorsOf(needs.secrets, presented.token).find((successor) =>
    refreshTokenHashes(needs.secrets, successor).some((hash) => hash.equals(earlier.successorHash)),
  );
  if (isInGrace && !earlier.isSuccessorUsed && again !== undefined) {
    const refreshExpiresAt = earlier.successorEnd;
    return { outcome: 'refreshed', userId, sessionId, organizationId, refreshToken: again, refreshExpiresAt };
  }
  await db.query({
    name: 'end-reused-session',
    text: `update identity.sessions set revoked_at = $2, revoke_reason = 'REFRESH_REUSED' where session_id = $1`,
    values: [sessionId, now],
  });
  return { outcome: 'reused', userId, sessionId };
};

/**
 * Returns and locks the token's session, so that its tokens take turns. Returns null when it ended or its user is not
 * active.
 */
const lockSession = async (db: PoolClient, { hash, userId }: Presented) => {
  const { rows } = await db.query<[string, string | null, Date]>({
    name: 'lock-session',
    text: `select s.session_id, s.organization_id, s.absolute_expires_at
      from identity.sessions s join identity.users u on u.user_id = s.user_id
      where s.session_id = (select t.session_id from identity.refresh_tokens t where t.token_hash = $1)
        and s.user_id = $2 and s.revoked_at is null and u.state = 'active'
      for update of s`,
    values: [hash, userId],
    rowMode: 'array',
  });
  const [row] = rows;
  if (row === undefined) return null;
  const [sessionId, organizationId, absoluteEnd] = row;
  return { sessionId, organizationId, absoluteEnd };
};

/** Returns when the token was used and the state of its successor, or null for an unused token. */
const loadUse = async (db: PoolClient, hash: Buffer) => {
  const { rows } = await db.query<[Date, Buffer, boolean, Date]>({
    name: 'load-refresh-token-use',
    text: `select t.used_at, t.successor_hash, s.used_at is not null, s.expires_at
      from identity.refresh_tokens t join identity.refresh_tokens s on s.token_hash = t.successor_hash
      where t.token_hash = $1`,
    values: [hash],
    rowMode: 'array',
  });
  const [row] = rows;
  if (row === undefined) return null;
  const [usedAt, successorHash, isSuccessorUsed, successorEnd] = row;
  return { usedAt, successorHash, isSuccessorUsed, successorEnd };
};
