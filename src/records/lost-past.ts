import type { ClientBase } from 'pg';

/** Where a log ends. `head`: its last commit position. `lastAt`: when its last event was recorded. Null: it has none. */
export type LogEnd = { readonly head: bigint | null; readonly lastAt: Date | null };

/**
 * Removes what Postgres still has of events that the log lost, because an older one was restored. These are answers to
 * requests that came after its end, and positions behind it up to which an organization would wait. `readEnd` reads the end.
 * Positions that are noted meanwhile stay. One transaction, as the login that migrates. Returns how many answers it removed.
 */
export const forgetLostPast = async (db: ClientBase, readEnd: () => Promise<LogEnd>): Promise<number> => {
  await db.query(`begin; set local role ledger_owner; set local lock_timeout = '10s'`);
  try {
    // The owner is bound by row-level security, too, except while it is not forced. Others wait until the commit.
    for (const table of securedTables) await db.query(`alter table ${table} no force row level security`);
    const { head, lastAt } = await readEnd();
    await db.query('delete from identity.access_changes where position > $1', [`${head ?? -1n}`]);
    const { rowCount } = await db.query('delete from ops.idempotency where created_at > $1', [lastAt ?? '-infinity']);
    for (const table of securedTables) await db.query(`alter table ${table} force row level security`);
    await db.query('commit');
    return rowCount ?? 0;
  } catch (error) {
    await db.query('rollback').catch(() => undefined);
    throw error;
  }
};

const securedTables = ['identity.access_changes', 'ops.idempotency'] as const;
