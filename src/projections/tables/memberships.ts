import type { PoolClient } from 'pg';
import type { OrganizationEvent, Role } from '../../domain/organization/events.ts';
import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
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

/** Who is a member of an organization, and since when. Names and addresses are in identity. */
export type MemberView = {
  readonly userId: string;
  readonly role: Role;
  readonly joinedAt: Instant;
};

/** Who is a member of an organization now, newest first, after the given one. For asTenant of that organization. */
export const listMembers = async (
  db: PoolClient,
  { orgId, limit, after, role }: Listing,
): Promise<readonly MemberView[]> => {
  const { rows } = await db.query<MemberRow>({
    name: 'list-members',
    text: `select ${memberColumns} from rm.memberships m
      where m.issuer_org_id = $1 and m.removed_at is null and ($4::text is null or m.role = $4)
        and ($3::text is null or (m.joined_at, m.user_id) <
          (select c.joined_at, c.user_id from rm.memberships c where c.issuer_org_id = $1 and c.user_id = $3))
      order by m.joined_at desc, m.user_id desc limit $2`,
    values: [orgId, limit, after, role ?? null],
  });
  return rows.map(readMember);
};

type Listing = {
  readonly orgId: string;
  /** Rows at most; ask for one more than is shown to know whether there is a next page. */
  readonly limit: number;
  /** The last user of the page before; null: from the newest. */
  readonly after: string | null;
  readonly role?: Role | undefined;
};

type MemberRow = {
  readonly user_id: string;
  readonly role: Role;
  readonly joined_ms: string;
};

const memberColumns = `m.user_id, m.role, ${epochMs('m.joined_at')} as joined_ms`;

const readMember = ({ user_id: userId, role, joined_ms }: MemberRow): MemberView => ({
  userId,
  role,
  joinedAt: fromMs(Number(joined_ms)),
});
