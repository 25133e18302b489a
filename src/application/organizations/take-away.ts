import type { Pool } from 'pg';
import { noteAccessChange } from '../../identity/access-changes.ts';
import { asTenant } from '../../postgres/tenant.ts';

/**
 * Blocks access to the organization until the read models reach this position: a role, a membership, scopes or the
 * organization itself ended there. What was remembered before holds for 30 seconds at most.
 */
export const takeAway = (pool: Pool, organizationId: string, position: bigint): Promise<void> =>
  asTenant(pool, organizationId, (db) => noteAccessChange(db, organizationId, position), { readOnly: false });
