import type { ClientBase, Pool, PoolClient } from 'pg';
import { decodeId } from '../domain/ids.ts';
import type { Json, Recorded } from '../eventstore/event-store.ts';
import type { Projection } from './checkpoint.ts';
import type { Unprojectable } from './fold/fold-batch.ts';
import { licenseOf } from './fold/fold-event.ts';
import { ownRelease } from './release.ts';

/** A stream with rows as of before `fromRevision`, because the event of that revision could not be projected. */
export type ParkedStream = {
  readonly stream: string;
  readonly fromRevision: bigint;
  readonly eventId: string;
  readonly eventType: string;
  readonly error: string;
  readonly parkedAt: Date;
};

/**
 * Leaves streams out from these events on, until they are replayed. Records the new error of a stream that is parked
 * already. The caller records the owners of left out events with `noteLeftOut`.
 */
export const parkStreams = (db: PoolClient, projection: Projection, misfits: readonly Unprojectable[]): Promise<void> =>
  leaveOut(db, projection, misfits, false);

/** Leaves streams out from these events on, until `startBringingIn` has written them, apart from the projector. */
export const setAside = (db: PoolClient, projection: Projection, tooLarge: readonly Unprojectable[]): Promise<void> =>
  leaveOut(db, projection, tooLarge, true);

const leaveOut = async (
  db: PoolClient,
  projection: Projection,
  firsts: readonly Unprojectable[],
  isSetAside: boolean,
): Promise<void> => {
  for (const { recorded, message } of firsts)
    await db.query(
      `insert into ops.parked
         (projection, version, stream, from_revision, event_id, event_type, error, program, is_set_aside)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       on conflict (projection, version, stream) do update set from_revision = excluded.from_revision,
         event_id = excluded.event_id, event_type = excluded.event_type, error = excluded.error,
         program = excluded.program, is_set_aside = excluded.is_set_aside`,
      [
        projection.name,
        projection.version,
        recorded.stream,
        recorded.revision,
        recorded.id,
        storable(recorded.type),
        storable(message),
        ownRelease().program,
        isSetAside,
      ],
    );
};

/** Returns true when a stream is set aside, so that the projectors bring it in by themselves. */
export const isSetAside = async (
  db: Pool | ClientBase,
  { name, version }: Projection,
  stream: string,
): Promise<boolean> => {
  const { rows } = await db.query<{ aside: boolean }>(
    `select exists (select from ops.parked
       where projection = $1 and version = $2 and stream = $3 and is_set_aside) as aside`,
    [name, version, stream],
  );
  return rows[0]?.aside === true;
};

/** Returns the streams that are set aside, the oldest first. */
export const listSetAside = async (
  db: Pool | ClientBase,
  { name, version }: Projection,
): Promise<readonly string[]> => {
  const { rows } = await db.query<{ stream: string }>(
    'select stream from ops.parked where projection = $1 and version = $2 and is_set_aside order by parked_at, stream',
    [name, version],
  );
  return rows.map(({ stream }) => stream);
};

/**
 * Locks a stream that is set aside, until the end of the transaction. Returns the revision from which on it is left
 * out. Returns null when it is not set aside, or another process is bringing it in.
 */
export const lockSetAside = async (
  db: PoolClient,
  { name, version }: Projection,
  stream: string,
): Promise<bigint | null> => {
  const { rows } = await db.query<{ from_revision: string }>(
    `select from_revision from ops.parked
     where projection = $1 and version = $2 and stream = $3 and is_set_aside for update skip locked`,
    [name, version, stream],
  );
  return rows[0] === undefined ? null : BigInt(rows[0].from_revision);
};

/**
 * Records the owners of license events that are left out, so that the event feed of an organization stops before the
 * first one. Needs all events of a parked stream, because a transfer may change the holder; or the first event per
 * owners, and each event with a key. An event counts for the owners in its envelope and for those in the license's row.
 * After a transfer the envelope names the new holder, and the row names the previous one. An event without known owners
 * is not recorded, because nobody could read it.
 */
export const noteLeftOut = async (
  db: PoolClient,
  { name, version }: Projection,
  events: readonly Recorded[],
): Promise<void> => {
  const leftOut = events.flatMap(({ stream, position, metadata }) => {
    const licenseId = licenseOf(stream);
    if (licenseId === null) return [];
    const issuer = organizationIn(metadata.issuerOrgId);
    const holder = issuer === null ? null : organizationIn(metadata.holderOrgId);
    return [{ stream, license_id: licenseId, issuer, holder, position: `${position.commit}` }];
  });
  if (leftOut.length === 0) return;
  await db.query(
    `insert into ops.parked_owners (projection, version, stream, issuer_org_id, holder_org_id, position)
     select $1, $2::integer, e.stream, o.issuer, o.holder, min(e.position)
     from json_to_recordset($3::json) as e (stream text, license_id text, issuer text, holder text, position bigint)
       left join licenses l using (license_id)
       cross join lateral (values (e.issuer, e.holder), (l.issuer_org_id, l.holder_org_id)) o (issuer, holder)
     where o.issuer is not null
     group by 3, 4, 5
     on conflict (issuer_org_id, projection, version, stream, holder_org_id)
       do update set position = least(parked_owners.position, excluded.position)`,
    [name, version, JSON.stringify(leftOut)],
  );
  await noteKeys(db, { name, version }, events);
};

