import type pg from 'pg';
import type { Pool } from 'pg';
import type { EventStore, Position, Recorded } from '../../eventstore/event-store.ts';
import type { Log } from '../../postgres/log.ts';
import { becomeOwner, ownDirectory } from '../../postgres/sql-files.ts';
import { readCheckpoint } from '../checkpoint.ts';
import { isEventFault } from '../event-fault.ts';
import { dropVersions, installVersion, nextVersion } from '../install-version.ts';
import { listParked } from '../parked.ts';
import { ownRelease, type Release } from '../release.ts';
import { readShape } from '../shape.ts';
import { activeAmong, projectionOf, readModelsName, schemaOf, type Version } from '../versions.ts';
import { foldLog } from './fold-log.ts';
import { followVersion, keepUp, reachIn } from './follow-version.ts';
import { proveVersion } from './prove-version.ts';
import { type Pools, rebuildAlone, versionsAsOwner, withPools } from './rebuild-alone.ts';
import { createSampler } from './sampler.ts';
import { letOwnerRenameSchemas, switchVersion } from './switch-version.ts';

export type RebuildOptions = {
  readonly store: EventStore;
  /** The login of DATABASE_URL, and the one that takes the role ledger_projector. */
  readonly databaseUrl: string;
  readonly projectorUrl: string;
  readonly log: Log;
  /** Stops it; the serving version stays as it is. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: RebuildProgress) => void;
  /** Switches even where the serving version has other numbers of rows, because it is known to be wrong. */
  readonly force?: boolean;
  /** How long it must have kept up with the log before it may serve. */
  readonly settleMs?: number;
  /** How many streams are folded once more and compared. */
  readonly sampleStreams?: number;
  /** Where the SQL files are, and of which release. */
  readonly directory?: string;
  readonly release?: Release;
};

/** `position`: how far the log is folded, a commit position between 0 and that of the log's end, `head`. */
export type RebuildProgress = {
  readonly phase: 'folding' | 'analyzing' | 'following' | 'comparing' | 'switching';
  readonly events: number;
  readonly position: bigint;
  readonly head: bigint;
};

/** Which version serves now, which one did before, and what the new one was made from and proved by. */
export type Rebuilt = {
  readonly version: number;
  readonly previous: number;
  readonly events: number;
  readonly streamsCompared: number;
  /** The streams that it leaves out, because an event of them cannot be projected. */
  readonly parked: readonly string[];
};

/**
 * Makes the read models anew beside those that serve, from the first event on, proves them and lets them serve. Both are
 * kept up with the log meanwhile, and readers notice nothing. What an earlier rebuild left unfinished is dropped first.
 * Throws, with nothing changed: when another rebuild runs, a higher release made what serves, an event is of a newer
 * release, what was made differs from what serves or from the log, or `signal` stops it.
 */
export const rebuild = (options: RebuildOptions): Promise<Rebuilt> =>
  rebuildAlone(options.databaseUrl, (db) => rebuildWith(db, options));

/** As rebuild, within rebuildAlone. */
export const rebuildWith = async (db: pg.Client, options: RebuildOptions): Promise<Rebuilt> => {
  const { store, log, signal, release = ownRelease() } = options;
  const active = activeAmong(await versionsAsOwner(db));
  const serving = active === undefined ? 0 : Math.max(active.release, active.projectedBy);
  if (serving > release.number)
    throw new Error(
      `Release ${serving} works on the read models that serve, and this program is of release ${release.number}. Rebuild with that release.`,
    );
  await letOwnerRenameSchemas(db);
  const goal = (await store.head({ timeoutMs: 10_000 }))?.commit ?? 0n;
  const made = await installBeside(db, options, release, goal);
  try {
    return await withPools({ ...options, release }, made, (pools) => build(options, db, made, pools, goal));
  } catch (error) {
    await inTransaction(db, () => dropUnfinished(db)).catch((failure: unknown) =>
      log.warn({ err: failure }, 'The unfinished version was not dropped; the next rebuild will do it.'),
    );
    throw signal.aborted ? new Error('The rebuild was stopped; the read models are as they were.') : error;
  }
};

