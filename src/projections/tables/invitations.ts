import type { PoolClient } from 'pg';
import type { OrganizationEvent, Role } from '../../domain/organization/events.ts';
import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import type { Row, Table } from './rows.ts';

/** `rm.invitations`: whom an organization invited, and what became of it (db/read-models/052-invitations.sql). */
export const invitations: Table = {
  name: 'invitations',
  key: ['issuer_org_id', 'invitation_id'],
  columns: {
    ...{ issuer_org_id: 'text', invitation_id: 'text', email_ref: 'text', role: 'text' },
    ...{
      invited_at: 'timestamptz',
      expires_at: 'timestamptz',
      withdrawn_at: 'timestamptz',
      accepted_at: 'timestamptz',
      user_id: 'text',
    },
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

/** An invitation that nobody has answered. `email` null: it was erased. */
export type InvitationView = {
  readonly invitationId: string;
  readonly email: string | null;
  readonly role: Role;
  readonly invitedAt: Instant;
  readonly expiresAt: Instant;
};

/** The open invitations of an organization at `now`, newest first, after the given one. For asTenant of that organization. */
export const listInvitations = async (
  db: PoolClient,
  { orgId, limit, after, role, now }: Listing,
): Promise<readonly InvitationView[]> => {
  const { rows } = await db.query<InvitationRow>({
    name: 'list-invitations',
    text: `select ${invitationColumns}
      from rm.invitations i left join vault.personal_values v on v.ref = i.email_ref
      where i.issuer_org_id = $1 and i.withdrawn_at is null and i.accepted_at is null and i.expires_at > $4
        and ($5::text is null or i.role = $5)
        and ($3::text is null or (i.invited_at, i.invitation_id) <
          (select c.invited_at, c.invitation_id from rm.invitations c
            where c.issuer_org_id = $1 and c.invitation_id = $3))
      order by i.invited_at desc, i.invitation_id desc limit $2`,
    values: [orgId, limit, after, now, role ?? null],
  });
  return rows.map(readInvitation);
};

type Listing = {
  readonly orgId: string;
  /** Rows at most; ask for one more than is shown to know whether there is a next page. */
  readonly limit: number;
  /** The last invitation of the page before; null: from the newest. */
  readonly after: string | null;
  readonly role?: Role | undefined;
  /** The instant at which it must be open. */
  readonly now: Instant;
};

type InvitationRow = {
  readonly invitation_id: string;
  readonly email: string | null;
  readonly role: Role;
  readonly invited_ms: string;
  readonly expires_ms: string;
};

const invitationColumns = `i.invitation_id, v.value as email, i.role, ${epochMs('i.invited_at')} as invited_ms,
  ${epochMs('i.expires_at')} as expires_ms`;

const readInvitation = (row: InvitationRow): InvitationView => ({
  invitationId: row.invitation_id,
  email: row.email,
  role: row.role,
  invitedAt: fromMs(Number(row.invited_ms)),
  expiresAt: fromMs(Number(row.expires_ms)),
});
