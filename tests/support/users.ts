import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { encodeId } from '../../src/domain/ids.ts';
import { createRefreshToken } from '../../src/identity/refresh-token.ts';
import { openSession } from '../../src/identity/sessions.ts';
import { activateUser, reserveUser } from '../../src/identity/sign-up.ts';

/** The instant that identity's tests begin at. */
export const start = new Date('2027-01-31T12:00:00.000Z');

/** A user as `reserveUser` takes one, of a command of its own. */
export const newUser = (email: string, now = start) => {
  const commandId = randomUUID();
  return {
    ...{ userId: encodeId('usr', commandId), email, passwordHash: `hash of ${email}`, displayName: null },
    ...{ commandId, now },
  };
};

/** An active user. */
export const createUser = async (pool: Pool, email = `${randomUUID()}@vendor.example`) => {
  const user = newUser(email);
  await reserveUser(pool, user);
  await activateUser(pool, user);
  return user;
};

/** A session of a user, open since `now`. */
export const openTestSession = async (
  pool: Pool,
  userId: string,
  { now = start, organizationId = null }: { readonly now?: Date; readonly organizationId?: string | null } = {},
) => {
  const sessionId = encodeId('ses', randomUUID());
  const opened = await openSession(pool, {
    ...{ sessionId, userId, organizationId, userAgent: 'curl/8', refreshTokenSeconds: 604_800, now },
  });
  return {
    sessionId,
    refreshToken: opened?.refreshToken ?? createRefreshToken(),
    refreshExpiresAt: opened?.refreshExpiresAt,
  };
};

/** So many milliseconds after `start`. */
export const later = (milliseconds: number): Date => new Date(start.getTime() + milliseconds);
