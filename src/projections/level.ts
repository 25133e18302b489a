import pg, { type ClientBase, type Pool } from 'pg';
import type { EventStore, Position } from '../eventstore/event-store.ts';
import { type Projection, projectedChannel, projectedNotice } from './checkpoint.ts';
import type { Release } from './release.ts';
import { activeAmong, projectionOf, versionsOf } from './versions.ts';

/** Whether the version that a projector works on is level, and the position that it must contain to be level. */
export type BuildProgress = { readonly goal: bigint; readonly isLevel: boolean };

/**
 * Returns the version that serves, for a projector of this release. Throws OtherRelease when the version has another
 * shape, or when a higher release projects into it.
 */
export const projectionFor = async (db: Pool | ClientBase, release: Release): Promise<Projection> => {
  const active = activeAmong(await versionsOf(db));
  if (active === undefined) throw new Error('The database has no read models yet: `ledger start` makes them.');
  if (active.shape !== release.shape)
    throw new OtherRelease(
      active.release > release.number
        ? `Release ${active.release} of the read models serves, and this process is of release ${release.number}. Update this process.`
        : `Version ${active.version} of the read models has another shape than this release needs. It takes over once its own are built.`,
    );
  if (active.projectedBy > release.number)
    throw new OtherRelease(
      `Release ${active.projectedBy} projects into the read models, and this process is of release ${release.number}. Update this process.`,
    );
  return projectionOf(active);
};

/**
 * Records that this release now projects into a version, from this log, which ends at `head`. The first call makes that
 * the goal that the version must reach to be level. With an empty log it is level at once. A log that was restored to
 * an earlier point lowers the goal.
 */
export const beginProjecting = async (
  db: Pool | ClientBase,
  { name, version }: Projection,
  release: Release,
  head: Position | null,
): Promise<BuildProgress> => {
  const { rows } = await db.query<{ goal: string; is_level: boolean }>(
    `update ops.projection_versions set projected_by = greatest(projected_by, $3), is_of_other_log = false,
        goal = least(coalesce(goal, $4), $4), is_level = is_level or least(coalesce(goal, $4), $4) = 0
      where projection = $1 and version = $2 returning goal, is_level`,
    [name, version, release.number, head?.commit ?? 0n],
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`Version ${version} of the read models was dropped.`);
  return { goal: BigInt(row.goal), isLevel: row.is_level };
};

/**
 * Lets the first version serve before a projector runs, when the log is empty. Does nothing when the log has events or
 * does not answer: the projector decides then.
 */
export const levelIfEmpty = async (
  db: Pool | ClientBase,
  release: Release,
  store: Pick<EventStore, 'head'>,
): Promise<void> => {
  const isEmpty = await store.head({ timeoutMs: 5_000 }).then(
    (head) => head === null,
    () => false,
  );
  if (!isEmpty) return;
  try {
    await beginProjecting(db, await projectionFor(db, release), release, null);
  } catch (error) {
    if (!(error instanceof OtherRelease)) throw error;
  }
};

/**
 * Lets readers read a version that has reached its goal. The commit waits for the disk, and so for the rows before it.
 */
export const markLevel = async (db: Pool | ClientBase, { name, version }: Projection): Promise<void> => {
  await db.query('update ops.projection_versions set is_level = true where projection = $1 and version = $2', [
    name,
    version,
  ]);
};

/** Records that the serving version was made from another log. No reader is told then that it contains a position. */
export const markOtherLog = async (db: Pool | ClientBase, { name, version }: Projection): Promise<void> => {
  await db.query(
    `with marked as (update ops.projection_versions set is_of_other_log = true
        where projection = $1 and version = $2 and state = 'active' and not is_of_other_log returning version)
      select pg_notify('${projectedChannel}', $3) from marked`,
    [name, version, projectedNotice({ version }, null)],
  );
};

/**
 * Reads from the read models outside of a transaction. When they are of another release and lack what `read` names,
 * throws the error that says so.
 */
export const readingLevel = async <T>(pool: Pool, read: () => Promise<T>): Promise<T> => {
  try {
    return await read();
  } catch (error) {
    if (error instanceof pg.DatabaseError && isUndefined.has(error.code ?? ''))
      await pool.query('select ops.require_read_models()');
    throw error;
  }
};

// SQLSTATE undefined_column, undefined_function, undefined_table.
const isUndefined: ReadonlySet<string> = new Set(['42703', '42883', '42P01']);

/** Returns why this process must not read the read models, or null when it may. `db`: a connection of this program. */
export const readModelsFault = async (db: Pool | ClientBase): Promise<string | null> => {
  const { rows } = await db.query<{ fault: string | null }>('select ops.read_models_fault() as fault');
  return rows[0]?.fault ?? null;
};

/** Only another release may project into the serving read models. This one stands by. */
export class OtherRelease extends Error {
  override readonly name = 'OtherRelease';
}
