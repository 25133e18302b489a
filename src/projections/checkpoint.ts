import type { ClientBase, Pool, PoolClient } from 'pg';
import type { Position, Recorded } from '../eventstore/event-store.ts';
import { isTimeOut } from './event-fault.ts';

/** A projection, and the generation of its tables. */
export type Projection = { readonly name: string; readonly version: number };

/** How far a projection has come. `lastEvent`: the last event it handled, which identifies a restored event store. */
export type Checkpoint = {
  readonly position: Position | 'start';
  readonly lastEvent: Pick<Recorded, 'id' | 'stream' | 'revision'> | null;
};

/** Consecutive events after `from`, oldest first. With them the log is handled up to `to`. */
export type Batch = {
  readonly from: Position | 'start';
  readonly events: readonly Recorded[];
  readonly to: Position;
};

/** Reads the checkpoint. Returns the start of the log when there is none. */
export const readCheckpoint = async (db: Pool | ClientBase, projection: Projection): Promise<Checkpoint> => {
  const { rows } = await db.query<CheckpointRow>(
    `select commit_position, prepare_position, last_event_id, last_stream, last_revision
     from ops.checkpoints where projection = $1 and version = $2`,
    [projection.name, projection.version],
  );
  const [row] = rows;
  if (row === undefined) return { position: 'start', lastEvent: null };
  return { position: positionOf(row), lastEvent: lastEventOf(row) };
};

/**
 * Moves the checkpoint over a batch within the caller's transaction, which holds it until its end. The commit notifies
 * waiting readers when this is the serving version. Returns in `parked` the streams of the batch that are left out.
 * Returns null when the checkpoint is no longer at `from`, or the connection's schema is that of another version by
 * now; the caller must then roll back. Throws CheckpointHeld when another transaction holds it for too long.
 */
export const moveCheckpoint = async (
  db: PoolClient,
  projection: Projection,
  { from, events, to }: Batch,
): Promise<{ readonly parked: ReadonlySet<string> } | null> => {
  const lastEvent = events.at(-1) ?? null;
  const move = db.query({
    name: 'move-checkpoint',
    text: `update ops.checkpoints
      set commit_position = $4, prepare_position = $5, updated_at = now(),
        last_event_id = coalesce($6, last_event_id), last_stream = coalesce($7, last_stream),
        last_revision = coalesce($8, last_revision)
      where projection = $1 and version = $2 and commit_position is not distinct from $3::bigint
        and (commit_position is null or commit_position < $4) and schema_name = current_schema()`,
    values: [
      projection.name,
      projection.version,
      from === 'start' ? null : from.commit,
      to.commit,
      to.prepare,
      lastEvent?.id ?? null,
      lastEvent?.stream ?? null,
      lastEvent?.revision ?? null,
    ],
  });
  const { rowCount } = await move.catch(throwHeld);
  if (rowCount !== 1) return null;
  // This needs its own statement. The one above may have waited for a replay, and would still see the stream parked.
  const { rows } = await db.query<{ parked: readonly string[] }>({
    name: 'notify-projected',
    text: `select case when current_schema() = 'rm' then pg_notify('${projectedChannel}', $3) end, array(
      select stream from ops.parked where projection = $1 and version = $2 and stream = any($4)) as parked`,
    values: [
      projection.name,
      projection.version,
      projectedNotice(projection, to.commit),
      [...new Set(events.map(({ stream }) => stream))],
    ],
  });
  return { parked: new Set(rows[0]?.parked) };
};

/** Another transaction, such as a replay, holds the checkpoint. This passes, and no event causes it. */
export class CheckpointHeld extends Error {
  override readonly name = 'CheckpointHeld';
  constructor(cause: unknown) {
    super('Another transaction has held the checkpoint of the read models for too long. Try again.', { cause });
  }
}

const throwHeld = (error: unknown): never => {
  throw isTimeOut(error) ? new CheckpointHeld(error) : error;
};

/**
 * Holds the checkpoint until the end of the caller's transaction. No event is projected meanwhile. Throws when the
 * connection's schema is that of another version by now, and CheckpointHeld as `moveCheckpoint` does.
 */
export const holdCheckpoint = async (db: PoolClient, projection: Projection): Promise<Checkpoint> => {
  const hold = db.query(
    `select from ops.checkpoints where projection = $1 and version = $2 and schema_name = current_schema() for update`,
    [projection.name, projection.version],
  );
  const { rowCount } = await hold.catch(throwHeld);
  if (rowCount !== 1) throw new Error('Another version of the read models serves since a moment ago: try again.');
  return readCheckpoint(db, projection);
};

/**
 * Writes the unchanged checkpoint within the caller's transaction, which succeeds when Postgres can write at all.
 * Returns false when the checkpoint is no longer at `from`.
 */
export const rewriteCheckpoint = async (
  db: PoolClient,
  projection: Projection,
  from: Position | 'start',
): Promise<boolean> => {
  const { rowCount } = await db.query(
    `update ops.checkpoints set updated_at = now() where projection = $1 and version = $2
      and commit_position is not distinct from $3::bigint and schema_name = current_schema()`,
    [projection.name, projection.version, from === 'start' ? null : from.commit],
  );
  return rowCount === 1;
};

/** Notifies waiting readers at the commit of the caller's transaction, if the connection's schema serves. */
export const announceProjected = async (
  db: PoolClient,
  projection: Projection,
  { commit }: Position,
): Promise<void> => {
  await db.query(`select pg_notify('${projectedChannel}', $1) where current_schema() = 'rm'`, [
    projectedNotice(projection, commit),
  ]);
};

/**
 * The channel that announces every commit to the serving version. Releases without a number listen on another channel
 * and understand other notices.
 */
export const projectedChannel = 'ledger_read_models';

/** Returns a notice: the version that serves and the commit position that it contains, or null when that is unknown. */
export const projectedNotice = ({ version }: Pick<Projection, 'version'>, commit: bigint | string | null): string =>
  `${version} ${commit ?? ''}`;

/** Reads a notice. Returns null for a malformed text. */
export const readNotice = (text: string): { readonly version: number; readonly commit: bigint | null } | null => {
  const [, version, commit] = /^(\d{1,9}) (\d*)$/.exec(text) ?? [];
  if (version === undefined) return null;
  return { version: Number(version), commit: commit === undefined || commit === '' ? null : BigInt(commit) };
};

type CheckpointRow = {
  readonly commit_position: string | null;
  readonly prepare_position: string | null;
  readonly last_event_id: string | null;
  readonly last_stream: string | null;
  readonly last_revision: string | null;
};

const positionOf = ({ commit_position, prepare_position }: CheckpointRow): Position | 'start' =>
  commit_position === null || prepare_position === null
    ? 'start'
    : { commit: BigInt(commit_position), prepare: BigInt(prepare_position) };

const lastEventOf = ({ last_event_id, last_stream, last_revision }: CheckpointRow): Checkpoint['lastEvent'] =>
  last_event_id === null || last_stream === null || last_revision === null
    ? null
    : { id: last_event_id, stream: last_stream, revision: BigInt(last_revision) };
