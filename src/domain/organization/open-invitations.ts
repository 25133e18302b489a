import type { Instant } from '../time.ts';
import type { CreatedOrganization, Invitation } from './organization.ts';
import { couldStillInvite } from './organization-authority.ts';

/**
 * Ends each open invitation when its sender can no longer invite with its role. It stays ended when the sender gets the
 * right back. Changes the organization in place.
 */
export const orphanInvitations = (organization: CreatedOrganization, at: Instant): void => {
  for (const [invitationId, invitation] of [...organization.invitations])
    if (isOrphaned(organization, invitation, at))
      organization.invitations.set(invitationId, { ...invitation, state: 'orphaned' });
};

/** Returns true when an invitation is open and its sender could no longer invite with its role. */
export const isOrphaned = (organization: CreatedOrganization, invitation: Invitation, at: Instant): boolean =>
  isOpen(invitation, at) && !couldStillInvite(organization, invitation, at);

/** Returns true while an invitation is open and its sender could still invite with its role. */
export const isAcceptable = (organization: CreatedOrganization, invitation: Invitation, at: Instant): boolean =>
  isOpen(invitation, at) && couldStillInvite(organization, invitation, at);

const isOpen = ({ state, expiresAt }: Invitation, at: Instant): boolean => state === 'pending' && at < expiresAt;
