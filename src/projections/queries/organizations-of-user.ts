import type { Pool } from 'pg';
import type { Role } from '../../domain/organization/events.ts';
import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import type { Organization } from '../tables/organizations.ts';

/** An organization that a user belongs to, and as what. */
export type OrganizationOfUser = Organization & { readonly role: Role; readonly joinedAt: Instant };

/** So many of them (null: all), after the place of one of them. */
type Part = { readonly after: PlaceOfOrganization | null; readonly limit: number | null };

/** Where an organization stands among those of a user, whether or not it still is one of them. */
export type PlaceOfOrganization = Pick<OrganizationOfUser, 'organizationId' | 'joinedAt'>;

/** The organizations a user is a member of, closed ones too, in the order of joining. As ledger_api, without a tenant. */
export const organizationsOfUser = async (
  pool: Pool,
  userId: string,
  { after, limit }: Part = { after: null, limit: null },
): Promise<readonly OrganizationOfUser[]> => {
  const { rows } = await pool.query<[string, string, string, string, string | null, Role, string]>({
    name: 'organizations-of-user',
    text: `select organization_id, name, time_zone, ${epochMs('created_at')}, ${epochMs('closed_at')}, role,
      ${epochMs('joined_at')} from rm.organizations_of_user($1, $2, $3, $4)`,
    values: [userId, after?.joinedAt ?? null, after?.organizationId ?? null, limit],
    rowMode: 'array',
  });
  return rows.map(([organizationId, name, timeZone, createdAt, closedAt, role, joinedAt]) => ({
    ...{ organizationId, name, timeZone, role },
    createdAt: fromMs(Number(createdAt)),
    closedAt: closedAt === null ? null : fromMs(Number(closedAt)),
    joinedAt: fromMs(Number(joinedAt)),
  }));
};
