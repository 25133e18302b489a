import type { Pool, PoolClient } from 'pg';
import { foldVersions } from '../aggregates/fold-versions.ts';
import { type SnapshotKey, type Snapshots, SnapshotsUnavailable } from '../eventstore/snapshots/snapshots.ts';
import { isLostConnection } from '../postgres/lost-connection.ts';
import { transaction } from '../postgres/transaction.ts';

/**
 * Keeps snapshots in `ops.stream_snapshots`. It reads and writes a snapshot as the organization that owns the stream,
 * and row-level security hides the snapshots of others. `pool` is of ledger_api and must not be the pool of requests,
 * because a request may hold a connection while it waits for a stream.
 */
export const createStreamSnapshots = (pool: Pool): Snapshots => ({
  newest: (key, below) => asOwner(pool, key, (db) => readNewest(db, key, below)),
  since: (key, asOf) => asOwner(pool, key, (db) => readSince(db, key, asOf)),
  save: (key, snapshots) =>
    asOwner(pool, key, async (db) => {
      for (const snapshot of snapshots) await saveSnapshot(db, key, snapshot);
      if (snapshots.some(({ whole }) => whole !== null))
        for (const text of forgetOldWholes) await db.query({ text, values: valuesOf(key) });
    }),
  discard: async (key, from) => {
    await asOwner(pool, key, (db) =>
      db.query(
        'delete from ops.stream_snapshots where issuer_org_id = $1 and stream = $2 and fold = $3 and revision >= $4',
        [...valuesOf(key), from],
      ),
    );
  },
});

const readNewest = async (db: PoolClient, key: SnapshotKey, below: Parameters<Snapshots['newest']>[1]) => {
  const { rows } = await db.query<AnchorRow & { whole: string }>({
    name: 'newest-snapshot',
    text: `select revision, event_id, encode(hash, 'hex') as hash, encode(whole, 'base64') as whole
      from ops.stream_snapshots
      where issuer_org_id = $1 and stream = $2 and fold = $3 and whole is not null
        and revision < coalesce($4, 9223372036854775807)
      order by revision desc limit 1`,
    values: [...valuesOf(key), below],
  });
  const [row] = rows;
  // The client has no binary mode, and reads base64 ten times as fast as the bytes of Postgres.
  return row === undefined ? null : { ...anchorOf(row), whole: Buffer.from(row.whole, 'base64') };
};

const readSince = async (db: PoolClient, key: SnapshotKey, asOf: Parameters<Snapshots['since']>[1]) => {
  const { rows } = await db.query<StretchRow>({
    name: 'snapshots-since',
    text: `with base as (
        select max(revision) as revision from ops.stream_snapshots
        where issuer_org_id = $1 and stream = $2 and fold = $3 and recorded_at <= $4 and facts is not null)
      select s.revision, event_id, encode(hash, 'hex') as hash, recorded_at, previous_revision,
        encode(previous_hash, 'hex') as previous_hash, earliest_at,
        case when s.revision = base.revision then facts end as facts
      from ops.stream_snapshots s, base
      where issuer_org_id = $1 and stream = $2 and fold = $3 and s.revision >= coalesce(base.revision, 0)
      order by s.revision`,
    values: [...valuesOf(key), asOf],
  });
  return rows.map((row) => ({
    ...anchorOf(row),
    recordedAt: row.recorded_at.toISOString(),
    previousRevision: BigInt(row.previous_revision),
    previousHash: row.previous_hash,
    earliestAt: row.earliest_at.toISOString(),
    facts: row.facts,
  }));
};

type Snapshot = Parameters<Snapshots['save']>[1][number];

