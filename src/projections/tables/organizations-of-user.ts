import type { Pool } from 'pg';
import type { Role } from '../../domain/organization/events.ts';
import { fromMs, type Instant } from '../../domain/time.ts';
import type { Organization } from './organizations.ts';
import { epochMs } from './rows.ts';

/** An organization that a user belongs to, and as what. */
export type OrganizationOfUser = Organization & { readonly role: Role; readonly joinedAt: Instant };

/** The organizations a user is a member of, closed ones too, in the order of joining. As ledger_api, without a tenant. */
export const organizationsOfUser = async (pool: Pool, userId: string): Promise<readonly OrganizationOfUser[]> => {
  const { rows } = await pool.query<[string, string, string, string, string | null, Role, string]>({
    name: 'organizations-of-user',
    text: `select organization_id, name, time_zone, ${epochMs('created_at')}, ${epochMs('closed_at')}, role,
      ${epochMs('joined_at')} from rm.organizations_of_user($1)`,
    values: [userId],
    rowMode: 'array',
  });
  return rows.map(([organizationId, name, timeZone, createdAt, closedAt, role, joinedAt]) => ({
    ...{ organizationId, name, timeZone, role },
    createdAt: fromMs(Number(createdAt)),
    closedAt: closedAt === null ? null : fromMs(Number(closedAt)),
    joinedAt: fromMs(Number(joinedAt)),
  }));
};
