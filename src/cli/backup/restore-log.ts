import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type pg from 'pg';
import { applySchema } from '../../embedded/eventstore/schema.ts';
import { connectWriter, DatabaseTaken } from '../../embedded/eventstore/writer-connection.ts';
import { logStream, restoredNote } from '../../eventstore/copy/log-state.ts';
import { RefusedByPolicy } from '../exit-codes.ts';
import { logTables } from './backup-tables.ts';
import { copyIn, type OnBytes, prepareCopying } from './copy-table.ts';
import { fileOfTable, type Manifest } from './manifest.ts';
import type { Backup } from './read-backup.ts';

/**
 * Restores the log into an empty database of our own event store, in one transaction. Positions stay, so cursors stay valid.
 * The next event gets a position behind all that the lost log can have had. A cursor or a checkpoint of a lost event then never
 * names another event. `isWhole`: the store serves the log at once; otherwise `openRestored` opens it. Does nothing when the
 * database has exactly this restore. Throws RefusedByPolicy when it has something else, when an event store runs on it, or
 * when its release does not fit.
 */
export const restoreLog = async (
  url: string,
  { directory, manifest }: Backup,
  { isWhole, onBytes }: { readonly isWhole: boolean; readonly onBytes: OnBytes },
): Promise<void> => {
  const db = await connectWriter(url, () => {}).catch((error: unknown) => {
    if (!(error instanceof DatabaseTaken)) throw error;
    throw new RefusedByPolicy('An event store runs on the database of the log. Stop ledger eventstore, and repeat.');
  });
  // An error of the connection also fails the statement that waits.
  db.on('error', () => {});
  try {
    await applySchema(db);
    await requireSameSchema(db, manifest);
    await prepareCopying(db);
    if (await isRestored(db, manifest, isWhole)) return;
    await requireEmpty(db);
    await db.query('begin');
    for (const table of logTables) {
      const part = manifest.parts.find((copied) => copied.table === table);
      if (part === undefined) throw new RefusedByPolicy(`The backup lacks ${table}. Restore another backup.`);
      const file = path.join(directory, fileOfTable(table));
      const rows = await copyIn(db, part, { file, onBytes });
      if (rows !== part.rows) throw new Error(`${table} got ${rows} rows, and the backup has ${part.rows}.`);
    }
    await noteRestored(db, manifest, isWhole);
    await db.query('commit');
  } finally {
    await db.end();
  }
};

/** Longer than any log: the lost part of a log has fewer bytes than this. */
const gap = 2n ** 40n;

/**
 * Returns a position that grows by a megabyte a second, which is more than a log does. So a second restore of one backup begins
 * behind all that was appended after the first one. It stays below 2^53, up to which numbers are exact, until 2160.
 */
const positionOfNow = (): bigint => BigInt(Math.max(0, Date.now() - countedFromMs)) * 1_048n;

const countedFromMs = Date.UTC(2026, 0, 1);

const noteRestored = async (db: pg.Client, { backupId, log: { id } }: Manifest, isWhole: boolean): Promise<void> => {
  const { type, data } = restoredNote({ id, backupId, at: new Date().toISOString(), isWhole });
  await db.query(
    `insert into eventstore.events
       (position, stream, revision, event_id, type, is_json, data, metadata, created_ticks)
     select greatest((select max(position) from eventstore.events) + $1::bigint, $7::bigint), $2::text,
       coalesce((select max(revision) + 1 from eventstore.events where stream = $2), 0), $3::uuid, $4::text, true,
       convert_to($5::text, 'UTF8'), '{}'::bytea, $6::bigint`,
    [
      `${gap}`,
      logStream,
      randomUUID(),
      type,
      JSON.stringify(data),
      `${BigInt(Date.now()) * 10_000n}`,
      `${positionOfNow()}`,
    ],
  );
};

const isRestored = async (db: pg.Client, { backupId }: Manifest, isWhole: boolean): Promise<boolean> => {
  const { rows } = await db.query<{ data: Buffer; is_last: boolean; type: string }>(
    `select data, type, not exists (select from eventstore.events later where later.position > e.position) as is_last
     from eventstore.events e where stream = $1 order by revision desc limit 1`,
    [logStream],
  );
  const [note] = rows;
  if (note === undefined) return false;
  const { backupId: noted }: { backupId?: unknown } = JSON.parse(note.data.toString('utf8'));
  const { type } = restoredNote({ id: null, backupId, at: '', isWhole });
  return noted === backupId && note.is_last && (note.type === type || !isWhole);
};

const requireEmpty = async (db: pg.Client): Promise<void> => {
  const { rows } = await db.query<{ is_empty: boolean }>(
    'select not exists (select from eventstore.events) and not exists (select from eventstore.users) as is_empty',
  );
  if (rows[0]?.is_empty !== true)
    throw new RefusedByPolicy(
      'The event store already has a log. Nothing was changed. Restore into a new LEDGER_DATA_DIR, or name a new database in LEDGER_EVENTSTORE_DATABASE_URL. For the log that is there: ledger restore --only postgres.',
    );
};

/** The rows of another release may need a change that its files make. */
const requireSameSchema = async (db: pg.Client, { log, version }: Manifest): Promise<void> => {
  const { rows } = await db.query<{ name: string; sha256: string }>('select name, sha256 from eventstore.schema_files');
  const ours = new Map(rows.map(({ name, sha256 }) => [name, sha256]));
  const other = log.schema.find(({ file, sha256 }) => ours.get(file) !== sha256);
  if (other !== undefined)
    throw new RefusedByPolicy(
      `The backup is of release ${version}, which has db/eventstore/${other.file}. This release does not. Restore it with that release.`,
    );
  if (log.schema.length < ours.size)
    throw new RefusedByPolicy(
      `The backup is of release ${version}, and the event store has changed since. Restore it with that release, and update then.`,
    );
};
