import type { Pool } from 'pg';
import { reject } from '../../domain/decider.ts';
import type { Instant } from '../../domain/time.ts';
import { sessionOfRefreshToken } from '../../identity/refresh-token-rotation.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { endSession as end, type RevokeReason } from '../../identity/sessions.ts';
import type { Refusal } from '../refusal.ts';

/** A signed-in user in one of their sessions. */
export type UserSession = { readonly userId: string; readonly sessionId: string };

/** `forget` makes this process refuse the session immediately. Other processes do so within 2 seconds. */
export type EndSessionNeeds = {
  readonly pool: Pool;
  readonly now: () => Instant;
  readonly accounts: { readonly forgetting: { readonly forget: (sessionId: string) => void } };
};

/**
 * Ends a session of a user. Returns null on success, and refuses a session that belongs to another user or has ended.
 */
export const endSession = async (
  { pool, now, accounts }: EndSessionNeeds,
  { userId, sessionId }: UserSession,
  reason: RevokeReason,
): Promise<Refusal | null> => {
  const isEnded = await end(pool, userId, { sessionId, reason, now: new Date(now()) });
  accounts.forgetting.forget(sessionId);
  return isEnded ? null : reject('NOT_FOUND', 'You have no such session, or it has ended.');
};

/** Ends the session of a refresh token. An unknown token and a token of an ended session change nothing. */
export const endSessionOfToken = async (
  needs: EndSessionNeeds & { readonly secrets: Secrets },
  token: string,
): Promise<void> => {
  const session = await sessionOfRefreshToken(needs, token);
  if (session !== null) await endSession(needs, session, 'LOGOUT');
};
