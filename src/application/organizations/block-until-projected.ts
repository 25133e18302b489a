import type { Pool } from 'pg';
import { createKeyedQueue } from '../../async/keyed-queue.ts';
import { noteAccessChange } from '../../identity/access/access-changes.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { afterAppend } from '../after-append.ts';

/**
 * Blocks access to the organization until the read models reach this position, where a role, a membership, scopes or
 * the organization itself ended. Every process notices that within 2 seconds. Throws Unfinished after 10 seconds of waiting.
 */
export const blockUntilProjected = (pool: Pool, organizationId: string, position: bigint): Promise<void> =>
  // The changes of one organization lock one row.
  afterAppend(() =>
    oneAfterAnother(organizationId, () =>
      asTenant(pool, organizationId, (db) => noteAccessChange(db, organizationId, position), { readOnly: false }),
    ),
  );

const oneAfterAnother = createKeyedQueue();
