import type { Pool, PoolClient } from 'pg';
import { asUser } from './as-user.ts';
import { type DeviceOfLogin, keepDevice } from './devices/login-devices.ts';
import { lockPassword } from './lock-password.ts';
import { createRefreshToken, hashRefreshToken } from './refresh-token.ts';
import type { Secrets } from './secrets.ts';

/** Why a session was ended before it expired. */
export type RevokeReason =
  | 'LOGOUT'
  | 'REVOKED'
  | 'PASSWORD_CHANGED'
  | 'DEACTIVATED'
  | 'REFRESH_REUSED'
  | 'TOO_MANY_SESSIONS'
  | 'ADDRESS_LOST';

/** A session that can be refreshed. Its access tokens name no organization when `organizationId` is null. */
export type Session = {
  readonly sessionId: string;
  readonly organizationId: string | null;
  readonly userAgent: string | null;
  readonly createdAt: Date;
  /** When the session was opened or last refreshed. */
  readonly lastUsedAt: Date;
  /** When the session ends without a further refresh. */
  readonly expiresAt: Date;
};

/** A refresh token for the client, and when it ends. */
export type IssuedRefreshToken = { readonly refreshToken: string; readonly refreshExpiresAt: Date };

/** The tokens that a new session gives to its client: a refresh token, and the token of the device. */
export type OpenedSession = IssuedRefreshToken & { readonly deviceToken: string };

/** The longest life of a session, however often it is refreshed: 90 days. */
export const absoluteSessionMs = 90 * 86_400_000;
/** The maximum number of sessions of a user. One more ends the least recently used session. */
export const sessionsMax = 100;

const userAgentMax = 200;

/**
 * Opens a session for a user who has presented the password of `passwordHash`, and returns its first tokens.
 * Returns null when the user is no longer active or the password has changed meanwhile.
 */
export const openSession = (
  pool: Pool,
  session: {
    readonly sessionId: string;
    readonly userId: string;
    readonly organizationId: string | null;
    readonly passwordHash: string;
    /** The address that the user signs in with, which the user may have lost by now; absent: none. */
    readonly email?: string | undefined;
    readonly userAgent: string | null;
    readonly refreshTokenSeconds: number;
    readonly device: DeviceOfLogin;
    readonly secrets: Secrets;
    readonly now: Date;
  },
): Promise<OpenedSession | null> =>
  asUser(pool, session.userId, async (db) => {
    const { sessionId, userId, organizationId, userAgent, now } = session;
    if (!(await lockPassword(db, userId, session.passwordHash, session.email))) return null;
    const absoluteEnd = new Date(now.getTime() + absoluteSessionMs);
    const end = refreshEnd(now, session.refreshTokenSeconds, absoluteEnd);
    await db.query({
      name: 'open-session',
      text: `insert into identity.sessions
          (session_id, user_id, organization_id, user_agent, created_at, last_used_at, expires_at, absolute_expires_at,
           password_at)
        values ($2, $1, $3, $4, $5, $5, $6, $7, $5)`,
      values: [userId, sessionId, organizationId, userAgentText(userAgent), now, end, absoluteEnd],
    });
    const refreshToken = createRefreshToken();
    const hash = hashRefreshToken(session.secrets, refreshToken);
    await addRefreshToken(db, { hash, parentHash: null, sessionId, userId, now, end });
    await endOldest(db, userId, now);
    const deviceToken = await keepDevice(db, userId, session.device, now);
    return { refreshToken, refreshExpiresAt: end, deviceToken };
  });

/** Returns the sessions of a user that can be refreshed, the most recently used first. */
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
        sessionId,
        organizationId,
        userAgent,
        createdAt,
        lastUsedAt,
        expiresAt,
      }));
    },
    { readOnly: true },
  );

/** Ends a session of a user. Returns false when the user has no such open session. */
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

/** Ends all sessions of a user except `exceptSessionId`. Runs in the caller's transaction as this user. */
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
 * Changes the organization that new access tokens of the session name; null for none. The refresh token stays valid.
 * Returns false when the user has no such open session.
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

/** Returns when a refresh token that is issued now ends: never later than its session. */
export const refreshEnd = (now: Date, refreshTokenSeconds: number, absoluteEnd: Date): Date =>
  new Date(Math.min(now.getTime() + refreshTokenSeconds * 1_000, absoluteEnd.getTime()));

/** Stores the hash of a refresh token. Runs in the caller's transaction as its user. */
export const addRefreshToken = async (
  db: PoolClient,
  token: {
    readonly hash: Buffer;
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
    values: [token.hash, token.sessionId, token.userId, token.parentHash, token.now, token.end],
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

/** Returns the first 200 characters, as Postgres counts them, without characters that Postgres cannot store. */
const userAgentText = (userAgent: string | null): string | null =>
  userAgent === null ? null : [...userAgent.replaceAll(/[\0\p{Surrogate}]/gu, '')].slice(0, userAgentMax).join('');
