import type { Pool } from 'pg';
import { reject } from '../../domain/decider.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { endSession, type RevokeReason, switchOrganization } from '../../identity/sessions.ts';
import type { Refusal } from '../refusal.ts';
import { type Access, grantAccess, membershipIn, notSignedIn, type SignInNeeds } from './open-session.ts';

/** A signed-in user in one of their sessions. */
export type InSession = { readonly userId: string; readonly sessionId: string };

/** `forget` makes this process notice at once that a session has ended; others do within 30 seconds. */
export type EndingNeeds = {
  readonly pool: Pool;
  readonly now: () => Instant;
  readonly accounts: { readonly forgetting: { readonly forget: (sessionId: string) => void } };
};

/**
 * Ends a session of a user. Returns null when it is done, and refuses a session that is not theirs, or that has ended.
 */
export const endOwnSession = async (
  { pool, now, accounts }: EndingNeeds,
  { userId, sessionId }: InSession,
  reason: RevokeReason,
): Promise<Refusal | null> => {
  const isEnded = await endSession(pool, userId, { sessionId, reason, now: new Date(now()) });
  accounts.forgetting.forget(sessionId);
  return isEnded ? null : reject('NOT_FOUND', 'You have no such session, or it is over.');
};

/** Lets a session go on for another organization of its user. Returns an access token for that organization. */
export const switchSession = async (
  needs: SignInNeeds & { readonly executor: Executor },
  { userId, sessionId, actsFor }: InSession & { readonly actsFor: (organizationId: string) => void },
  organizationId: string,
): Promise<Access | Refusal> => {
  const organization = await membershipIn(needs.executor, organizationId, userId);
  if (organization === null) return reject('ORGANIZATION_NOT_FOUND', 'There is no such organization.');
  const next = { sessionId, organizationId, now: new Date(needs.now()) };
  if (!(await switchOrganization(needs.pool, userId, next))) return notSignedIn;
  actsFor(organizationId);
  return (await grantAccess(needs, { userId, sessionId, organizationId, organization })) ?? notSignedIn;
};
