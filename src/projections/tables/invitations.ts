import type { OrganizationEvent } from '../../domain/organization/events.ts';
import type { Instant } from '../../domain/time.ts';
import type { Row, Table } from './rows.ts';

/** `rm.invitations`: whom an organization invited, and what became of it (db/read-models/052-invitations.sql). */
export const invitations: Table = {
  name: 'invitations',
  key: ['issuer_org_id', 'invitation_id'],
  columns: {
    ...{ issuer_org_id: 'text', invitation_id: 'text', email_ref: 'text', role: 'text', invited_at: 'timestamptz' },
    ...{ expires_at: 'timestamptz', withdrawn_at: 'timestamptz', accepted_at: 'timestamptz', user_id: 'text' },
  },
};

/** The row of a new invitation. */
export const invitationRow = (
  organizationId: string,
  invitation: Extract<OrganizationEvent, { type: 'MemberInvited' }>['data'],
  invitedAt: Instant,
): Row => ({
  issuer_org_id: organizationId,
  invitation_id: invitation.invitationId,
  email_ref: invitation.emailRef,
  role: invitation.role,
  invited_at: invitedAt,
  expires_at: invitation.expiresAt,
  withdrawn_at: null,
  accepted_at: null,
  user_id: null,
});
