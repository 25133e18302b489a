import type { OrganizationEvent } from '../../domain/organization/events.ts';
import type { Instant } from '../../domain/time.ts';
import type { Row, Table } from './rows.ts';

/** `rm.memberships`: who is, or was, a member of an organization (db/read-models/051-memberships.sql). */
export const memberships: Table = {
  name: 'memberships',
  key: ['issuer_org_id', 'user_id'],
  columns: {
    ...{ issuer_org_id: 'text', user_id: 'text', role: 'text', invitation_id: 'text' },
    ...{ joined_at: 'timestamptz', removed_at: 'timestamptz' },
  },
};

/** The row of a member; one who comes back has it made again. */
export const membershipRow = (
  organizationId: string,
  { userId, role, invitationId }: Extract<OrganizationEvent, { type: 'MemberJoined' }>['data'],
  joinedAt: Instant,
): Row => ({
  issuer_org_id: organizationId,
  user_id: userId,
  role,
  invitation_id: invitationId,
  joined_at: joinedAt,
  removed_at: null,
});
