import type { Pool, PoolClient } from 'pg';
import { asUser } from './as-user.ts';
import { holdPassword } from './lock-password.ts';
import { createRefreshToken, hashRefreshToken } from './refresh-token.ts';

/** Why a session was ended before its time. */
export type RevokeReason =
  | 'LOGOUT'
  | 'REVOKED'
  | 'PASSWORD_CHANGED'
  | 'DEACTIVATED'
  | 'REFRESH_REUSED'
  | 'TOO_MANY_SESSIONS';

/** A session that can still be refreshed. `organizationId` null: its access tokens name none. */
export type Session = {
  readonly sessionId: string;
  readonly organizationId: string | null;
  readonly userAgent: string | null;
  readonly createdAt: Date;
  /** When it was opened or last refreshed. */
  readonly lastUsedAt: Date;
  /** When it ends unless it is refreshed before. */
  readonly expiresAt: Date;
};

/** A refresh token to hand over, and when it ends. */
export type IssuedRefreshToken = { readonly refreshToken: string; readonly refreshExpiresAt: Date };

/** How long a session may be refreshed at all: 90 days. */
export const absoluteSessionMs = 90 * 86_400_000;
/** The most sessions a user has at once; one more ends that which was used longest ago. */
export const sessionsMax = 100;

const userAgentMax = 200;

/**
 * Opens a session with its first refresh token, for who has shown the password of this hash. Null: the user is not active, or
 * has another password, by now.
 */
export const openSession = (
  pool: Pool,
  session: {
    readonly sessionId: string;
    readonly userId: string;
    readonly organizationId: string | null;
    readonly passwordHash: string;
    readonly userAgent: string | null;
    readonly refreshTokenSeconds: number;
    readonly now: Date;
  },
): Promise<IssuedRefreshToken | null> =>
  asUser(pool, session.userId, async (db) => {
    const { sessionId, userId, organizationId, userAgent, now } = session;
    if (!(await holdPassword(db, userId, session.passwordHash))) return null;
    const absoluteEnd = new Date(now.getTime() + absoluteSessionMs);
    const end = refreshEnd(now, session.refreshTokenSeconds, absoluteEnd);
    await db.query({
      name: 'open-session',
      text: `insert into identity.sessions
          (session_id, user_id, organization_id, user_agent, created_at, last_used_at, expires_at, absolute_expires_at)
        values ($2, $1, $3, $4, $5, $5, $6, $7)`,
      values: [userId, sessionId, organizationId, userAgentText(userAgent), now, end, absoluteEnd],
    });
    const refreshToken = createRefreshToken();
    await addRefreshToken(db, { token: refreshToken, parentHash: null, sessionId, userId, now, end });
    await endOldest(db, userId, now);
    return { refreshToken, refreshExpiresAt: end };
  });

/** The sessions of a user that can still be refreshed, the last used first. */
export const listSessions = (pool: Pool, userId: string, now: Date): Promise<readonly Session[]> =>
  asUser(
    pool,
    userId,
    async (db) => {
      const { rows } = await db.query<[string, string | null, string | null, Date, Date, Date]>({
        name: 'list-sessions',
        text: `select session_id, organization_id, user_agent, created_at, last_used_at, expires_at from identity.sessions
          where user_id = $1 and revoked_at is null and expires_at > $2 order by last_used_at desc, session_id`,
        values: [userId, now],
        rowMode: 'array',
      });
      return rows.map(([sessionId, organizationId, userAgent, createdAt, lastUsedAt, expiresAt]) => ({
        ...{ sessionId, organizationId, userAgent, createdAt, lastUsedAt, expiresAt },
      }));
    },
    { readOnly: true },
  );

/** Ends one session of a user. False: the user has no such session that is not over. */
export const endSession = (
  pool: Pool,
  userId: string,
  { sessionId, reason, now }: { readonly sessionId: string; readonly reason: RevokeReason; readonly now: Date },
): Promise<boolean> =>
  asUser(pool, userId, async (db) => {
    const { rowCount } = await db.query({
      name: 'end-session',
      text: `update identity.sessions set revoked_at = $3, revoke_reason = $4
        where user_id = $1 and session_id = $2 and revoked_at is null and expires_at > $3`,
      values: [userId, sessionId, now, reason],
    });
    return rowCount === 1;
  });

/** Ends all sessions of a user, but for one that may be spared. Within the caller's transaction as this user. */
export const endSessions = async (
  db: PoolClient,
  userId: string,
  {
    exceptSessionId,
    reason,
    now,
  }: { readonly exceptSessionId: string | null; readonly reason: RevokeReason; readonly now: Date },
): Promise<void> => {
  await db.query({
    name: 'end-sessions',
    text: `update identity.sessions set revoked_at = $3, revoke_reason = $4
      where user_id = $1 and session_id is distinct from $2 and revoked_at is null`,
    values: [userId, exceptSessionId, now, reason],
  });
};

/**
 * Lets the session go on for another organization, null: for none: the access tokens it gives from now on name that. Its
 * refresh token stays as it is. False: there is no such session that is not over.
 */
export const switchOrganization = (
  pool: Pool,
  userId: string,
  {
    sessionId,
    organizationId,
    now,
  }: { readonly sessionId: string; readonly organizationId: string | null; readonly now: Date },
): Promise<boolean> =>
  asUser(pool, userId, async (db) => {
    const { rowCount } = await db.query({
      name: 'switch-organization',
      text: `update identity.sessions set organization_id = $3
        where user_id = $1 and session_id = $2 and revoked_at is null and expires_at > $4`,
      values: [userId, sessionId, organizationId, now],
    });
    return rowCount === 1;
  });

/** When a refresh token given now ends: never after its session does. */
export const refreshEnd = (now: Date, refreshTokenSeconds: number, absoluteEnd: Date): Date =>
  new Date(Math.min(now.getTime() + refreshTokenSeconds * 1_000, absoluteEnd.getTime()));

/** Stores a refresh token, by its hash. Within the caller's transaction as its user. */
export const addRefreshToken = async (
  db: PoolClient,
  token: {
    readonly token: string;
    readonly parentHash: Buffer | null;
    readonly sessionId: string;
    readonly userId: string;
    readonly now: Date;
    readonly end: Date;
  },
): Promise<void> => {
  await db.query({
    name: 'add-refresh-token',
    text: `insert into identity.refresh_tokens (token_hash, session_id, user_id, parent_hash, created_at, expires_at)
      values ($1, $2, $3, $4, $5, $6)`,
    values: [hashRefreshToken(token.token), token.sessionId, token.userId, token.parentHash, token.now, token.end],
  });
};

const endOldest = async (db: PoolClient, userId: string, now: Date): Promise<void> => {
  await db.query({
    name: 'end-oldest-sessions',
    text: `update identity.sessions set revoked_at = $2, revoke_reason = 'TOO_MANY_SESSIONS' where session_id in (
      select session_id from identity.sessions where user_id = $1 and revoked_at is null and expires_at > $2
      order by last_used_at desc, session_id offset $3)`,
    values: [userId, now, sessionsMax],
  });
};

/** Cut to what is kept, by characters as Postgres counts them, without what it cannot store. */
const userAgentText = (userAgent: string | null): string | null =>
  userAgent === null ? null : [...userAgent.replaceAll(/[\0\p{Surrogate}]/gu, '')].slice(0, userAgentMax).join('');