const saveSnapshot = async (db: PoolClient, key: SnapshotKey, snapshot: Snapshot): Promise<void> => {
  // Another process may have saved less of the same event, or have saved it before the store was restored.
  await db.query({
    name: 'save-snapshot',
    text: `insert into ops.stream_snapshots as s (issuer_org_id, stream, fold, revision, event_id, hash, recorded_at,
        previous_revision, previous_hash, earliest_at, facts, whole)
      values ($1, $2, $3, $4, $5, decode($6, 'hex'), $7, $8, decode($9, 'hex'), $10, $11, $12)
      on conflict (issuer_org_id, stream, fold, revision) do update set
        event_id = excluded.event_id, hash = excluded.hash, recorded_at = excluded.recorded_at,
        previous_revision = excluded.previous_revision, previous_hash = excluded.previous_hash,
        earliest_at = excluded.earliest_at, facts = excluded.facts,
        whole = coalesce(excluded.whole, case when s.hash = excluded.hash then s.whole end), saved_at = now()`,
    values: [
      ...valuesOf(key),
      snapshot.revision,
      snapshot.eventId,
      snapshot.hash,
      snapshot.recordedAt,
      snapshot.previousRevision,
      snapshot.previousHash,
      snapshot.earliestAt,
      snapshot.facts,
      snapshot.whole,
    ],
  });
};

// Unlike asTenant, this does not wait for the read models, which a rebuild may still be creating.
const asOwner = <T>(pool: Pool, { issuerOrgId }: SnapshotKey, work: (db: PoolClient) => Promise<T>): Promise<T> =>
  transaction(pool, 'begin', async (db) => {
    await db.query({ name: 'as-owner', text: "select set_config('app.org_id', $1, true)", values: [issuerOrgId] });
    return work(db);
  }).catch((error: unknown) => {
    if (!isLostConnection(error)) throw error;
    throw new SnapshotsUnavailable(`The database of the snapshots does not answer: ${error.message}`, { cause: error });
  });

/**
 * Removes snapshots of other versions of the folds once they are a week old. Until then a process of such a version may
 * still run, or start again. Stops after the current batch once the signal is aborted. `pool` is of ledger_worker.
 * Returns how many rows it removed.
 */
export const purgeSnapshots = async (
  pool: Pool,
  signal?: AbortSignal,
  current: readonly string[] = Object.values(foldVersions),
): Promise<number> => {
  if (signal?.aborted) return 0;
  // This steps from one fold to the next along the index, because there are few folds and many rows of the current
  // ones.
  const { rows } = await pool.query<{ fold: string }>(
    `with recursive folds as (
        (select fold from ops.stream_snapshots order by fold limit 1)
        union all
        select (select s.fold from ops.stream_snapshots s where s.fold > folds.fold order by s.fold limit 1)
        from folds where folds.fold is not null)
      select fold from folds where fold <> all($1)`,
    [current],
  );
  let removed = 0;
  for (const { fold } of rows) {
    let batch: number;
    do {
      const { rowCount } = await pool.query(
        `delete from ops.stream_snapshots where fold = $1 and saved_at <= (
          select max(saved_at) from (
            select saved_at from ops.stream_snapshots where fold = $1 order by saved_at limit $2) oldest)`,
        [fold, purgeBatchMax],
      );
      batch = rowCount ?? 0;
      removed += batch;
    } while (batch > 0 && signal?.aborted !== true);
    if (signal?.aborted) break;
  }
  return removed;
};

const purgeBatchMax = 1_000;

const valuesOf = ({ issuerOrgId, stream, fold }: SnapshotKey): string[] => [issuerOrgId, stream, fold];

const kept = 2;
const old = `issuer_org_id = $1 and stream = $2 and fold = $3 and whole is not null and revision < (
  select min(revision) from (select revision from ops.stream_snapshots
    where issuer_org_id = $1 and stream = $2 and fold = $3 and whole is not null order by revision desc limit ${kept}) newest)`;
// Facts stay, because they are small and reads of the past use them.
const forgetOldWholes = [
  `delete from ops.stream_snapshots where facts is null and ${old}`,
  `update ops.stream_snapshots set whole = null where ${old}`,
];

type AnchorRow = { readonly revision: string; readonly event_id: string; readonly hash: string };
type StretchRow = AnchorRow & {
  readonly recorded_at: Date;
  readonly previous_revision: string;
  readonly previous_hash: string;
  readonly earliest_at: Date;
  readonly facts: Buffer | null;
};

const anchorOf = ({ revision, event_id, hash }: AnchorRow) => ({ revision: BigInt(revision), eventId: event_id, hash });