const installBeside = (
  db: pg.Client,
  { directory = ownDirectory }: RebuildOptions,
  release: Release,
  goal: bigint,
): Promise<Version> =>
  inTransaction(db, async () => {
    await becomeOwner(db);
    const version = await nextVersion(db);
    await dropUnfinished(db);
    return installVersion(db, readShape(directory), { version, state: 'building', release: release.number, goal });
  });

const dropUnfinished = async (db: pg.Client): Promise<void> =>
  dropVersions(
    db,
    (await versionsAsOwner(db)).filter(({ state }) => state === 'building'),
  );

const build = async (
  options: RebuildOptions,
  db: pg.Client,
  made: Version,
  pools: Pools,
  head: bigint,
): Promise<Rebuilt> => {
  const { store, log, signal, onProgress = () => undefined, settleMs = 10_000, sampleStreams = 1_000 } = options;
  const projection = projectionOf(made);
  const sampler = createSampler(sampleStreams);
  const noteFolded = createNote(pools.next, made);
  let events = 0;
  const report = (phase: RebuildProgress['phase'], position: Position | 'start') =>
    onProgress({ phase, events, position: position === 'start' ? 0n : position.commit, head });

  report('folding', 'start');
  const count = (folded: readonly Recorded[]) => {
    events += folded.length;
    for (const { stream, revision } of folded) if (revision === 0n) sampler.add(stream);
  };
  const onFolded = (folded: readonly Recorded[], to: Position) => {
    count(folded);
    noteFolded(to);
    report('folding', to);
  };
  try {
    await foldLog({ store, pool: pools.next, projection, signal, onFolded });
  } catch (error) {
    if (!isEventFault(error)) throw error;
    log.warn({ err: error }, 'Postgres refuses what an event makes: the log is folded slowly, which finds the event.');
    events = 0;
    await emptyTables(db, made);
  }

  const { position } = await readCheckpoint(pools.next, projection);
  report('analyzing', position);
  await analyze(db, made);

  const tail = followVersion(options, pools.next, projection, position, position === 'start' ? count : undefined);
  try {
    await keepUp({ store, serving: pools.serving, tail, settleMs }, () => report('following', tail.position()));
    report('comparing', tail.position());
    const streamsCompared = await proveVersion({ ...options, pools, made, tail, streams: sampler.streams() });
    signal.throwIfAborted();
    report('switching', tail.position());
    const previous = (await versionsAsOwner(db)).find(({ state }) => state === 'active');
    await switchVersion(db, made, reachIn(store, tail));
    const parked = (await listParked(pools.serving, projection)).map(({ stream }) => stream);
    return { version: made.version, previous: previous?.version ?? 0, events, streamsCompared, parked };
  } finally {
    tail.close();
  }
};

// For those who wait for it: see ops.read_models_fault.
const createNote = (pool: Pool, { version }: Version) => {
  let notedMs = 0;
  return ({ commit }: Position): void => {
    if (performance.now() - notedMs < noteEveryMs) return;
    notedMs = performance.now();
    pool
      .query('update ops.projection_versions set folded = $2 where projection = $1 and version = $3', [
        ...[readModelsName, commit, version],
      ])
      .catch(() => undefined);
  };
};

const noteEveryMs = 1_000;

const emptyTables = async (db: pg.Client, version: Version): Promise<void> => {
  await db.query('set role ledger_owner');
  for (const table of await tablesOf(db, version)) await db.query(`truncate ${table}`);
  await db.query('reset role');
};

// Without statistics the first queries after the switch would be planned badly.
const analyze = async (db: pg.Client, version: Version): Promise<void> => {
  await db.query('set role ledger_owner');
  for (const table of await tablesOf(db, version)) await db.query(`vacuum (analyze) ${table}`);
  await db.query('reset role');
};

const tablesOf = async (db: pg.Client, version: Version): Promise<readonly string[]> => {
  const { rows } = await db.query<{ table: string }>(
    `select format('%I.%I', schemaname, tablename) as table from pg_tables where schemaname = $1`,
    [schemaOf(version)],
  );
  return rows.map(({ table }) => table);
};

const inTransaction = async <T>(db: pg.Client, work: () => Promise<T>): Promise<T> => {
  try {
    await db.query('begin');
    const result = await work();
    await db.query('commit');
    return result;
  } catch (error) {
    await db.query('rollback');
    throw error;
  }
};
