import type pg from 'pg';
import type { EventStore, Position, Recorded } from '../../eventstore/event-store.ts';
import { readCheckpoint } from '../checkpoint.ts';
import { dropVersions, installVersion, nextVersion, readShape, type Shape } from '../install-version.ts';
import type { Log } from '../log.ts';
import { becomeOwner, ownDirectory } from '../sql-files.ts';
import { projectionOf, schemaOf, type Version } from '../versions.ts';
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
  /** Where the SQL files are. */
  readonly directory?: string;
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
};

/**
 * Makes the read models anew beside those that serve, from the first event on, proves them and lets them serve. Both are
 * kept up with the log meanwhile, and readers notice nothing. What an earlier rebuild left unfinished is dropped first.
 * Throws, with nothing changed: when another rebuild runs, an event cannot be projected, what was made differs from what
 * serves or from the log, or `signal` stops it.
 */
export const rebuild = (options: RebuildOptions): Promise<Rebuilt> =>
  rebuildAlone(options.databaseUrl, async (db) => {
    await letOwnerRenameSchemas(db);
    const made = await installBeside(db, await readShape(options.directory ?? ownDirectory));
    try {
      return await withPools(options, made, (pools) => build(options, db, made, pools));
    } catch (error) {
      await inTransaction(db, () => dropUnfinished(db)).catch((failure: unknown) =>
        options.log.warn({ err: failure }, 'The unfinished version was not dropped; the next rebuild will do it.'),
      );
      throw options.signal.aborted ? new Error('The rebuild was stopped; the read models are as they were.') : error;
    }
  });

const installBeside = (db: pg.Client, shape: Shape): Promise<Version> =>
  inTransaction(db, async () => {
    await becomeOwner(db);
    const version = await nextVersion(db);
    await dropUnfinished(db);
    return installVersion(db, shape, { version, state: 'building' });
  });

const dropUnfinished = async (db: pg.Client): Promise<void> =>
  dropVersions(
    db,
    (await versionsAsOwner(db)).filter(({ state }) => state === 'building'),
  );

const build = async (options: RebuildOptions, db: pg.Client, made: Version, pools: Pools): Promise<Rebuilt> => {
  const { store, signal, onProgress = () => undefined, settleMs = 10_000, sampleStreams = 1_000 } = options;
  const projection = projectionOf(made);
  const sampler = createSampler(sampleStreams);
  const head = (await store.head({ timeoutMs: 10_000 }))?.commit ?? 0n;
  let events = 0;
  const report = (phase: RebuildProgress['phase'], position: Position | 'start') =>
    onProgress({ phase, events, position: position === 'start' ? 0n : position.commit, head });

  report('folding', 'start');
  const onFolded = (folded: readonly Recorded[], to: Position) => {
    events += folded.length;
    for (const { stream, revision } of folded) if (revision === 0n) sampler.add(stream);
    report('folding', to);
  };
  await foldLog({ store, pool: pools.next, projection, signal, onFolded });

  const { position } = await readCheckpoint(pools.next, projection);
  report('analyzing', position);
  await analyze(db, made);

  const tail = followVersion(options, pools.next, projection, position);
  try {
    await keepUp({ store, serving: pools.serving, tail, settleMs }, () => report('following', tail.position()));
    report('comparing', tail.position());
    const streamsCompared = await proveVersion({ ...options, pools, made, tail, streams: sampler.streams() });
    signal.throwIfAborted();
    report('switching', tail.position());
    const previous = (await versionsAsOwner(db)).find(({ state }) => state === 'active');
    await switchVersion(db, made, reachIn(store, tail));
    return { version: made.version, previous: previous?.version ?? 0, events, streamsCompared };
  } finally {
    tail.close();
  }
};

// Without statistics the first queries after the switch would be planned badly.
const analyze = async (db: pg.Client, version: Version): Promise<void> => {
  await db.query('set role ledger_owner');
  const { rows } = await db.query<{ table: string }>(
    `select format('%I.%I', schemaname, tablename) as table from pg_tables where schemaname = $1`,
    [schemaOf(version)],
  );
  for (const { table } of rows) await db.query(`vacuum (analyze) ${table}`);
  await db.query('reset role');
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
