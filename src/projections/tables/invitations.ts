import type { PoolClient } from 'pg';
import type { OrganizationEvent, Role } from '../../domain/organization/events.ts';
import type { Instant } from '../../domain/time.ts';
import { columnsFor, joined, noInstantYet, notYet, rowMaker, typesOf, type View, viewOf } from './columns.ts';
import type { Table } from './rows.ts';

/** What the row of a new invitation is made of. */
type Invitation = {
  readonly organizationId: string;
  readonly data: Extract<OrganizationEvent, { type: 'MemberInvited' }>['data'];
  readonly invitedAt: Instant;
};

const column = columnsFor<Invitation>();
const columns = {
  issuer_org_id: column('text', ({ organizationId }) => organizationId),
  invitation_id: column('text', ({ data }) => data.invitationId, 'invitationId'),
  email_ref: column('text', ({ data }) => data.emailRef),
  role: column('text', ({ data }) => data.role, 'role'),
  invited_at: column('timestamptz', ({ invitedAt }) => invitedAt, 'invitedAt'),
  expires_at: column('timestamptz', ({ data }) => data.expiresAt, 'expiresAt'),
  withdrawn_at: column('timestamptz', noInstantYet),
  accepted_at: column('timestamptz', noInstantYet),
  user_id: column('text', notYet),
};

/** `rm.invitations`: the invitations of an organization and their outcomes (db/read-models/052-invitations.sql). */
export const invitations = {
  name: 'invitations',
  key: ['issuer_org_id', 'invitation_id'],
  columns: typesOf(columns),
} satisfies Table;

/** Returns the row of a new invitation. */
export const invitationRow = rowMaker(columns);

const email = joined<string | null>('text', 'v.value');
const view = viewOf('i', columns, { email });

/** An open invitation. `email` null: it was erased. */
export type InvitationView = View<typeof columns, { readonly email: typeof email }>;

/**
 * Returns a page of the invitations of an organization that are open at `now`, newest first. For asTenant of that
 * organization.
 */
export const listInvitations = async (
  db: PoolClient,
  { orgId, limit, after, role, now }: Listing,
): Promise<readonly InvitationView[]> => {
  const { rows } = await db.query<unknown[]>({
    name: 'list-invitations',
    text: `select ${view.select}
      from rm.invitations i left join vault.personal_values v on v.ref = i.email_ref
      where i.issuer_org_id = $1 and i.withdrawn_at is null and i.accepted_at is null and i.expires_at > $4
        and ($5::text is null or i.role = $5)
        and ($3::text is null or (i.invited_at, i.invitation_id) <
          (select c.invited_at, c.invitation_id from rm.invitations c
            where c.issuer_org_id = $1 and c.invitation_id = $3))
      order by i.invited_at desc, i.invitation_id desc limit $2`,
    values: [orgId, limit, after, now, role ?? null],
    rowMode: 'array',
  });
  return rows.map(view.read);
};

type Listing = {
  readonly orgId: string;
  /** The greatest number of rows. Request one more than a page shows, to know whether there is a next page. */
  readonly limit: number;
  /** The last invitation of the previous page; null: the first page. */
  readonly after: string | null;
  readonly role?: Role | undefined;
  /** Invitations must be open at this instant. */
  readonly now: Instant;
};
