import type { PoolClient } from 'pg';
import type { OrganizationEvent, Role } from '../../domain/organization/events.ts';
import type { Instant } from '../../domain/time.ts';
import { columnsFor, joined, noInstantYet, rowMaker, typesOf, type View, viewOf } from './columns.ts';
import type { Table } from './rows.ts';

/** What the row of a member is made of. */
type Joining = {
  readonly organizationId: string;
  readonly data: Extract<OrganizationEvent, { type: 'MemberJoined' }>['data'];
  readonly joinedAt: Instant;
};

const column = columnsFor<Joining>();
const columns = {
  issuer_org_id: column('text', ({ organizationId }) => organizationId),
  user_id: column('text', ({ data }) => data.userId, 'userId'),
  role: column('text', ({ data }) => data.role, 'role'),
  invitation_id: column('text', ({ data }) => data.invitationId),
  joined_at: column('timestamptz', ({ joinedAt }) => joinedAt, 'joinedAt'),
  removed_at: column('timestamptz', noInstantYet),
};

/** `rm.memberships`: the present and former members of an organization (db/read-models/051-memberships.sql). */
export const memberships = {
  name: 'memberships',
  key: ['issuer_org_id', 'user_id'],
  columns: typesOf(columns),
} satisfies Table;

/** Returns the row of a member. A member who joins again gets a new row. */
export const membershipRow = rowMaker(columns);

const createdBy = joined<string | null>('text', 'i.invited_by');
const label = joined<string | null>('text', 'b.label');
const view = viewOf('m', columns, { createdBy, label });
const revision = joined<bigint>('bigint', 'o.revision');
const viewWithRevision = viewOf('m', columns, { createdBy, label, revision });
const joins = `left join rm.invitations i on i.issuer_org_id = m.issuer_org_id and i.invitation_id = m.invitation_id
      left join identity.member_labels b on b.issuer_org_id = m.issuer_org_id and b.user_id = m.user_id
        and b.invitation_id = coalesce(m.invitation_id, '')`;

/**
 * A member of an organization. `createdBy`: who invited; null: the member is the founder, or the program invited.
 * `label`: what the organization calls the member. The names and addresses of members are in `identity`.
 */
export type MemberView = View<typeof columns, { readonly createdBy: typeof createdBy; readonly label: typeof label }>;

/** Returns a page of the present members of an organization, newest first. For asTenant of that organization. */
export const listMembers = async (
  db: PoolClient,
  { orgId, limit, after, role }: Listing,
): Promise<readonly MemberView[]> => {
  const { rows } = await db.query<unknown[]>({
    name: 'list-members',
    text: `select ${view.select} from rm.memberships m ${joins}
      where m.issuer_org_id = $1 and m.removed_at is null and ($4::text is null or m.role = $4)
        and ($3::text is null or (m.joined_at, m.user_id) <
          (select c.joined_at, c.user_id from rm.memberships c where c.issuer_org_id = $1 and c.user_id = $3))
      order by m.joined_at desc, m.user_id desc limit $2`,
    values: [orgId, limit, after, role ?? null],
    rowMode: 'array',
  });
  return rows.map(view.read);
};

/**
 * Returns a present member of the tenant of `db`, with the revision of its organization. Returns null when the user is no
 * member.
 */
export const memberById = async (
  db: PoolClient,
  orgId: string,
  userId: string,
): Promise<(MemberView & { readonly revision: bigint }) | null> => {
  const { rows } = await db.query<unknown[]>({
    name: 'member-by-id',
    text: `select ${viewWithRevision.select}
      from rm.memberships m join rm.organizations o on o.organization_id = m.issuer_org_id ${joins}
      where m.issuer_org_id = $1 and m.user_id = $2 and m.removed_at is null`,
    values: [orgId, userId],
    rowMode: 'array',
  });
  return rows[0] === undefined ? null : viewWithRevision.read(rows[0]);
};

type Listing = {
  readonly orgId: string;
  /** The greatest number of rows. Request one more than a page shows, to know whether there is a next page. */
  readonly limit: number;
  /** The last user of the previous page; null: the first page. */
  readonly after: string | null;
  readonly role?: Role | undefined;
};
