import { reject } from '../../domain/decider.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { switchOrganization } from '../../identity/sessions.ts';
import type { Refusal } from '../refusal.ts';
import type { UserSession } from './end-session.ts';
import { type Access, grantAccess, membershipIn, notSignedIn, type TokenNeeds } from './open-session.ts';

/** The session to switch. `actsFor` notes the organization for the log line of the request. */
export type SwitchRequest = UserSession & { readonly actsFor: (organizationId: string) => void };

/** Switches a session to another organization of its user. Returns an access token for that organization. */
export const switchSession = async (
  needs: TokenNeeds & { readonly executor: Executor },
  { userId, sessionId, actsFor }: SwitchRequest,
  organizationId: string,
): Promise<Access | Refusal> => {
  const organization = await membershipIn(needs.executor, organizationId, userId);
  if (organization === null) return reject('ORGANIZATION_NOT_FOUND', 'There is no such organization.');
  const next = { sessionId, organizationId, now: new Date(needs.now()) };
  if (!(await switchOrganization(needs.pool, userId, next))) return notSignedIn;
  actsFor(organizationId);
  return (await grantAccess(needs, { userId, sessionId, organizationId, organization })) ?? notSignedIn;
};
