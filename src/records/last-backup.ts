import type { ClientBase, Pool } from 'pg';

/** The newest complete backup. `logPosition`: the commit position that it has the log up to. */
export type LastBackup = {
  readonly backupId: string;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly version: string;
  /** Whether the log is in it. */
  readonly hasLog: boolean;
  readonly logPosition: string;
  readonly rows: number;
  readonly bytes: number;
};

/** Notes a backup, unless one that began later is noted. As ledger_owner. */
export const noteBackup = async (db: ClientBase, backup: LastBackup): Promise<void> => {
  await db.query(
    `update ops.last_backup set backup_id = $1, started_at = $2, finished_at = $3, version = $4, has_log = $5,
       log_position = $6, row_count = $7, byte_count = $8
     where started_at is null or started_at <= $2`,
    [
      backup.backupId,
      backup.startedAt,
      backup.finishedAt,
      backup.version,
      backup.hasLog,
      backup.logPosition,
      backup.rows,
      backup.bytes,
    ],
  );
};

/** Reads the newest backup. Returns null when there is none. As ledger_api or ledger_projector. */
export const readLastBackup = async (db: Pool | ClientBase): Promise<LastBackup | null> => {
  const { rows } = await db.query<LastBackup & { readonly rows: string; readonly bytes: string }>(
    `select backup_id as "backupId", started_at as "startedAt", finished_at as "finishedAt", version,
       has_log as "hasLog", log_position::text as "logPosition", row_count as rows, byte_count as bytes
     from ops.last_backup where backup_id is not null`,
  );
  const [row] = rows;
  return row === undefined ? null : { ...row, rows: Number(row.rows), bytes: Number(row.bytes) };
};
