import type pg from 'pg';
import type { Pool } from 'pg';
import type { EventStore, Position, Recorded } from '../../eventstore/event-store.ts';
import type { Log } from '../../postgres/log.ts';
import { becomeOwner, ownDirectory } from '../../postgres/sql-files.ts';
import { isEventFault } from '../event-fault.ts';
import { dropVersions, installVersion, nextVersion } from '../install-version.ts';
import { reportUnlogged } from '../issuer-logs/report-unlogged.ts';
import { listParked } from '../parked.ts';
import { ownRelease, type Release } from '../release.ts';
import { readShape } from '../shape.ts';
import { activeAmong, projectionOf, readModelsName, type Version } from '../versions.ts';
import { type BulkLoad, beginBulkLoad } from './bulk-load.ts';
import { foldLog, noteFolded } from './fold-log.ts';
import { followVersion, keepUp, reachIn } from './follow-version.ts';
import { proveVersion } from './prove-version.ts';
import { type Pools, rebuildAlone, versionsAsOwner, withPools } from './rebuild-alone.ts';
import { createSampler, type Sampler } from './sampler.ts';
import { letOwnerRenameSchemas, switchVersion } from './switch-version.ts';

export type RebuildOptions = {
  readonly store: EventStore;
  /** The login of DATABASE_URL, and the one that takes the role ledger_projector. */
  readonly databaseUrl: string;
  readonly projectorUrl: string;
  readonly log: Log;
  /** Stops the rebuild. The serving version stays as it is. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: RebuildProgress) => void;
  /**
   * Switches even when the serving version has other numbers of rows. For a serving version that is known to be wrong.
   */
  readonly force?: boolean;
  /** The new version must keep up with the log for this long before it may serve. */
  readonly settleMs?: number;
  /** How many streams are folded a second time and compared. */
  readonly sampleStreams?: number;
  /** The directory of the SQL files, and the release that they are of. */
  readonly directory?: string;
  readonly release?: Release;
};

/** `position`: how far the log is folded, from 0 to `head`, the commit position of the end of the log. */
export type RebuildProgress = {
  readonly phase: 'folding' | 'analyzing' | 'following' | 'comparing' | 'switching';
  readonly events: number;
  readonly position: bigint;
  readonly head: bigint;
};

/** The version that serves now and the previous one, with what the new one was built from and compared with. */
export type Rebuilt = {
  readonly version: number;
  readonly previous: number;
  readonly events: number;
  readonly streamsCompared: number;
  /** The streams that are parked, because one of their events cannot be projected. */
  readonly parked: readonly string[];
};

/**
 * Builds the read models again from the first event, next to the serving ones, compares them and lets them serve. Both
 * versions follow the log meanwhile, and readers notice nothing. Drops first what an earlier rebuild left unfinished.
 * Throws, and leaves the serving version as it is, when another rebuild runs, or when a higher release made the serving
 * version. Does the same when an event is of a newer release, when the new version differs from the serving one or from
 * the log, and when `signal` stops it.
 */
export const rebuild = (options: RebuildOptions): Promise<Rebuilt> =>
  rebuildAlone(options.databaseUrl, (db) => rebuildWith(db, options));

/** Rebuilds like `rebuild`, on the connection of `rebuildAlone`. */
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
  const next = await installNext(db, options, release, goal);
  try {
    return await withPools({ ...options, release }, next, (pools) => build(options, { db, pools, next, goal }));
  } catch (error) {
    await inTransaction(db, () => dropUnfinished(db)).catch((failure: unknown) =>
      log.warn({ err: failure }, 'The unfinished version was not dropped; the next rebuild will do it.'),
    );
    throw signal.aborted ? new Error('The rebuild was stopped; the read models are as they were.') : error;
  }
};

const installNext = (
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

/** The version to build, with where the log ended when it was installed. */
type Building = { readonly db: pg.Client; readonly pools: Pools; readonly next: Version; readonly goal: bigint };

const build = async (options: RebuildOptions, building: Building): Promise<Rebuilt> => {
  const { store, signal, settleMs = 10_000, sampleStreams = 1_000 } = options;
  const { db, pools, next } = building;
  const projection = projectionOf(next);
  const progress = createProgress(options, building.goal, createSampler(sampleStreams));
  const { report } = progress;

  const load = await beginBulkLoad({ ...options, db }, next);
  report('folding', 'start');
  const position = await foldWholeLog(options, building, load, progress);
  const onApplied = position === 'start' ? progress.count : undefined;
  const tail = followVersion(options, { pool: pools.next, projection, from: position }, onApplied);
  try {
    await keepUp({ store, serving: pools.serving, tail, settleMs }, () => report('following', tail.position()));
    report('comparing', tail.position());
    const streamsCompared = await proveVersion({ ...options, pools, next, tail, streams: progress.sampled() });
    signal.throwIfAborted();
    report('switching', tail.position());
    const previous = (await versionsAsOwner(db)).find(({ state }) => state === 'active');
    await switchVersion(db, next, reachIn(store, tail));
    const parked = (await listParked(pools.serving, projection)).map(({ stream }) => stream);
    return {
      version: next.version,
      previous: previous?.version ?? 0,
      events: progress.events(),
      streamsCompared,
      parked,
    };
  } finally {
    tail.close();
  }
};

type Progress = ReturnType<typeof createProgress>;

/** Counts the events and reports them. Also draws the streams that are compared at the end. */
const createProgress = ({ onProgress = () => undefined }: RebuildOptions, head: bigint, sampler: Sampler) => {
  let events = 0;
  return {
    events: () => events,
    sampled: sampler.streams,
    count: (folded: readonly Recorded[]): void => {
      events += folded.length;
      for (const { stream, revision } of folded) if (revision === 0n) sampler.add(stream);
    },
    countAgain: (): void => {
      events = 0;
    },
    report: (phase: RebuildProgress['phase'], position: Position | 'start'): void =>
      onProgress({ phase, events, position: position === 'start' ? 0n : position.commit, head }),
  };
};

/**
 * Folds the log into the empty tables and ends their load. Returns how far it is folded. Leaves the tables empty when
 * Postgres refuses the rows of an event, or to make an index of them.
 */
const foldWholeLog = async (
  { store, log, signal }: RebuildOptions,
  { pools, next }: Building,
  load: BulkLoad,
  { count, countAgain, report }: Progress,
): Promise<Position | 'start'> => {
  const notePosition = createNote(pools.next, next);
  const onFolded = (folded: readonly Recorded[], to: Position) => {
    count(folded);
    reportUnlogged(log, folded);
    notePosition(to);
    report('folding', to);
  };
  try {
    const folded = await foldLog({ store, loading: pools.loading, signal, onFolded });
    report('analyzing', folded?.to ?? 'start');
    await load.end();
    if (folded !== null) await noteFolded(pools.next, projectionOf(next), folded);
    return folded?.to ?? 'start';
  } catch (error) {
    if (!isEventFault(error)) throw error;
    log.warn({ err: error }, 'Postgres refuses what an event makes: the log is folded slowly, which finds the event.');
    countAgain();
    await load.empty();
    await load.end();
    return 'start';
  }
};

// Processes that wait for this version read the note; see ops.read_models_fault.
const createNote = (pool: Pool, { version }: Version) => {
  let notedMs = 0;
  return ({ commit }: Position): void => {
    if (performance.now() - notedMs < noteEveryMs) return;
    notedMs = performance.now();
    pool
      .query('update ops.projection_versions set folded = $2 where projection = $1 and version = $3', [
        readModelsName,
        commit,
        version,
      ])
      .catch(() => undefined);
  };
};

const noteEveryMs = 1_000;

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
