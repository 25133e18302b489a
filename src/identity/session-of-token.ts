import type { Pool } from 'pg';
import { asUser } from './as-user.ts';
import { isRefreshToken, refreshTokenHashes } from './refresh-token.ts';
import type { Secrets } from './secrets.ts';

/**
 * Returns the session that a refresh token was made for, also when the token was used or has expired. Returns null for
 * other text.
 */
export const sessionOfRefreshToken = async (
  pool: Pool,
  secrets: Secrets,
  token: string,
): Promise<{ readonly userId: string; readonly sessionId: string } | null> => {
  if (!isRefreshToken(token)) return null;
  const among = await pool.query<[string, Buffer]>({
    name: 'refresh-token-among',
    text: 'select user_id, token_hash from identity.refresh_token_among($1)',
    values: [refreshTokenHashes(secrets, token)],
    rowMode: 'array',
  });
  const [owner] = among.rows;
  if (owner === undefined) return null;
  const [userId, hash] = owner;
  return asUser(pool, userId, async (db) => {
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