/** Records the keys that the left out events give to licenses, so that validation does not call such a key unknown. */
const noteKeys = async (db: PoolClient, { name, version }: Projection, events: readonly Recorded[]): Promise<void> => {
  const keys = events.flatMap(({ stream, data: { keyHash, keyVersion, toVersion } }) => {
    const number = toVersion ?? keyVersion;
    const isKey = licenseOf(stream) !== null && typeof keyHash === 'string' && /^[0-9a-f]{64}$/.test(keyHash);
    return isKey && Number.isInteger(number) ? [{ stream, number, hash: `\\x${keyHash}` }] : [];
  });
  if (keys.length === 0) return;
  // One insert cannot write a row twice, and a malformed stream may name a version twice.
  const last = new Map(keys.map((key) => [JSON.stringify([key.stream, key.number]), key]));
  await db.query(
    `insert into ops.parked_keys (projection, version, stream, key_version, key_hash)
     select $1, $2, stream, number, hash from json_to_recordset($3::json) as k (stream text, number integer, hash bytea)
     on conflict (projection, version, stream, key_version) do update set key_hash = excluded.key_hash`,
    [name, version, JSON.stringify([...last.values()])],
  );
};

/** Records that the events of a stream are in the tables up to this one, which is left out. */
export const noteReplayedTo = async (db: PoolClient, projection: Projection, misfit: Recorded): Promise<void> => {
  await db.query(
    `update ops.parked_owners set position = greatest(position, $4)
     where projection = $1 and version = $2 and stream = $3`,
    [projection.name, projection.version, misfit.stream, misfit.position.commit],
  );
  await noteLeftOut(db, projection, [misfit]);
};

/** Ends the parking of a stream. The caller has applied all its events in the same transaction. */
export const unparkStream = async (db: PoolClient, { name, version }: Projection, stream: string): Promise<void> => {
  for (const table of ['ops.parked', 'ops.parked_owners', 'ops.parked_keys'])
    await db.query(`delete from ${table} where projection = $1 and version = $2 and stream = $3`, [
      name,
      version,
      stream,
    ]);
};

/** Returns true when a stream is left out. */
export const isParked = async (
  db: Pool | ClientBase,
  { name, version }: Projection,
  stream: string,
): Promise<boolean> => {
  const { rows } = await db.query<{ parked: boolean }>(
    'select exists (select from ops.parked where (projection, version, stream) = ($1, $2, $3)) as parked',
    [name, version, stream],
  );
  return rows[0]?.parked === true;
};

/** Returns the streams that are left out, the longest parked first. */
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

/** Returns the streams among these that are left out, each with the revision from which on it is left out. */
export const parkedAmong = async (
  db: Pool | ClientBase,
  { name, version }: Projection,
  streams: readonly string[],
): Promise<ReadonlyMap<string, bigint>> => {
  const { rows } = await db.query<{ stream: string; from_revision: string }>(
    `select stream, from_revision from ops.parked where projection = $1 and version = $2 and stream = any($3)`,
    [name, version, streams],
  );
  return new Map(rows.map((row) => [row.stream, BigInt(row.from_revision)]));
};

/** Returns the streams that another program was the last to try and park. This program may be able to project them. */
export const parkedByOthers = async (
  db: Pool | ClientBase,
  { name, version }: Projection,
  program: string,
): Promise<readonly string[]> => {
  const { rows } = await db.query<{ stream: string }>(
    `select stream from ops.parked where projection = $1 and version = $2 and program <> $3 and not is_set_aside
     order by parked_at, stream`,
    [name, version, program],
  );
  return rows.map(({ stream }) => stream);
};

/** Returns how many streams are left out. A stream that is set aside counts after ten minutes, when it should be in. */
export const countParked = async (db: Pool | ClientBase, { name, version }: Projection): Promise<number> => {
  const { rows } = await db.query<{ count: number }>(
    `select count(*)::integer as count from ops.parked
     where projection = $1 and version = $2 and (not is_set_aside or parked_at < now() - interval '10 minutes')`,
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

const organizationIn = (value: Json | undefined): string | null =>
  typeof value === 'string' && decodeId('org', value) !== null ? value : null;

// Postgres cannot store a NUL character, which may be what is wrong with the event.
const storable = (text: string): string => text.replaceAll('\0', '\\0').slice(0, textMax);
const textMax = 2_000;
