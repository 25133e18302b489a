import type { Pool, PoolClient } from 'pg';
import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import { isPaused } from '../../records/sweep-pauses.ts';

/** A license for which a command was due since `dueAt`, as its row says. */
export type DueLicense = { readonly licenseId: string; readonly dueAt: Instant };

/**
 * Returns licenses of every organization for which a command (src/domain/license/due.ts) was due at or before `now`, in the
 * order of (dueAt, licenseId), after `after`, however long ago. Leaves out those that a sweep could not change, for a while.
 * For `ledger_worker`. Takes no locks: the license's stream decides.
 */
export const dueLicenses = async (
  db: Pool | PoolClient,
  { now, limit, after }: { now: Instant; limit: number; after: DueLicense | null },
): Promise<readonly DueLicense[]> => {
  const { rows } = await db.query<[string, string]>({
    name: 'due-licenses',
    text: `select license_id, ${epochMs('due_at')} from rm.licenses l
      where due_at <= $1 and not ${isPaused('$1')} and ($3::timestamptz is null or (due_at, license_id) > ($3, $4))
      order by due_at, license_id limit $2`,
    values: [now, limit, after?.dueAt ?? null, after?.licenseId ?? null],
    rowMode: 'array',
  });
  return rows.map(([licenseId, dueAt]) => ({ licenseId, dueAt: fromMs(Number(dueAt)) }));
};
