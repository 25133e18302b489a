import type { ClientBase, Pool } from 'pg';

/**
 * Returns true when the positions in the database are of this log. A database that never served a log takes it. As
 * ledger_api.
 */
export const isLogOfDatabase = async (db: Pool, logId: string | null): Promise<boolean> => {
  await db.query('insert into ops.served_log (log_id) values ($1) on conflict do nothing', [logId]);
  const { rows } = await db.query<{ log_id: string | null }>('select log_id from ops.served_log');
  return rows[0]?.log_id === logId;
};

/**
 * Notes that the database is about to have the positions of another log, and forgets until which position of the previous
 * log rights may have changed. The read models must be built again after it. Runs as the login that migrates.
 */
export const adoptLog = async (db: ClientBase, logId: string | null): Promise<void> => {
  await db.query('set role ledger_owner');
  await db.query('truncate identity.access_changes');
  await db.query(
    'insert into ops.served_log (log_id) values ($1) on conflict (is_only) do update set log_id = excluded.log_id',
    [logId],
  );
  await db.query('reset role');
};

/** Returns true when the positions in the database are of this log, or of none. As the login that migrates. */
export const isAdopted = async (db: ClientBase, logId: string | null): Promise<boolean> => {
  await db.query('set role ledger_owner');
  const { rows } = await db.query<{ log_id: string | null }>('select log_id from ops.served_log');
  await db.query('reset role');
  return rows[0] === undefined || rows[0].log_id === logId;
};
