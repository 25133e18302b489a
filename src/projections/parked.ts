import type { ClientBase, Pool, PoolClient } from 'pg';
import type { Projection } from './checkpoint.ts';
import type { Unprojectable } from './fold/fold-batch.ts';

/** A stream whose rows stay as they were before `fromRevision`, whose event could not be brought into the tables. */
export type ParkedStream = {
  readonly stream: string;
  readonly fromRevision: bigint;
  readonly eventId: string;
  readonly eventType: string;
  readonly error: string;
  readonly parkedAt: Date;
};

/** Leaves streams out from these events on, until they are replayed; of those parked before, notes the new error. */
export const parkStreams = async (
  db: PoolClient,
  projection: Projection,
  misfits: readonly Unprojectable[],
): Promise<void> => {
  for (const { recorded, message } of misfits)
    await db.query(
      `insert into ops.parked (projection, version, stream, from_revision, event_id, event_type, error)
       values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (projection, version, stream) do update set from_revision = excluded.from_revision,
         event_id = excluded.event_id, event_type = excluded.event_type, error = excluded.error`,
      [
        ...[projection.name, projection.version, recorded.stream, recorded.revision],
        ...[recorded.id, storable(recorded.type), storable(message)],
      ],
    );
};

/** Ends the parking of a stream; the caller has brought all its events into the tables, in the same transaction. */
export const unparkStream = async (db: PoolClient, projection: Projection, stream: string): Promise<void> => {
  await db.query('delete from ops.parked where projection = $1 and version = $2 and stream = $3', [
    ...[projection.name, projection.version, stream],
  ]);
};

/** The streams that are left out, longest parked first. */
export const listParked = async (
  db: Pool | ClientBase,
  { name, version }: Projection,
): Promise<readonly ParkedStream[]> => {
  const { rows } = await db.query<ParkedRow>(
    `select stream, from_revision, event_id, event_type, error, parked_at from ops.parked
     where projection = $1 and version = $2 order by parked_at, stream`,
    [name, version],
  );
  return rows.map((row) => ({
    stream: row.stream,
    fromRevision: BigInt(row.from_revision),
    eventId: row.event_id,
    eventType: row.event_type,
    error: row.error,
    parkedAt: row.parked_at,
  }));
};

/** How many streams are left out. */
export const countParked = async (db: Pool | ClientBase, { name, version }: Projection): Promise<number> => {
  const { rows } = await db.query<{ count: number }>(
    'select count(*)::integer as count from ops.parked where projection = $1 and version = $2',
    [name, version],
  );
  return rows[0]?.count ?? 0;
};

type ParkedRow = {
  readonly stream: string;
  readonly from_revision: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly error: string;
  readonly parked_at: Date;
};

// What is wrong with an event may be the one character that Postgres cannot hold.
const storable = (text: string): string => text.replaceAll('\0', '\\0').slice(0, textMax);
const textMax = 2_000;
