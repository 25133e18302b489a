import type { Pool, PoolClient } from 'pg';
import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import { isPaused } from '../../records/sweep-pauses.ts';

/** A license with a command that is due since `dueAt`, according to its row. */
export type DueLicense = { readonly licenseId: string; readonly dueAt: Instant };

/**
 * Returns licenses of every organization with a command (src/domain/license/due.ts) that is due at or before `now`,
 * however long ago, in the order of (dueAt, licenseId), after `after`. Skips paused licenses, which a sweep could not
 * change. As ledger_worker. Takes no locks, because the stream of the license decides.
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
