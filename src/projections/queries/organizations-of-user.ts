import type { Pool } from 'pg';
import type { LogAccess, Role } from '../../domain/organization/events.ts';
import type { Instant } from '../../domain/time.ts';
import { joined, viewOf } from '../tables/columns.ts';
import { type Organization, profileColumns } from '../tables/organizations.ts';

/** An organization that a user belongs to, with the role of the user. */
export type OrganizationOfUser = Omit<Organization, keyof LogAccess> & {
  readonly role: Role;
  readonly joinedAt: Instant;
};

/** `limit`: the greatest number of organizations; null: all. */
type Part = { readonly after: PlaceOfOrganization | null; readonly limit: number | null };

/** The place of an organization in the list of a user, also when the list no longer contains it. */
export type PlaceOfOrganization = Pick<OrganizationOfUser, 'organizationId' | 'joinedAt'>;

/**
 * Returns the organizations of a user, including closed ones, in the order of joining. As ledger_api, without a tenant.
 */
export const organizationsOfUser = async (
  pool: Pool,
  userId: string,
  { after, limit }: Part = { after: null, limit: null },
): Promise<readonly OrganizationOfUser[]> => {
  const { rows } = await pool.query<unknown[]>({
    name: 'organizations-of-user',
    text: `select ${view.select} from rm.organizations_of_user($1, $2, $3, $4) o`,
    values: [userId, after?.joinedAt ?? null, after?.organizationId ?? null, limit],
    rowMode: 'array',
  });
  return rows.map(view.read);
};

const view = viewOf('o', profileColumns, {
  role: joined<Role>('text', 'o.role'),
  joinedAt: joined<Instant>('timestamptz', 'o.joined_at'),
});
