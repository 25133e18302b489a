import type { At } from '../decider.ts';
import type { OrganizationEvent } from './events.ts';
import { orphanInvitations } from './open-invitations.ts';
import { evolveParts, type Organization } from './organization.ts';

/** The events that take rights from a member or an API key. */
export const takesRights: ReadonlySet<OrganizationEvent['type']> = new Set([
  'MemberRoleChanged',
  'MemberRemoved',
  'ApiKeyScopesChanged',
  'ApiKeyProductsChanged',
  'ApiKeyRevoked',
]);

/**
 * Returns the organization after one more event. Rights that the event takes end the open invitations that need them.
 * Never throws. Takes ownership of `organization` and changes it in place.
 */
export const evolve = (organization: Organization, event: OrganizationEvent, at: At): Organization => {
  const next = evolveParts(organization, event, at);
  if (next.kind === 'created' && takesRights.has(event.type)) orphanInvitations(next, at.recordedAt);
  return next;
};
