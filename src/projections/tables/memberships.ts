import type { PoolClient } from 'pg';
import type { OrganizationEvent, Role } from '../../domain/organization/events.ts';
import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs, type Row, type Table } from './rows.ts';

/** `rm.memberships`: who is, or was, a member of an organization (db/read-models/051-memberships.sql). */
export const memberships: Table = {
  name: 'memberships',
  key: ['issuer_org_id', 'user_id'],
  columns: {
    ...{ issuer_org_id: 'text', user_id: 'text', revision: 'bigint', role: 'text', invitation_id: 'text' },
    ...{ joined_at: 'timestamptz', removed_at: 'timestamptz' },
  },
};

/** The row of a member; one who comes back has it made again. `revision` is that of the event in the organization's stream. */
export const membershipRow = (
  organizationId: string,
  { userId, role, invitationId }: Extract<OrganizationEvent, { type: 'MemberJoined' }>['data'],
  joinedAt: Instant,
  revision: bigint,
): Row => ({
  issuer_org_id: organizationId,
  user_id: userId,
  revision: `${revision}`,
  role,
  invitation_id: invitationId,
  joined_at: joinedAt,
  removed_at: null,
});

/** A member as the API shows it. `revision`: of the last event that touched the membership, in the organization's stream. */
export type MemberView = {
  readonly userId: string;
  readonly role: Role;
  readonly joinedAt: Instant;
  readonly revision: bigint;
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

/** A member of the organization; null for anybody else, and for who is one no more. For asTenant of that organization. */
export const memberById = async (db: PoolClient, orgId: string, userId: string): Promise<MemberView | null> => {
  const { rows } = await db.query<MemberRow>({
    name: 'member-by-id',
    text: `select ${memberColumns} from rm.memberships m
      where m.issuer_org_id = $1 and m.user_id = $2 and m.removed_at is null`,
    values: [orgId, userId],
  });
  return rows[0] === undefined ? null : readMember(rows[0]);
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
  readonly revision: string;
};

const memberColumns = `m.user_id, m.role, ${epochMs('m.joined_at')} as joined_ms, m.revision`;

const readMember = ({ user_id: userId, role, joined_ms, revision }: MemberRow): MemberView => ({
  userId,
  role,
  joinedAt: fromMs(Number(joined_ms)),
  revision: BigInt(revision),
});
