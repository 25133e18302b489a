import { noteAccessChange } from '../../identity/access-changes.ts';
import { asTenant } from '../../projections/tenant.ts';
import type { OrganizationNeeds } from './needs.ts';

/**
 * Has no credential of the organization let in by read models that do not contain this position: a role, a membership, scopes
 * or the organization itself ended there. What was remembered before holds for 30 seconds at most.
 */
export const takeAway = (
  { pool }: Pick<OrganizationNeeds, 'pool'>,
  organizationId: string,
  position: bigint,
): Promise<void> =>
  asTenant(pool, organizationId, (db) => noteAccessChange(db, organizationId, position), { readOnly: false });
