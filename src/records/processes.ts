import type { Pool } from 'pg';

// ops.secret_holders lists processes, too, and stays a table of its own. Only ledger_owner may write it, so no process of
// the API decides which secret may sign. A process has its row there before it may start. In a rolling upgrade both
// releases must see it.

/** What a process says about itself: the status of its health, or that it stops. */
export const processStatuses = ['ok', 'degraded', 'failing', 'stopping'] as const;

/** A sign of life of a process. `roles` is in the order of the command line. `faults`: the parts that are not ok. */
export type SignOfLife = {
  readonly processId: string;
  readonly roles: readonly string[];
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly release: number;
  readonly startedAt: Date;
  readonly status: (typeof processStatuses)[number];
  readonly faults: readonly object[];
  /** Whether its projector works or can take over. Null without the role projector. */
  readonly projects: boolean | null;
};

/** A process is silent without a sign of life in this time: four were missing. */
export const silentSeconds = 60;

/** Writes the sign of life of a process, and removes the rows of processes that were last seen an hour ago. As ledger_api. */
export const noteSignOfLife = async (db: Pool, sign: SignOfLife): Promise<void> => {
  await db.query({
    name: 'note-sign-of-life',
    text: `insert into ops.processes
        (process_id, roles, host, pid, version, release, started_at, seen_at, status, faults, projects)
      values ($1, $2, $3, $4, $5, $6, $7, clock_timestamp(), $8, $9, $10)
      on conflict (process_id) do update set seen_at = clock_timestamp(), status = $8, faults = $9, projects = $10`,
    values: [
      sign.processId,
      sign.roles,
      sign.host,
      sign.pid,
      sign.version,
      sign.release,
      sign.startedAt,
      sign.status,
      JSON.stringify(sign.faults),
      sign.projects,
    ],
  });
  await db.query({
    name: 'forget-silent-processes',
    text: `delete from ops.processes where seen_at < clock_timestamp() - interval '1 hour'`,
  });
};

/** Removes the row of a process that stops. As ledger_api. */
export const removeProcess = async (db: Pool, processId: string): Promise<void> => {
  await db.query('delete from ops.processes where process_id = $1', [processId]);
};

/** Returns true when a process that is not silent has a projector that works or can take over. As ledger_api. */
export const isProjectorAlive = async (db: Pool): Promise<boolean> => {
  const { rows } = await db.query<{ alive: boolean }>({
    name: 'is-projector-alive',
    text: `select exists (select from ops.processes
      where projects and seen_at > clock_timestamp() - make_interval(secs => ${silentSeconds})) as alive`,
  });
  return rows[0]?.alive === true;
};
